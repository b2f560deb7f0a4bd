"""A dense layer with bias and, optionally, relu, in one pass over the numbers.

On CPU the three products of such a layer, forward and both gradients, are computed by native kernels where
those are faster (`lamina.ops.dispatch`), which add the bias and apply the activation, or its gradient, in the
same pass.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.dense import kernel_by_size, plain_product, product, rounded_product
from lamina.ops.dispatch import differentiable
from lamina.ops.native import library

ActivationName = Literal["identity", "relu"]


def affine(
    x: Float[Array, "*b i"],
    weight: Float[Array, "o i"],
    bias: Float[Array, " o"],
    *,
    activation: ActivationName = "identity",
) -> Float[Array, "*b o"]:
    """Compute ``activation(x @ weight.T + bias)`` over the last axis.

    Args:
        x: any number of leading axes, features last.
        weight: one row an output, as in PyTorch.
        bias: one number an output.
        activation: ``"relu"``, or ``"identity"`` for none.

    Returns:
        The outputs, same leading axes. O(b·i·o).

    Example:
        >>> affine(jnp.ones((2, 3, 4)), jnp.ones((5, 4)), -5 * jnp.ones(5), activation="relu").max().item()
        0.0
    """
    flat: Any = _affine(x.reshape(-1, x.shape[-1]), weight, bias[None], activation)
    return flat.reshape(*x.shape[:-1], weight.shape[0])


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def _affine(x: Array, weight: Array, bias: Array, activation: ActivationName) -> Any:
    return _LAYERS[activation](x, weight, bias)


def _forward(
    x: Array, weight: Array, bias: Array, activation: ActivationName
) -> tuple[Any, tuple[Array, ...]]:
    y: Any = _affine(x, weight, bias, activation)
    return y, (x, weight, y) if activation == "relu" else (x, weight)


def _backward(activation: ActivationName, saved: tuple[Array, ...], change: Array) -> tuple[Any, ...]:
    """Return the gradients: with s = change where y > 0, dx = s·W, dW = sᵀ·x and db = Σ s."""
    x, weight, *y = saved
    dx = _input_gradient(change, *y, weight) if y else product(change, weight, (False, False))
    return (dx, *_weight_gradient(change, x, *y))


_affine.defvjp(_forward, _backward)


def plain_affine(x: Array, weight: Array, bias: Array, *, activation: ActivationName) -> Array:
    """Return the layer as XLA computes it; the bias is one row."""
    y = plain_product(x, weight, (False, True)) + bias
    return jax.nn.relu(y) if activation == "relu" else y


def native_affine(x: Array, weight: Array, bias: Array, *, activation: ActivationName) -> Any:
    """Return the layer as the kernel computes it, of a population in one call."""
    out = jax.ShapeDtypeStruct((x.shape[-2], weight.shape[-2]), x.dtype)
    return library.call(
        "affine", out, x, weight, bias, vmap_method="expand_dims", relu=[activation == "relu"]
    )


def plain_input_gradient(change: Array, y: Array, weight: Array) -> Array:
    """Return the gradient of the input of a layer with relu."""
    return plain_product(_slope(change, y), weight, (False, False))


def native_input_gradient(change: Array, y: Array, weight: Array) -> Any:
    """Return the same by the kernel."""
    out = jax.ShapeDtypeStruct((change.shape[-2], weight.shape[-1]), change.dtype)
    return library.call("affine_input_gradient", out, change, y, weight, vmap_method="expand_dims")


def rounded_input_gradient(change: Array, y: Array, weight: Array) -> Any:
    """Return the same by the kernel that rounds operands."""
    return rounded_product(_slope(change, y), weight, transposed=(False, False))


def plain_weight_gradient(change: Array, x: Array, *y: Array) -> tuple[Array, Array]:
    """Return the gradients of weight and bias; with y, of a layer with relu."""
    slope = _slope(change, *y)
    return plain_product(slope, x, (True, False)), slope.sum(0, keepdims=True)


def native_weight_gradient(change: Array, x: Array, *y: Array) -> Any:
    """Return the same by the kernel."""
    out = _weight_gradients_of(change, x)
    return tuple(library.call("affine_weight_gradient", out, change, x, *y, vmap_method="expand_dims"))


def rounded_weight_gradient(change: Array, x: Array, *y: Array) -> Any:
    """Return the same by the kernel that rounds operands; the sums of the bias are of numbers as they are."""
    out, slope = _weight_gradients_of(change, x), _slope(change, *y)
    return tuple(library.call("rounded_weight_gradient", out, slope, x, tiled=[True]))


def _weight_gradients_of(change: Array, x: Array) -> list[jax.ShapeDtypeStruct]:
    outputs = change.shape[-1]
    return [jax.ShapeDtypeStruct(shape, x.dtype) for shape in ((outputs, x.shape[-1]), (1, outputs))]


def _slope(change: Array, *y: Array) -> Array:
    return jnp.where(y[0] > 0, change, 0) if y else change


_LAYERS: dict[ActivationName, Callable[..., Any]] = {
    activation: kernel_by_size(
        functools.partial(native_affine, activation=activation),
        functools.partial(plain_affine, activation=activation),
        functools.partial(rounded_product, relu=activation == "relu"),
        lambda x, weight, bias: (x, weight, (False, True)),
    )
    for activation in ("identity", "relu")
}
_input_gradient = differentiable(
    kernel_by_size(
        native_input_gradient,
        plain_input_gradient,
        rounded_input_gradient,
        lambda change, y, weight: (change, weight, (False, False)),
    ),
    plain_input_gradient,
)
_weight_gradient = differentiable(
    kernel_by_size(
        native_weight_gradient,
        plain_weight_gradient,
        rounded_weight_gradient,
        lambda change, x, *y: (change, x, (True, False)),
    ),
    plain_weight_gradient,
)
