"""A short convolution along time that sees only what came before."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.random import split, uniform
from lamina.core.shapes import Bool, Float
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.ops.causal_convolution import causal_convolution


class CausalConv(AbstractSequenceLayer):
    """Convolve every feature by itself over the last positions: y_t = Σ_j w_j x_{t-k+1+j} + bias.

    Mixes neighbors before a state-space layer or attention. O(batch · time · features · kernel).

    Args:
        features: of a position, ≥ 1.
        kernel_size: k, positions that each one sees, itself included, ≥ 1.
        bias: add a number a feature.
        key: random key or seed.

    Shapes:
        (batch, time, features) → the same; ``weight`` (features, 1, k) as PyTorch's Conv1d with groups

    Example:
        >>> CausalConv(3, key=0)(jnp.ones((2, 5, 3))).shape
        (2, 5, 3)
    """

    weight: Float[Array, "d one k"]
    bias: Float[Array, " d"] | None

    def __init__(self, features: int, *, kernel_size: int = 4, bias: bool = True, key: Any):
        weight_key, bias_key = split(key, 2)
        bound = 1.0 / math.sqrt(kernel_size)
        self.weight = uniform(weight_key, (features, 1, kernel_size), low=-bound, high=bound)
        self.bias = uniform(bias_key, (features,), low=-bound, high=bound) if bias else None

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        return causal_convolution(x, self.weight, self.bias)[0]

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Return the positions before the first: zeros, (batch, k - 1, features)."""
        features, _, taps = self.weight.shape
        return jnp.zeros((batch, taps - 1, features), dtype)

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the next positions, and the last ones for those that follow."""
        return causal_convolution(x, self.weight, self.bias, state=cache)
