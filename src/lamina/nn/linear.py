"""The weighted sum."""

from __future__ import annotations

import math
from typing import Any

from lamina.core.arrays import Array
from lamina.core.errors import ShapeError
from lamina.core.module import Module, static
from lamina.core.random import split, uniform
from lamina.core.shapes import Float
from lamina.nn.activation import ACTIVATIONS, relu
from lamina.nn.initializers import Initializer, fan_in_uniform
from lamina.ops.affine import affine
from lamina.ops.dense import dense


class Linear(Module):
    """A weighted sum of the features plus a bias, and an activation if asked: y = f(x·Wᵀ + b).

    The layer everything else is made of. O(batch · in · out).

    Args:
        inputs: number of features that come, ≥ 1.
        outputs: number of features that leave, ≥ 1.
        bias: add b; leave it out before a normalization, which removes it anyway.
        initializer: how W begins; biases begin the same way as in PyTorch, U(±1/√in).
        key: random key or seed.

    Calling it with ``activation="relu"``, or another name in `lamina.nn.ACTIVATIONS`, applies it to the
    result; relu in the same pass over the numbers.

    Shapes:
        (*batch, inputs) → (*batch, outputs); ``weight`` (outputs, inputs), ``bias`` (outputs,)

    Raises:
        ShapeError: the last axis is not ``inputs`` long.

    Example:
        >>> import jax.numpy as jnp
        >>> layer = Linear(3, 2, key=0)
        >>> layer(jnp.ones((5, 3))).shape
        (5, 2)
        >>> bool((layer(jnp.ones((5, 3)), activation="relu") >= 0).all())
        True
    """

    weight: Float[Array, "o i"]
    bias: Float[Array, " o"] | None
    inputs: int = static()
    outputs: int = static()

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        initializer: Initializer = fan_in_uniform,
        key: Any,
    ):
        weight_key, bias_key = split(key, 2)
        self.inputs, self.outputs = inputs, outputs
        self.weight = initializer(weight_key, (outputs, inputs))
        bound = 1.0 / math.sqrt(inputs)
        self.bias = uniform(bias_key, (outputs,), low=-bound, high=bound) if bias else None

    def __call__(
        self, x: Float[Array, "*b i"], *, activation: str = "identity", key: Any = None, train: bool = False
    ) -> Float[Array, "*b o"]:
        if x.shape[-1] != self.inputs:
            raise ShapeError(
                "wrong shape", where=self.path, expected=f"last axis {self.inputs}", received=tuple(x.shape)
            )
        weight, function = self.weight.astype(x.dtype), ACTIVATIONS[activation]
        if self.bias is None:
            return function(dense(x, weight))
        bias = self.bias.astype(x.dtype)
        return (
            affine(x, weight, bias, activation="relu")
            if function is relu
            else function(affine(x, weight, bias))
        )


def aligned(parameter: Array, y: Array) -> Array:
    """Give a parameter of the last axes the rank and dtype of ``y``, so that nothing is promoted silently."""
    return parameter.astype(y.dtype).reshape((1,) * (y.ndim - parameter.ndim) + parameter.shape)
