"""Dropout: training with parts switched off."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import as_key


class Dropout(Module):
    """Zero each value with probability ``rate`` while training, scale the rest by 1/(1-rate).

    The identity when ``train`` is False. O(size).

    Args:
        rate: probability in [0, 1) that a value is dropped. More when the network
            remembers its examples, less when it can't learn them.

    Shapes:
        any → the same

    Raises:
        ConfigError: the rate is outside [0, 1), or training comes without a key.

    Example:
        >>> x = jnp.ones((1000,))
        >>> y = Dropout(0.25)(x, key=jax.random.PRNGKey(0), train=True)
        >>> [round(value, 3) for value in sorted(set(y.tolist()))]
        [0.0, 1.333]

    References:
        Srivastava et al. Dropout: a simple way to prevent neural networks from overfitting. JMLR 2014.
    """

    rate: float = static()

    def __init__(self, rate: float = 0.1):
        if not 0.0 <= rate < 1.0:
            raise ConfigError("dropout rate is out of range", expected="0 <= rate < 1", received=rate)
        self.rate = float(rate)

    def __call__(self, x: Float[Array, "*s"], *, key: Any = None, train: bool = False) -> Float[Array, "*s"]:
        if not train or self.rate == 0.0:
            return x
        if key is None:
            raise ConfigError("dropout needs a key while training", where=self.path, mend="pass key=...")
        keep = hashed_bits(key, x.shape) >= jnp.uint32(round(self.rate * 2**32))
        return jnp.where(keep, x / (1.0 - self.rate), jnp.zeros((), x.dtype))


def hashed_bits(key: Any, shape: tuple[int, ...]) -> Array:
    """Return 32 random bits a value from a hash of its place and the key.

    Some fourteen integer operations a value, fused into whatever uses them, where
    `jax.random.bits` spends fifty and a pass through memory: on a CPU it cost more than the
    layer's products. Good enough for masks; not a generator for statistics.

    Args:
        key: random key or seed.
        shape: shape of the result.

    References:
        C. Wellons. Prospecting for hash functions. 2018 (the two-round "lowbias32").
    """
    first, second = jnp.asarray(as_key(key))
    place = jax.lax.iota(jnp.uint32, math.prod(shape)).reshape(shape)
    return _mixed(_mixed(place ^ first) ^ second)


def _mixed(x: Array) -> Array:
    x = (x ^ (x >> jnp.uint32(16))) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> jnp.uint32(15))) * jnp.uint32(0x846CA68B)
    return x ^ (x >> jnp.uint32(16))
