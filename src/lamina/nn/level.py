"""Vectors for noise levels, and for other times between 0 and 1."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.activation import silu
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear

_SHORTEST = 100.0  # radians over all levels; a thousand, as in DDPM, make close levels differ that are alike
_RANGE = 1_000.0  # the longest wave over the shortest


class LevelEmbedding(Module):
    """Waves of a level, mixed twice: y = W₂ · silu(W₁ · (cos(ω_j·t), sin(ω_j·t))_j + b₁) + b₂.

    ω_j falls from 100 to 0.1 in equal ratios, so that both close and distant levels differ.
    O(batch · width²).

    Args:
        width: features of the vector.
        waves: sines and cosines together, a multiple of 2; as many as ``width`` allows without.
        key: random key or seed.

    Shapes:
        (batch,) levels in [0, 1] → (batch, width)

    Raises:
        ConfigError: ``waves`` is odd.

    Example:
        >>> LevelEmbedding(8, key=0)(jnp.array([0.0, 0.5, 1.0])).shape
        (3, 8)

    References:
        Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020, appendix B; there waves are
        up to ten times as short.
    """

    first: Linear
    second: Linear
    waves: int = static()

    def __init__(self, width: int, *, waves: int | None = None, key: Any):
        waves = max(2, width - width % 2) if waves is None else waves
        if waves < 2 or waves % 2:
            raise ConfigError("waves does not fit", expected="a multiple of 2", received=waves)
        first_key, second_key = split(key, 2)
        self.waves = waves
        self.first = Linear(waves, width, initializer=he_normal, key=first_key)
        self.second = Linear(width, width, initializer=he_normal, key=second_key)

    def __call__(self, x: Float[Array, " b"], *, key: Any = None, train: bool = False) -> Float[Array, "b d"]:
        half = self.waves // 2
        omega = _SHORTEST * np.exp(-math.log(_RANGE) * np.arange(half) / max(1, half - 1))
        waves = x.astype(jnp.float32)[:, None] * jnp.asarray(omega, jnp.float32)[None]
        seen = jnp.concatenate([jnp.cos(waves), jnp.sin(waves)], axis=1).astype(x.dtype)
        return self.second(silu(self.first(seen)))
