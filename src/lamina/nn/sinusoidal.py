"""Positions in a sequence as sines and cosines: nothing to learn, any length."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.shapes import Float


class SinusoidalPositions(Module):
    """Add sines and cosines of each position: y[t] = x[t] + (sin(ω_j·t), cos(ω_j·t))_j.

    ω_j = temperature^(-2j/d) for j below d/2, the sines before the cosines. A shift of the position is a
    rotation of the waves, so that distances are easy to read off. O(size).

    Args:
        width: features d of a position, a multiple of 2.
        temperature: the longest wave over 2π, in positions.

    Shapes:
        (batch, time, width) → the same

    Raises:
        ConfigError: ``width`` is odd.

    Example:
        >>> SinusoidalPositions(4)(jnp.zeros((1, 3, 4)))[0, 0].tolist()
        [0.0, 0.0, 1.0, 1.0]

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.5; there sines and cosines
        alternate, which is another order of the same features.
    """

    width: int = static()
    temperature: float = static()

    def __init__(self, width: int, *, temperature: float = 10_000.0):
        if width % 2:
            raise ConfigError("width does not fit", expected="a multiple of 2", received=width)
        self.width, self.temperature = width, temperature

    def __call__(
        self, x: Float[Array, "b t d"], *, start: Any = 0, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        half = self.width // 2
        omega = jnp.asarray(self.temperature ** -(np.arange(half) / half), jnp.float32)
        times = (jnp.arange(x.shape[1]) + start).astype(jnp.float32)
        waves = times[:, None] * omega[None, :]
        return x + jnp.concatenate([jnp.sin(waves), jnp.cos(waves)], axis=1).astype(x.dtype)[None]
