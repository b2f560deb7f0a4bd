"""Dropout: training with parts switched off."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_bits, hashed_keys
from lamina.core.module import Module, static
from lamina.core.shapes import Float


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
        >>> import jax
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
            raise ConfigError("dropout needs a key while training", where=self.path, fix="pass key=...")
        keep = hashed_bits(key, x.shape) >= jnp.uint32(round(self.rate * 2**32))
        return jnp.where(keep, x / (1.0 - self.rate), jnp.zeros((), x.dtype))

    def keys(self, key: Any, count: int, *, train: bool) -> list[Any]:
        """Return one key a use, or ``None`` each where nothing will be dropped."""
        if key is None or not train or self.rate == 0.0:
            return [None] * count
        return list(hashed_keys(key, count))
