"""Layer normalization with its own gradient.

On CPU large arrays are computed by native kernels (`lamina.ops.dispatch`): XLA reads every row once a sum,
forward and backward.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops import dispatch
from lamina.ops.dispatch import by_members, differentiable
from lamina.ops.native import library


def layer_norm(
    x: Float[Array, "*b d"], weight: Float[Array, " d"], bias: Float[Array, " d"], *, epsilon: float
) -> Float[Array, "*b d"]:
    """Center and scale the last axis: (x - mean) / √(var + ε) · weight + bias.

    Args:
        x: rows of features, with any number of leading axes.
        weight: gain of each feature.
        bias: shift of each feature.
        epsilon: ε > 0, keeps the division finite.

    Returns:
        The same shape and type. O(size).

    Example:
        >>> y = layer_norm(jnp.array([[1.0, 3.0]]), jnp.ones(2), jnp.zeros(2), epsilon=1e-6)
        >>> [round(value, 3) for value in y[0].tolist()]
        [-1.0, 1.0]

    References:
        Ba, Kiros, Hinton. Layer normalization. 2016.
    """
    rows = x.reshape(-1, x.shape[-1])
    found: Any = _layer_norm(float(epsilon), rows, weight, bias)
    return found.reshape(x.shape)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _layer_norm(epsilon: float, x: Any, weight: Any, bias: Any) -> Any:
    return _normalized(epsilon)(x, weight, bias)[0]


def _forward(epsilon: float, x: Any, weight: Any, bias: Any) -> tuple[Any, tuple[Any, ...]]:
    y, statistics = _normalized(epsilon)(x, weight, bias)
    return y, (x, weight, statistics)


def _backward(_epsilon: float, saved: tuple[Any, ...], change: Any) -> tuple[Any, ...]:
    return _gradient(change, *saved)


_layer_norm.defvjp(_forward, _backward)


@functools.cache
def _normalized(epsilon: float) -> Any:
    native, plain = (functools.partial(f, epsilon=epsilon) for f in (native_normalized, plain_normalized))
    return differentiable(by_members(native, plain, suits_kernel), plain)


def suits_kernel(members: int, x: Any, weight: Any, bias: Any) -> bool:
    """Return whether the kernels compute the rows of so many members faster than XLA."""
    is_valid = x.shape[-1:] == weight.shape == bias.shape  # XLA refuses others
    return is_valid and dispatch.suits("layer_norm", x, weight, bias, numbers=members * x.size)


def plain_normalized(x: Any, weight: Any, bias: Any, *, epsilon: float) -> tuple[Any, Any]:
    """Return the rows, and mean and scale of each, as XLA computes them."""
    wide = x.astype(jnp.float32)
    mean = wide.mean(-1, keepdims=True)
    centered = wide - mean
    scale = jax.lax.rsqrt((centered**2).mean(-1, keepdims=True) + epsilon)
    y = (centered * scale).astype(x.dtype) * weight.astype(x.dtype)[None] + bias.astype(x.dtype)[None]
    return y, jnp.concatenate([mean, scale], axis=-1)


def native_normalized(x: Any, weight: Any, bias: Any, *, epsilon: float) -> tuple[Any, Any]:
    """Return the rows, and mean and scale of each, as the kernel computes them."""
    out = [jax.ShapeDtypeStruct(shape, x.dtype) for shape in (x.shape, (x.shape[0], 2))]
    y, statistics = library.call(
        "layer_norm", out, x, weight, bias, vmap_method="broadcast_all", epsilon=epsilon
    )
    return y, statistics


def plain_gradient(change: Any, x: Any, weight: Any, statistics: Any) -> tuple[Any, Any, Any]:
    """Return the gradients: with g = change·weight, dx = scale·(g - mean g - x̂·mean(g·x̂))."""
    mean, scale = statistics[:, :1], statistics[:, 1:]
    normal, wide = (x.astype(jnp.float32) - mean) * scale, change.astype(jnp.float32)
    g = wide * weight.astype(jnp.float32)[None]
    dx = scale * (g - g.mean(-1, keepdims=True) - normal * (g * normal).mean(-1, keepdims=True))
    return dx.astype(x.dtype), (wide * normal).sum(0).astype(weight.dtype), wide.sum(0).astype(weight.dtype)


def native_gradient(change: Any, x: Any, weight: Any, statistics: Any) -> tuple[Any, Any, Any]:
    """Return the same by the kernel."""
    out = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in (x, weight, weight)]
    operands = (change, x, weight, statistics)
    dx, dweight, dbias = library.call("layer_norm_gradient", out, *operands, vmap_method="broadcast_all")
    return dx, dweight, dbias


_gradient = differentiable(
    by_members(
        native_gradient,
        plain_gradient,
        lambda members, change, x, weight, statistics: suits_kernel(members, x, weight, weight),
    ),
    plain_gradient,
)
