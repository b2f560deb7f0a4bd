"""Rows of an array, picked in a given order: how a batch is made of what lies on the device."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.ops.native import library

# Numbers of a batch from which the kernel pays: XLA on CPU copies number by number.
LEAST_NUMBERS = 1 << 16


def picked(array: Array, rows: Array) -> Any:
    """Return ``array[rows]``; the caller knows that no row lies outside.

    Args:
        array: rows first.
        rows: int32 numbers of rows, one axis.

    Returns:
        The rows. O(numbers of the result).

    Example:
        >>> picked(jnp.array([10.0, 20.0, 30.0]), jnp.array([2, 0], jnp.int32)).tolist()
        [30.0, 10.0]
    """
    is_plain = array.dtype == jnp.float32 and rows.dtype == jnp.int32
    numbers = rows.shape[0] * array.size // max(1, array.shape[0])
    suits = is_plain and numbers >= LEAST_NUMBERS and library.has_kernels("rows", array.dtype)
    return native_picked(array, rows) if suits else plain_picked(array, rows)


def plain_picked(array: Array, rows: Array) -> Any:
    """Return the rows as one gather of XLA's."""
    within = tuple(range(1, array.ndim))
    numbers = jax.lax.GatherDimensionNumbers(within, collapsed_slice_dims=(0,), start_index_map=(0,))
    return jax.lax.gather(array, rows[:, None], numbers, (1, *array.shape[1:]), mode="clip")


def native_picked(array: Array, rows: Array) -> Any:
    """Return the rows as our kernel copies them; members of a population share the array."""
    out = jax.ShapeDtypeStruct((rows.shape[0], *array.shape[1:]), array.dtype)
    return library.call("rows", out, array, rows, vmap_method="expand_dims")
