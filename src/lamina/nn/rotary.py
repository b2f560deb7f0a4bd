"""Positions that attention itself knows: rotated queries and keys, or scores that fall with the distance."""

from __future__ import annotations

import abc
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.module import Module, static
from lamina.core.shapes import Float


class AbstractPositions(Module):
    """How an attention layer learns where its positions stand; it holds no parameters."""

    @abc.abstractmethod
    def rotated(self, x: Float[Array, "b t h k"], *, start: Any = 0) -> Float[Array, "b t h k"]:
        """Return queries or keys as they are compared.

        Args:
            x: of all heads, a row a position.
            start: position of the first row; may be traced.
        """

    @abc.abstractmethod
    def slopes(self, heads: int) -> Float[Array, " h"] | None:
        """Return how much the scores of each head fall with the distance, or None.

        Args:
            heads: of the queries.
        """


class Rotary(AbstractPositions):
    """Turn each pair of features by an angle that grows with the position (RoPE).

    With halves x = (x₁, x₂) and θ_i = base^(-2i/k):  y = (x₁ cos tθ - x₂ sin tθ, x₂ cos tθ + x₁ sin tθ).
    The product of a query and a key then depends on their distance alone. O(size).

    Args:
        base: wavelengths reach from 2π to 2π·base positions; larger for longer sequences.

    Shapes:
        (batch, time, heads, k), k even → the same

    Raises:
        ShapeError: the width of a head is odd.

    Example:
        >>> turned = Rotary()(jnp.ones((1, 2, 1, 2)))  # by no angle, and by one radian
        >>> [[round(value, 2) for value in row] for row in turned[0, :, 0].tolist()]
        [[1.0, 1.0], [-0.3, 1.38]]

    References:
        Su et al. RoFormer: enhanced transformer with rotary position embedding. 2021. The halves are paired
        as in Llama (Touvron et al. 2023); the paper pairs neighbors, the same up to the order of features.
    """

    base: float = static()

    def __init__(self, base: float = 10000.0):
        self.base = float(base)

    def __call__(
        self, x: Float[Array, "b t h k"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b t h k"]:
        return self.rotated(x)

    def rotated(self, x: Float[Array, "b t h k"], *, start: Any = 0) -> Float[Array, "b t h k"]:
        """Return each row turned by its position.

        Args:
            x: queries or keys of all heads.
            start: position of the first row; may be traced.
        """
        if x.shape[-1] % 2:
            raise ShapeError(
                "rotary positions turn pairs of features",
                where=self.path,
                expected="an even width of a head",
                received=x.shape[-1],
            )
        half = x.shape[-1] // 2
        steps = np.float32(self.base) ** (-np.arange(half, dtype=np.float32) / np.float32(half))
        angles = (jnp.arange(x.shape[1]) + start).astype(jnp.float32)[:, None] * steps[None]
        cos, sin = (f(angles).astype(x.dtype)[None, :, None] for f in (jnp.cos, jnp.sin))
        first, second = x[..., :half], x[..., half:]
        return jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)

    def slopes(self, heads: int) -> None:
        """Return None: scores do not depend on the distance otherwise."""
        return None


class Alibi(AbstractPositions):
    """Let the scores of each head fall linearly with the distance: score - slope_h · |i - j|.

    Slopes are powers of two, 2^(-8h/H) for h = 1 … H. Nothing is learned, and sequences longer than those of
    training are read without loss. O(size).

    Shapes:
        scores (batch, heads, time, time) → the same

    Example:
        >>> Alibi()(jnp.zeros((1, 1, 1, 3)))[0, 0].tolist()
        [[0.0, -0.00390625, -0.0078125]]

    References:
        Press, Smith, Lewis. Train short, test long: attention with linear biases enables input length
        extrapolation. ICLR 2022. Numbers of heads that are no powers of two follow the authors' code.
    """

    def __call__(
        self, x: Float[Array, "b h t s"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b h t s"]:
        far = np.abs(np.arange(x.shape[2])[:, None] - np.arange(x.shape[3])[None, :])
        fall = self.slopes(x.shape[1])[:, None, None] * far.astype(np.float32)[None]
        return x - fall.astype(x.dtype)[None]

    def rotated(self, x: Float[Array, "b t h k"], *, start: Any = 0) -> Float[Array, "b t h k"]:
        """Return queries or keys as they are."""
        return x

    def slopes(self, heads: int) -> Float[Array, " h"]:
        """Return the slope of each head.

        Args:
            heads: of the queries, ≥ 1.
        """
        if heads < 1:
            raise ConfigError("attention needs a head", expected=">= 1", received=heads)
        power = 1 << (heads.bit_length() - 1)  # the largest power of two that is no larger
        found = 2.0 ** (-8.0 * np.arange(1, power + 1) / power)
        between = 2.0 ** (-4.0 * np.arange(1, 2 * (heads - power), 2) / power)
        return jnp.asarray(np.concatenate([found, between]).astype(np.float32))
