"""Images of twice and of half the size, by a small filter that leaves no checkered patterns."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Float


def doubled(x: Float[Array, "b y x c"]) -> Float[Array, "b v u c"]:
    """Return images twice as high and wide, by linear interpolation.

    Along each axis y[2p] = (x[p-1] + 3·x[p]) / 4 and y[2p+1] = (3·x[p] + x[p+1]) / 4, edges repeated.
    O(size).

    Example:
        >>> doubled(jnp.array([0.0, 4.0]).reshape(1, 1, 2, 1))[0, 0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    for axis in (1, 2):
        before, after = _shifted(x, x, axis)
        fine = jnp.stack([(before + 3 * x) / 4, (3 * x + after) / 4], axis=axis + 1)
        shape = list(x.shape)
        shape[axis] *= 2
        x = fine.reshape(shape)
    return x


def halved(x: Float[Array, "b y x c"]) -> Float[Array, "b v u c"]:
    """Return images half as high and wide, smoothed before.

    Along each axis y[p] = (x[2p-1] + 3·x[2p] + 3·x[2p+1] + x[2p+2]) / 8, edges repeated. O(size).

    Args:
        x: with even sides; edges are repeated.

    Example:
        >>> halved(jnp.array([1.0, 1.0, 1.0, 9.0]).reshape(1, 1, 4, 1).repeat(2, axis=1))[0, 0, :, 0].tolist()
        [1.0, 5.0]
    """
    for axis in (1, 2):
        shape = [*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :]]
        pairs = x.reshape(shape)
        first, second = (lax.index_in_dim(pairs, at, axis + 1, keepdims=False) for at in (0, 1))
        before, after = _shifted(first, second, axis)
        x = (before + 3 * first + 3 * second + after) / 8
    return x


def _shifted(first: Array, second: Array, axis: int) -> tuple[Array, Array]:
    """Return what stands before each place of ``first`` and behind each of ``second``, the edges repeated.

    Both are the even and the odd places of one array, or the same array.
    """
    length = first.shape[axis]
    start, end = (
        lax.slice_in_dim(first, 0, 1, axis=axis),
        lax.slice_in_dim(second, length - 1, length, axis=axis),
    )
    before = jnp.concatenate([start, lax.slice_in_dim(second, 0, length - 1, axis=axis)], axis=axis)
    return before, jnp.concatenate([lax.slice_in_dim(first, 1, length, axis=axis), end], axis=axis)
