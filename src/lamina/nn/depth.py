"""Stochastic depth: training with branches switched off."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_bits
from lamina.core.module import Module, buffer
from lamina.core.shapes import Float


class DropPath(Module):
    """Zero whole examples of a residual branch with probability ``rate`` while training, scale the rest.

    y = x · keep / (1 - rate), keep ~ Bernoulli(1 - rate), one draw an example. Deep residual nets
    train faster and remember less. The rate is an array, so that blocks in a `Stack` may each
    have their own. O(size).

    Args:
        rate: probability in [0, 1) that an example skips the branch; usually rising with depth.

    Shapes:
        (batch, *features) → the same

    Raises:
        ConfigError: the rate is outside [0, 1), or training comes without a key.

    Example:
        >>> y = DropPath(0.5)(jnp.ones((1000, 2)), key=0, train=True)
        >>> sorted(set(y.sum(1).tolist()))
        [0.0, 4.0]

    References:
        Huang et al. Deep networks with stochastic depth. ECCV 2016.
    """

    rate: Float[Array, ""] = buffer()

    def __init__(self, rate: float = 0.1):
        if not 0.0 <= rate < 1.0:
            raise ConfigError("drop path rate is out of range", expected="0 <= rate < 1", received=rate)
        self.rate = np.asarray(rate, np.float32)

    def __call__(self, x: Float[Array, "*s"], *, key: Any = None, train: bool = False) -> Float[Array, "*s"]:
        if not train:
            return x
        if key is None:
            raise ConfigError("drop path needs a key while training", where=self.path, fix="pass key=...")
        rate = jax.lax.stop_gradient(jnp.asarray(self.rate))
        drawn = (hashed_bits(key, (x.shape[0],)) >> jnp.uint32(8)).astype(jnp.float32) * 2.0**-24
        scale = jnp.where(drawn >= rate, 1.0 / (1.0 - rate), 0.0).astype(x.dtype)
        return x * scale.reshape(-1, *(1,) * (x.ndim - 1))
