"""Group normalization with gains and shifts of each image, silu behind it, and its own gradient.

On CPU larger arrays are computed by native kernels (`lamina.ops.dispatch`): XLA reads an image from memory
for each of its sums, forward and backward.
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


def group_norm(
    x: Float[Array, "b *space c"],
    scale: Float[Array, "b c"],
    offset: Float[Array, "b c"],
    *,
    groups: int,
    epsilon: float,
    silu: bool = False,
) -> Float[Array, "b *space c"]:
    """Center and scale each image over space and a group of channels: x̂ · scale + offset, silu if asked.

    Args:
        x: images, channels last.
        scale: gain of each channel of each image.
        offset: shift of each channel of each image.
        groups: of adjacent channels, a divisor of their number.
        epsilon: ε > 0.
        silu: whether z · sigmoid(z) is returned for each result z.

    Returns:
        The same shape and type. O(size).

    Example:
        >>> x = jnp.array([[[1.0, 3.0]]])
        >>> y = group_norm(x, jnp.ones((1, 2)), jnp.zeros((1, 2)), groups=1, epsilon=1e-6)
        >>> [round(value, 3) for value in y[0, 0].tolist()]
        [-1.0, 1.0]

    References:
        Wu, He. Group normalization. ECCV 2018.
    """
    images = x.reshape(x.shape[0], -1, x.shape[-1])
    found: Any = _group_norm((groups, float(epsilon), silu), images, scale, offset)
    return found.reshape(x.shape)


Fixed = tuple[int, float, bool]  # groups, ε, whether silu is behind it


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _group_norm(fixed: Fixed, x: Any, scale: Any, offset: Any) -> Any:
    return _normalized(fixed)(x, scale, offset)[0]


def _forward(fixed: Fixed, x: Any, scale: Any, offset: Any) -> tuple[Any, tuple[Any, ...]]:
    y, statistics = _normalized(fixed)(x, scale, offset)
    return y, (x, scale, offset, statistics)


def _backward(fixed: Fixed, saved: tuple[Any, ...], change: Any) -> tuple[Any, ...]:
    return _gradient(fixed)(change, *saved)


_group_norm.defvjp(_forward, _backward)


def suits_kernel(members: int, x: Any, scale: Any, offset: Any) -> bool:
    """Return whether the kernels compute the images of so many members faster than XLA."""
    is_valid = scale.shape == offset.shape == (x.shape[0], x.shape[-1])
    return is_valid and dispatch.suits("group_norm", x, scale, offset, numbers=members * x.size)


@functools.cache
def _normalized(fixed: Fixed) -> Any:
    native, plain = (functools.partial(f, fixed) for f in (native_normalized, plain_normalized))
    return differentiable(by_members(native, plain, suits_kernel), plain)


@functools.cache
def _gradient(fixed: Fixed) -> Any:
    native, plain = (functools.partial(f, fixed) for f in (native_gradient, plain_gradient))

    def suits(members: int, change: Any, x: Any, scale: Any, offset: Any, statistics: Any) -> bool:
        return suits_kernel(members, x, scale, offset)

    return differentiable(by_members(native, plain, suits), plain)


def plain_normalized(fixed: Fixed, x: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
    """Return the results, and mean and factor of each group, as XLA computes them."""
    groups, epsilon, silu = fixed
    wide = x.astype(jnp.float32).reshape(*x.shape[:2], groups, -1)
    mean = wide.mean((1, 3), keepdims=True)
    centered = wide - mean
    factor = jax.lax.rsqrt((centered**2).mean((1, 3), keepdims=True) + epsilon)
    normal = (centered * factor).reshape(x.shape).astype(x.dtype)
    z = normal * scale.astype(x.dtype)[:, None] + offset.astype(x.dtype)[:, None]
    return jax.nn.silu(z) if silu else z, jnp.stack([mean[:, 0, :, 0], factor[:, 0, :, 0]], axis=-1)


def plain_gradient(
    fixed: Fixed, change: Any, x: Any, scale: Any, offset: Any, statistics: Any
) -> tuple[Any, Any, Any]:
    """Return the gradients of images, scale and offset, as XLA computes them."""
    back = jax.vjp(lambda *operands: plain_normalized(fixed, *operands)[0], x, scale, offset)[1]
    dx, dscale, doffset = back(change)
    return dx, dscale, doffset


def native_normalized(fixed: Fixed, x: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
    """Return the results, and mean and factor of each group, as the kernel computes them."""
    groups, epsilon, silu = fixed
    out = [jax.ShapeDtypeStruct(shape, x.dtype) for shape in (x.shape, (x.shape[0], groups, 2))]
    y, statistics = library.call(
        "group_norm",
        out,
        x,
        scale,
        offset,
        vmap_method="broadcast_all",
        groups=[groups],
        silu=[silu],
        epsilon=epsilon,
    )
    return y, statistics


def native_gradient(
    fixed: Fixed, change: Any, x: Any, scale: Any, offset: Any, statistics: Any
) -> tuple[Any, Any, Any]:
    """Return the same by the kernel."""
    groups, _, silu = fixed
    out = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in (x, scale, offset)]
    operands = (change, x, scale, offset, statistics)
    dx, dscale, doffset = library.call(
        "group_norm_gradient", out, *operands, vmap_method="broadcast_all", groups=[groups], silu=[silu]
    )
    return dx, dscale, doffset
