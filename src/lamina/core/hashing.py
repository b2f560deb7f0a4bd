"""Random bits and keys from a hash, for use inside a compiled program.

`jax.random` spends twenty rounds of Threefry a pair of values: on a CPU the masks of two
hidden layers cost more than their products, and tracing one ``fold_in`` more than tracing a
layer. Here an index and a key are mixed by a 32-bit hash of two rounds, which fuses into the operation
that uses the bits. Good enough for masks and for keys of masks; not a generator for statistics.

How it works: a counter-based generator has no state that advances. Value i is ``hash(i, key)``, so all values
are computed in parallel and any of them alone. The hash is a bijection of 32 bits built from shifts, xor and
odd multiplications (murmur's finalizer with better constants); it is applied once after xor with each word
of the key. A new key hashes its number with the two words in both orders, which gives two 32-bit words that
do not depend on each other.

References:
    Salmon et al. Parallel random numbers: as easy as 1, 2, 3. SC 2011 (counter-based generators).
    C. Wellons. Prospecting for hash functions. 2018 ("lowbias32", the constants).
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.random import as_key

_UNIT = 1 / (1 << 24)
_GOLDEN = 0x9E3779B9  # the golden ratio in 32 bits: keeps the two words of a new key apart


def hashed_bits(key: Any, shape: tuple[int, ...]) -> jax.Array:
    """Return 32 random bits a value, a pure function of its index and the key.

    Args:
        key: random key or seed.
        shape: shape of the result.

    Example:
        >>> bits = hashed_bits(0, (1000,))
        >>> bits.dtype.name, bool(abs((bits >> 31).mean() - 0.5) < 0.05)
        ('uint32', True)
    """
    first, second = _words(key)
    index = lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return _mixed(_mixed(index ^ first) ^ second)


def hashed_uniform(key: Any, shape: tuple[int, ...]) -> jax.Array:
    """Return numbers of 24 bits, uniform in [0, 1), each a function of its index and the key.

    Example:
        >>> round(float(hashed_uniform(0, (1000,)).mean()), 1)
        0.5
    """
    return uniform_of(hashed_bits(key, shape))


def uniform_of(bits: Any) -> jax.Array:
    """Return numbers in [0, 1) of the upper 24 of 32 random bits each, exact in single precision.

    Args:
        bits: uint32.

    Example:
        >>> uniform_of(jnp.array([0, 1 << 31], jnp.uint32)).tolist()
        [0.0, 0.5]
    """
    return (bits >> jnp.uint32(8)).astype(jnp.float32) * _UNIT


def hashed_normal(key: Any, shape: tuple[int, ...]) -> jax.Array:
    """Return standard normal numbers, each a function of its index and the key (Box and Muller 1958).

    Two numbers of each pair of uniform ones; none lies beyond 5.9.

    Example:
        >>> drawn = hashed_normal(0, (10_000,))
        >>> bool(abs(drawn.mean()) < 0.05), round(float(drawn.std()), 1)
        (True, 1.0)
    """
    count = math.prod(shape)
    first, second = hashed_uniform(key, (2, (count + 1) // 2))
    radius = jnp.sqrt(-2.0 * jnp.log1p(-first))
    angle = (2.0 * math.pi) * second
    both = jnp.concatenate([radius * jnp.cos(angle), radius * jnp.sin(angle)])
    return both[:count].reshape(shape)


def hashed_keys(key: Any, count: int) -> jax.Array:
    """Return ``count`` keys, shape (count, 2), each a function of ``key`` and its number.

    Example:
        >>> hashed_keys(0, 3).shape
        (3, 2)
    """
    return _key(key, lax.iota(jnp.uint32, count))


def hashed_key(key: Any, number: Array) -> jax.Array:
    """Return a key that is a function of ``key`` and a whole number, such as the step.

    Example:
        >>> bool((hashed_key(0, jnp.array(1)) != hashed_key(0, jnp.array(2))).any())
        True
    """
    return _key(key, jnp.asarray(number, jnp.uint32))


def _words(key: Any) -> tuple[jax.Array, jax.Array]:
    words = jnp.asarray(as_key(key))
    return words[0], words[1]


def _key(key: Any, number: jax.Array) -> jax.Array:
    first, second = _words(key)
    one = _mixed(_mixed(number ^ first) ^ second)
    two = _mixed(_mixed(number ^ second ^ jnp.uint32(_GOLDEN)) ^ first)
    return jnp.stack([one, two], axis=-1)


def _mixed(x: jax.Array) -> jax.Array:
    """Return the hash "lowbias32": flipping one bit of x flips each bit of the result half of the time."""
    x = (x ^ (x >> jnp.uint32(16))) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> jnp.uint32(15))) * jnp.uint32(0x846CA68B)
    return x ^ (x >> jnp.uint32(16))
