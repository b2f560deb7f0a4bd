"""Convolution: one small weighted sum, slid over space. Channels last, weights as in PyTorch.

On CPU convolutions over one or two axes are computed by native kernels (`lamina.ops.dispatch`), depthwise
ones by `lamina.ops.depthwise`, the rest by XLA. Where products may round their operands
(`lamina.ops.dense.rounds_operands`) convolutions do so too, by `lamina.ops.rounded_convolution`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core import runtime
from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops import dispatch
from lamina.ops.depthwise import depthwise_convolution
from lamina.ops.native import library
from lamina.ops.rounded_convolution import rounded_convolution, suits_rounded
from lamina.ops.window import Window, out_shape

Padding = Sequence[tuple[int, int]]


def convolution(
    x: Float[Array, "b *space c"],
    weight: Float[Array, "o i *kernel"],
    *,
    stride: Sequence[int],
    padding: Padding,
    dilation: Sequence[int],
    groups: int = 1,
) -> Float[Array, "b *out o"]:
    """Slide a weighted sum over 1, 2 or 3 axes of space.

    y[b, p, o] = Σ_k Σ_i x[b, p·stride + k·dilation - padding, i] · weight[o, i, k]

    Args:
        x: channels last.
        weight: (outputs, channels / groups, *kernel).
        stride: steps between outputs, one number an axis.
        padding: zeros before and after, one pair an axis.
        dilation: steps between the taps of the kernel, one number an axis.
        groups: channels and outputs are cut into so many independent parts.

    Returns:
        The sums. O(b · positions · outputs · channels / groups · kernel).

    Example:
        >>> import jax.numpy as jnp
        >>> x, weight = jnp.ones((1, 4, 4, 2)), jnp.ones((3, 2, 3, 3))
        >>> convolution(x, weight, stride=(1, 1), padding=((1, 1),) * 2, dilation=(1, 1)).shape
        (1, 4, 4, 3)
    """
    low, high = zip(*padding, strict=True)
    window = Window(tuple(stride), tuple(low), tuple(high), tuple(dilation))
    if len(stride) == 1 and library.has_kernels("convolution", x.dtype):
        flat = Window(*[(neutral, *part) for neutral, part in zip((1, 0, 0, 1), window, strict=True)])
        return _plane(x[:, None], weight[:, :, None], flat, groups)[:, 0]
    if len(stride) == 2:
        return _plane(x, weight, window, groups)
    return plain_convolution(x, weight, window, groups)


def _plane(x: Array, weight: Array, window: Window, groups: int) -> Array:
    """Return a convolution over two axes, by the implementation that is fastest here."""
    if groups == x.shape[-1] > 1 and max(window.dilation) == 1 and runtime.on_cpu():
        return depthwise_convolution(x, weight, window)
    if groups == 1 and suits_rounded(x, weight, window):
        return rounded_convolution(x, weight, window)
    if not dispatch.suits("convolution", x, groups=groups):
        return plain_convolution(x, weight, window, groups)
    if groups == 1:
        return native_convolution(x, weight, window)
    xs, weights = jnp.split(x, groups, axis=-1), jnp.split(weight, groups)
    parts: list[Any] = [native_convolution(*pair, window) for pair in zip(xs, weights, strict=True)]
    return jnp.concatenate(parts, axis=-1)


def plain_convolution(x: Array, weight: Array, window: Window, groups: int = 1) -> Array:
    """Return the convolution as XLA computes it."""
    space = "DHW"[3 - len(window.stride) :]
    return lax.conv_general_dilated(
        jnp.asarray(x),
        jnp.asarray(weight),
        window_strides=window.stride,
        padding=list(zip(window.low, window.high, strict=True)),
        rhs_dilation=window.dilation,
        feature_group_count=groups,
        dimension_numbers=(f"N{space}C", f"OI{space}", f"N{space}C"),
    )


def _kernel(out: Any, weight: Sequence[int], window: Window) -> str:
    """Return which kernel computes an image: Winograd's where it is faster."""
    batch, rows, columns, _ = out.shape
    tiles = -(-rows // 4) * -(-columns // 4)  # of an image
    is_3x3 = weight[2:] == (3, 3) and window.stride == window.dilation == (1, 1)
    is_faster = is_3x3 and dispatch.suits(
        "winograd",
        out,
        channels=min(weight[:2]),
        weights_of_a_tap=math.prod(weight[:2]),
        tiles=batch * tiles,
        positions_a_tile=rows * columns // max(tiles, 1),
    )
    return "winograd" if is_faster else "convolution"


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def native_convolution(x: Array, weight: Array, window: Window) -> Any:
    """Return the convolution as the kernels compute it, and its gradients of any order likewise."""
    out = jax.ShapeDtypeStruct(out_shape(x.shape, weight.shape, window), x.dtype)
    return library.call(_kernel(out, weight.shape, window), out, x, weight, **window._asdict())


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _input_gradient(dy: Array, weight: Array, space: tuple[int, ...], window: Window) -> Any:
    out = jax.ShapeDtypeStruct((dy.shape[0], *space, weight.shape[1]), dy.dtype)
    sizes = {name: part for name, part in window._asdict().items() if name != "high"}
    return library.call(f"{_kernel(out, weight.shape, window)}_input_gradient", out, dy, weight, **sizes)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _weight_gradient(x: Array, dy: Array, kernel: tuple[int, ...], window: Window) -> Any:
    out = jax.ShapeDtypeStruct((dy.shape[-1], x.shape[-1], *kernel), dy.dtype)
    return library.call(f"{_kernel(dy, out.shape, window)}_weight_gradient", out, x, dy, **window._asdict())


Saved = tuple[Array, Array]


def _forward(x: Array, weight: Array, window: Window) -> tuple[Array, Saved]:
    return native_convolution(x, weight, window), (x, weight)


def _backward(window: Window, saved: Saved, dy: Array) -> Saved:
    x, weight = saved
    dx: Any = _input_gradient(dy, weight, x.shape[1:3], window)
    return dx, _weight_gradient(x, dy, weight.shape[2:], window)


def _input_forward(dy: Array, weight: Array, space: tuple[int, ...], window: Window) -> tuple[Array, Saved]:
    return _input_gradient(dy, weight, space, window), (dy, weight)


def _input_backward(space: tuple[int, ...], window: Window, saved: Saved, change: Array) -> Saved:
    dy, weight = saved
    return native_convolution(change, weight, window), _weight_gradient(change, dy, weight.shape[2:], window)


def _weight_forward(x: Array, dy: Array, kernel: tuple[int, ...], window: Window) -> tuple[Array, Saved]:
    return _weight_gradient(x, dy, kernel, window), (x, dy)


def _weight_backward(kernel: tuple[int, ...], window: Window, saved: Saved, change: Array) -> Saved:
    x, dy = saved
    return _input_gradient(dy, change, x.shape[1:3], window), native_convolution(x, change, window)


native_convolution.defvjp(_forward, _backward)
_input_gradient.defvjp(_input_forward, _input_backward)
_weight_gradient.defvjp(_weight_forward, _weight_backward)
