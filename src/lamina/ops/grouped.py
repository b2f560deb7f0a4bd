"""Heads of queries that share a head of keys: layouts and products of grouped-query attention."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.dense import Sides


def by_group(array: Float[Array, "b t h k"], groups: int) -> Float[Array, "b g r t k"]:
    """Return heads first, those together that ask the same head of keys: r = h / g of them.

    Args:
        array: of all heads, a row a position.
        groups: heads of keys.

    Example:
        >>> by_group(jnp.ones((1, 5, 4, 8)), 2).shape
        (1, 2, 2, 5, 8)
    """
    batch, time, heads, width = array.shape
    return array.transpose(0, 2, 1, 3).reshape(batch, groups, heads // groups, time, width)


def from_groups(array: Float[Array, "b g r t k"]) -> Float[Array, "b t h k"]:
    """Return the heads of all groups beside one another, a row a position.

    Example:
        >>> from_groups(jnp.ones((1, 2, 2, 5, 8))).shape
        (1, 5, 4, 8)
    """
    batch, groups, repeated, time, width = array.shape
    return array.reshape(batch, groups * repeated, time, width).transpose(0, 2, 1, 3)


def grouped_product(left: Any, right: Any, transposed: Sides) -> Any:
    """Return float32 products for every head of keys, the rows of its heads of queries below one another.

    They are batched products of matrices: with more axes they miss XLA's fast path on CPU.

    Args:
        left: (b, g, r, t, ·), its rows those of all r heads.
        right: (b, g, s, ·), or (b, g, r, t, ·) where the left side is transposed.
        transposed: which sides are.

    Returns:
        (b, g, r, t, ·), or (b, g, ·, ·) where the left side is transposed, which sums over the heads.

    Example:
        >>> grouped_product(jnp.ones((1, 2, 2, 5, 8)), jnp.ones((1, 2, 6, 8)), (False, True)).shape
        (1, 2, 2, 5, 6)
    """
    batch, groups, repeated, time, _ = left.shape
    a = left.reshape(batch * groups, repeated * time, left.shape[-1])
    b = right.reshape(batch * groups, -1, right.shape[-1])
    sides = ((1 if transposed[0] else 2,), (2 if transposed[1] else 1,))
    found = lax.dot_general(a, b, (sides, ((0,), (0,))), preferred_element_type=jnp.float32)
    if transposed[0]:
        return found.reshape(batch, groups, *found.shape[-2:])
    return found.reshape(batch, groups, repeated, time, found.shape[-1])
