"""Convolutions of operands rounded to bfloat16, by a native kernel.

Under ``jax.default_matmul_precision("bfloat16")`` operands may be rounded while sums stay float32, as in
`lamina.ops.dense`.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax

from lamina.core.arrays import Array
from lamina.ops import dispatch
from lamina.ops.dense import rounds_operands
from lamina.ops.native import library
from lamina.ops.window import Window, out_shape

Pair = tuple[Array, Array]


def suits_rounded(x: Array, weight: Array, window: Window) -> bool:
    """Return whether operands may be rounded and the kernel computes such a convolution.

    Args:
        x: (batch, y, x, channels).
        weight: (outputs, channels, *kernel).
        window: how the kernel moves.
    """
    is_simple = window.stride == window.dilation == (1, 1)
    reach = [taps - 1 for taps in weight.shape[2:]]
    if not (rounds_operands() and is_simple and max(reach) > 0):
        return False
    for pads in (window.low, window.high):
        if any(not 0 <= pad <= most for pad, most in zip(pads, reach, strict=True)):
            return False
    out = out_shape(x.shape, weight.shape, window)
    work = math.prod(out[:3]) * math.prod(weight.shape)
    return dispatch.suits(
        "rounded_convolution", x, weight, channels=min(weight.shape[:2]), multiplications=work
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def rounded_convolution(x: Array, weight: Array, window: Window, tiled: bool = True) -> Any:
    """Return the convolution as the kernel computes it, and its gradients of any order likewise.

    Args:
        x: (batch, y, x, channels), float32.
        weight: (outputs, channels, *kernel), float32.
        window: how the kernel moves; stride and dilation are one.
        tiled: whether the processor's registers for tiles (AMX) are used, where it has them.

    Returns:
        The sums, (batch, *out, outputs). O(batch · positions · outputs · channels · kernel).
    """
    out = jax.ShapeDtypeStruct(out_shape(x.shape, weight.shape, window), x.dtype)
    return library.call(
        "rounded_convolution", out, x, weight, low=window.low, high=window.high, tiled=[tiled]
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _weight_gradient(x: Array, dy: Array, kernel: tuple[int, ...], window: Window, tiled: bool) -> Any:
    out = jax.ShapeDtypeStruct((dy.shape[-1], x.shape[-1], *kernel), dy.dtype)
    return library.call(
        "rounded_convolution_weight_gradient", out, x, dy, low=window.low, high=window.high, tiled=[tiled]
    )


def _input_gradient(dy: Array, weight: Array, window: Window, tiled: bool) -> Array:
    """Return the gradient of the input: the convolution of ``dy`` with the taps in reverse order."""
    low, high = (
        tuple(taps - 1 - size for taps, size in zip(weight.shape[2:], sizes, strict=True))
        for sizes in (window.low, window.high)
    )
    reverse = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    return rounded_convolution(dy, reverse, window._replace(low=low, high=high), tiled)


def _forward(x: Array, weight: Array, window: Window, tiled: bool) -> tuple[Array, Pair]:
    return rounded_convolution(x, weight, window, tiled), (x, weight)


def _backward(window: Window, tiled: bool, saved: Pair, dy: Array) -> Pair:
    x, weight = saved
    return _input_gradient(dy, weight, window, tiled), _weight_gradient(
        x, dy, weight.shape[2:], window, tiled
    )


def _weight_forward(
    x: Array, dy: Array, kernel: tuple[int, ...], window: Window, tiled: bool
) -> tuple[Array, Pair]:
    return _weight_gradient(x, dy, kernel, window, tiled), (x, dy)


def _weight_backward(
    kernel: tuple[int, ...], window: Window, tiled: bool, saved: Pair, change: Array
) -> Pair:
    x, dy = saved
    return _input_gradient(dy, change, window, tiled), rounded_convolution(x, change, window, tiled)


rounded_convolution.defvjp(_forward, _backward)
_weight_gradient.defvjp(_weight_forward, _weight_backward)
