"""Convolution of every channel by itself: by native kernels, or as a sum of shifted copies."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.ops import dispatch
from lamina.ops.native import library
from lamina.ops.window import Window, out_shape

Pair = tuple[Array, Array]


def depthwise_convolution(x: Array, weight: Array, window: Window) -> Array:
    """Return a convolution of every channel by itself, by the implementation that is faster here.

    Args:
        x: (batch, y, x, channels).
        weight: (outputs, 1, *kernel), as many outputs a channel as there are times more of them.
        window: how the kernel moves; its dilation is one.

    Returns:
        The sums, (batch, *out, outputs). O(batch · positions · outputs · kernel).

    Example:
        >>> window = Window((1, 1), (1, 1), (1, 1), (1, 1))
        >>> depthwise_convolution(jnp.ones((1, 4, 4, 2)), jnp.ones((2, 1, 3, 3)), window).shape
        (1, 4, 4, 2)
    """
    channels = x.shape[-1]
    is_simple = window.stride == (1, 1) and weight.shape[0] == channels
    if is_simple and dispatch.suits("depthwise", x, channels=channels):
        return native_depthwise(x, weight, window)
    return shifted_sum(x, weight, window)


def shifted_sum(x: Array, weight: Array, window: Window) -> Array:
    """Return the same as a sum of shifted copies, one a tap.

    XLA fuses the sum into one pass over the input, forward and backward, but compiles long for many taps.
    """
    channels, kernel = x.shape[-1], weight.shape[2:]
    repeats = weight.shape[0] // channels
    rows, columns = out_shape(x.shape, weight.shape, window)[1:3]
    padded = jnp.pad(x, ((0, 0), *zip(window.low, window.high, strict=True), (0, 0)))
    if repeats > 1:
        padded = jnp.repeat(padded, repeats, axis=-1)
    down, right = window.stride
    total = jnp.zeros((x.shape[0], rows, columns, weight.shape[0]), x.dtype)
    for y, z in itertools.product(range(kernel[0]), range(kernel[1])):
        below, beside = y + (rows - 1) * down + 1, z + (columns - 1) * right + 1
        shifted = padded[:, y:below:down, z:beside:right]
        total = total + shifted * weight[:, 0, y, z].reshape(1, 1, 1, -1)
    return total


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def native_depthwise(x: Array, weight: Array, window: Window) -> Any:
    """Return the same as the kernels compute it, and its gradients of any order likewise."""
    out = jax.ShapeDtypeStruct(out_shape(x.shape, weight.shape, window), x.dtype)
    return library.call(
        "depthwise", out, x, weight, low=window.low, high=window.high, kernel=weight.shape[2:]
    )


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _weight_gradient(x: Array, dy: Array, kernel: tuple[int, ...], window: Window) -> Any:
    out = jax.ShapeDtypeStruct((x.shape[-1], 1, *kernel), dy.dtype)
    return library.call(
        "depthwise_weight_gradient", out, x, dy, low=window.low, high=window.high, kernel=kernel
    )


def _input_gradient(dy: Array, weight: Array, window: Window) -> Array:
    """Return the gradient of the input: the same convolution with the taps in reverse order."""
    low, high = (
        tuple(taps - 1 - size for taps, size in zip(weight.shape[2:], sizes, strict=True))
        for sizes in (window.low, window.high)
    )
    return native_depthwise(dy, weight[:, :, ::-1, ::-1], window._replace(low=low, high=high))


def _forward(x: Array, weight: Array, window: Window) -> tuple[Array, Pair]:
    return native_depthwise(x, weight, window), (x, weight)


def _backward(window: Window, saved: Pair, dy: Array) -> Pair:
    x, weight = saved
    return _input_gradient(dy, weight, window), _weight_gradient(x, dy, weight.shape[2:], window)


def _weight_forward(x: Array, dy: Array, kernel: tuple[int, ...], window: Window) -> tuple[Array, Pair]:
    return _weight_gradient(x, dy, kernel, window), (x, dy)


def _weight_backward(kernel: tuple[int, ...], window: Window, saved: Pair, change: Array) -> Pair:
    x, dy = saved
    return _input_gradient(dy, change, window), native_depthwise(x, change, window)


native_depthwise.defvjp(_forward, _backward)
_weight_gradient.defvjp(_weight_forward, _weight_backward)
