"""Pooling: the largest or the mean value of every window, one axis after the other.

`lax.reduce_window` has a gradient that XLA runs element by element on a CPU. A window is
a product of intervals, so pooling is done along each axis by itself, as a few strided
slices that fuse into one loop.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Float

Padding = Sequence[tuple[int, int]]


def max_pool(
    x: Float[Array, "b *space c"], *, kernel: Sequence[int], stride: Sequence[int], padding: Padding
) -> Float[Array, "b *out c"]:
    """Return the largest value of every window; where several are equal, the first gets the gradient.

    Args:
        x: channels last.
        kernel: length of the window, one number an axis.
        stride: steps between windows, one number an axis.
        padding: places before and after that never win, one pair an axis.

    Returns:
        The maxima. O(b · positions · channels · sum of the kernel).

    Example:
        >>> x = jnp.arange(16.0).reshape(1, 4, 4, 1)
        >>> max_pool(x, kernel=(2, 2), stride=(2, 2), padding=((0, 0),) * 2)[0, :, :, 0].tolist()
        [[5.0, 7.0], [13.0, 15.0]]
    """
    x = _padded(x, padding, -math.inf)
    for axis in range(x.ndim - 2, 0, -1):  # the last axis first, so that the first in reading order wins
        length, step = kernel[axis - 1], stride[axis - 1]
        if (length, step) != (1, 1):
            x = _axis_max(x, axis, x.shape[axis], length, step)
    return x


def sum_pool(
    x: Float[Array, "b *space c"], *, kernel: Sequence[int], stride: Sequence[int], padding: Padding
) -> Float[Array, "b *out c"]:
    """Return the sum of every window.

    Args:
        x: channels last.
        kernel: length of the window, one number an axis.
        stride: steps between windows, one number an axis.
        padding: zeros before and after, one pair an axis.

    Returns:
        The sums. O(b · positions · channels · sum of the kernel).

    Example:
        >>> x = jnp.ones((1, 4, 4, 1))
        >>> sum_pool(x, kernel=(3, 3), stride=(1, 1), padding=((0, 0),) * 2)[0, :, :, 0].tolist()
        [[9.0, 9.0], [9.0, 9.0]]
    """
    x = _padded(x, padding, 0.0)
    for axis in range(x.ndim - 2, 0, -1):
        length, step = kernel[axis - 1], stride[axis - 1]
        if length == step and x.shape[axis] % length == 0:
            x = _windows(x, axis, length).sum(axis + 1)
        elif (length, step) != (1, 1):
            x = functools.reduce(jnp.add, _slices(x, axis, length, step))
    return x


def _padded(x: Array, padding: Padding, value: float) -> Array:
    if not any(before or after for before, after in padding):
        return jnp.asarray(x)
    return lax.pad(x, jnp.asarray(value, x.dtype), [(0, 0, 0), *((a, b, 0) for a, b in padding), (0, 0, 0)])


def _windows(x: Array, axis: int, length: int) -> Array:
    """Cut an axis that is a multiple of ``length`` into windows that do not overlap."""
    return x.reshape(*x.shape[:axis], x.shape[axis] // length, length, *x.shape[axis + 1 :])


def _slices(x: Array, axis: int, length: int, step: int) -> list[Array]:
    """Return for each place in a window what stands there, window by window."""
    last = (x.shape[axis] - length) // step * step + 1
    return [lax.slice_in_dim(x, place, place + last, step, axis) for place in range(length)]


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def _axis_max(x: Array, axis: int, size: int, length: int, step: int) -> Array:
    return functools.reduce(jnp.maximum, _slices(x, axis, length, step))


def _axis_max_forward(x: Array, axis: int, size: int, length: int, step: int) -> tuple[Array, Array]:
    """Keep of every window the place of its winner: a quarter of the memory of the values themselves."""
    parts = _slices(x, axis, length, step)
    y = functools.reduce(jnp.maximum, parts)
    kind = jnp.int8 if length <= 128 else jnp.int32
    winner = jnp.full(y.shape, length - 1, kind)
    for place in reversed(range(length - 1)):
        winner = jnp.where(parts[place] == y, jnp.asarray(place, kind), winner)
    return y, winner


def _axis_max_backward(
    axis: int, size: int, length: int, step: int, winner: Array, dy: Array
) -> tuple[Array]:
    zero = jnp.zeros((), dy.dtype)
    if length == step:  # what is behind the last window gets nothing
        wide = (*dy.shape[: axis + 1], length, *dy.shape[axis + 1 :])
        won = lax.broadcasted_iota(winner.dtype, wide, axis + 1) == jnp.expand_dims(winner, axis + 1)
        dx = jnp.where(won, jnp.expand_dims(dy, axis + 1), zero)
        dx = dx.reshape(*dy.shape[:axis], dy.shape[axis] * length, *dy.shape[axis + 1 :])
        behind = [(0, size - dx.shape[axis] if place == axis else 0) for place in range(1, dx.ndim - 1)]
        return (_padded(dx, behind, 0.0),)
    rest = size - (dy.shape[axis] - 1) * step - 1
    parts = []
    for place in range(length):
        edges = [(0, 0, 0)] * dy.ndim
        edges[axis] = (place, rest - place, step - 1)
        parts.append(lax.pad(jnp.where(winner == place, dy, zero), zero, edges))
    return (functools.reduce(jnp.add, parts),)


_axis_max.defvjp(_axis_max_forward, _axis_max_backward)
