"""Random numbers that are the same on the host and inside a compiled program.

A key is a pair of 32-bit words, as in `jax.random`; JAX's own keys are accepted. With a
concrete key the numbers are drawn with NumPy, so building a model compiles nothing. With
a traced key (``jax.vmap(make)(keys)``) the same arithmetic runs in JAX and gives the same
numbers up to the last bit of ``log`` and ``cos``.

References:
    Salmon, Moraes, Dror, Shaw. Parallel random numbers: as easy as 1, 2, 3. SC 2011
    (Threefry-2x32, 20 rounds, the generator of `jax.random`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.core.errors import ShapeError

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_MOST_ARRAYS = 1 << 16  # ten folds of a hundred members with sixty arrays each
_PARITY = 0x1BD11BDA  # constant of the Threefish key schedule, section 3 of the paper


class Blank:
    """A key that draws nothing: every array is zeros that take no memory.

    For a model whose arrays are to be replaced at once, as when one is loaded. What a damaged
    file asks for is bounded: beyond a number of values, or of arrays, nothing is made.

    Args:
        most: how many values all arrays may have together.

    Example:
        >>> uniform(Blank(100), (10, 10)).strides
        (0, 0)
        >>> uniform(Blank(99), (10, 10))
        Traceback (most recent call last):
        lamina.core.errors.ShapeError: asks for more values than there are; expected 99 at most, got 100
    """

    def __init__(self, most: int):
        self.left = self.most = most
        self.arrays = 0

    def zeros(self, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
        """Return the array, or raise ShapeError where the values are used up; an empty one costs one."""
        self.arrays += 1
        if self.arrays > _MOST_ARRAYS:
            raise ShapeError("asks for more arrays than a model has", expected=f"{_MOST_ARRAYS} at most")
        self._take(max(1, math.prod(shape)))
        return np.broadcast_to(np.zeros((), dtype), shape)

    def split(self, count: int) -> tuple[Blank, ...]:
        """Return as many keys, which draw on the same values."""
        if count > self.left:
            self._take(count)
        return (self,) * count

    def _take(self, values: int) -> None:
        self.left -= values
        if self.left < 0:
            received = self.most - self.left
            raise ShapeError(
                "asks for more values than there are", expected=f"{self.most} at most", received=received
            )


def make_key(seed: int) -> np.ndarray:
    """Return the key of an integer seed, equal to ``jax.random.PRNGKey(seed)``.

    Example:
        >>> make_key(7).tolist()
        [0, 7]
    """
    seed = int(seed) & 0xFFFFFFFFFFFFFFFF
    return np.array([seed >> 32, seed & 0xFFFFFFFF], dtype=np.uint32)


def as_key(key: Any) -> Any:
    """Return a key of any accepted kind (integer, JAX key, two words) as two words."""
    if isinstance(key, int):
        return make_key(key)
    if isinstance(key, np.ndarray | Blank):
        return key
    import jax.core

    if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    return key if isinstance(key, jax.core.Tracer) else np.asarray(key)


def split(key: Any, count: int = 2) -> Any:
    """Return ``count`` independent keys, shape (count, 2).

    Example:
        >>> split(make_key(0), 3).shape
        (3, 2)
    """
    return key.split(count) if isinstance(key, Blank) else random_bits(key, (count, 2))


def fold_in(key: Any, number: int) -> Any:
    """Return a key that is a function of ``key`` and ``number``.

    Example:
        >>> bool((fold_in(make_key(0), 1) != fold_in(make_key(0), 2)).any())
        True
    """
    key = as_key(key)
    if isinstance(key, Blank):
        return key
    xp = namespace(key)
    count = xp.full(1, np.uint32(number & 0xFFFFFFFF), xp.uint32)
    return xp.concatenate(_threefry(key, count, xp.full(1, np.uint32(1), xp.uint32), xp))


def random_bits(key: Any, shape: tuple[int, ...]) -> Any:
    """Return uniformly random 32-bit words."""
    key = as_key(key)
    if isinstance(key, Blank):
        return key.zeros(shape, np.uint32)
    xp = namespace(key)
    size = math.prod(shape)
    half = (size + 1) // 2
    counts = xp.arange(half, dtype=xp.uint32)
    first, second = _threefry(key, counts, xp.zeros(half, xp.uint32), xp)
    return xp.concatenate([first, second])[:size].reshape(shape)


def uniform(key: Any, shape: tuple[int, ...], *, low: float = 0.0, high: float = 1.0) -> Any:
    """Return float32 numbers uniform in [low, high).

    Example:
        >>> u = uniform(make_key(0), (1000,), low=-1, high=1)
        >>> bool(abs(u.mean()) < 0.1), float(u.min()) >= -1
        (True, True)
    """
    if isinstance(key, Blank):
        return key.zeros(shape)
    bits = random_bits(key, shape)
    unit = (bits >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return unit * np.float32(high - low) + np.float32(low)


def normal(key: Any, shape: tuple[int, ...]) -> Any:
    """Return standard normal float32 numbers (Box and Muller 1958).

    Example:
        >>> round(float(normal(make_key(0), (10_000,)).std()), 1)
        1.0
    """
    if isinstance(key, Blank):
        return key.zeros(shape)
    first, second = _two(key)
    radius_key, angle_key = uniform(first, shape), uniform(second, shape)
    xp = namespace(radius_key)
    radius = xp.sqrt(np.float32(-2) * xp.log1p(-radius_key))
    return radius * xp.cos(np.float32(2 * math.pi) * angle_key)


def _two(key: Any) -> tuple[Any, Any]:
    keys = split(key, 2)
    return keys[0], keys[1]


def namespace(array: Any) -> Any:
    """Return the module that computes with ``array``: numpy, or jax.numpy when traced."""
    if isinstance(array, np.ndarray):
        return np
    import jax.numpy as jnp

    return jnp


def _threefry(key: Any, x0: Any, x1: Any, xp: Any) -> tuple[Any, Any]:
    """Threefry-2x32 with 20 rounds over counters (x0, x1)."""
    words = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(_PARITY))
    with np.errstate(over="ignore"):  # wrapping addition is the algorithm
        x0, x1 = x0 + words[0], x1 + words[1]
        for block in range(5):
            for distance in _ROTATIONS[block % 2]:
                x0 = x0 + x1
                x1 = (x1 << np.uint32(distance)) | (x1 >> np.uint32(32 - distance))
                x1 = x1 ^ x0
            x0 = x0 + words[(block + 1) % 3]
            x1 = x1 + words[(block + 2) % 3] + np.uint32(block + 1)
    return x0, x1
