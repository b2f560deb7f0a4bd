"""Choosing between a kernel of our own and what XLA makes of a formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from lamina.core.arrays import Array


def by_members(
    native: Callable[..., Any], plain: Callable[..., Any], suits: Callable[..., bool]
) -> Callable[..., Any]:
    """Return a function that takes the way which suits its size; all members of a population in one call.

    Args:
        native: by the kernel.
        plain: the same by XLA.
        suits: given how many members, and shapes and types of one's operands, whether the kernel is worth it.
    """

    @jax.custom_batching.custom_vmap
    def single(*operands: Any) -> Any:
        return (native if suits(1, *operands) else plain)(*operands)

    @single.def_vmap
    def many(members: int, is_mapped: list[Any], *operands: Any) -> tuple[Any, Any]:
        axes = tuple(jax.tree.map(lambda mapped: 0 if mapped else None, is_mapped))
        way = native if suits(members, *jax.tree.map(_of_one, list(operands), is_mapped)) else plain
        found = jax.vmap(way, in_axes=axes)(*operands)
        return found, jax.tree.map(lambda _: True, found)

    return single


def _of_one(array: Any, is_mapped: bool) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape[1:] if is_mapped else array.shape, array.dtype)


def differentiable(way: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``way``, which is a kernel's, with the gradients of ``plain``.

    Args:
        way: by the kernel; a gradient, say, of which further derivatives are rare.
        plain: the same by XLA.
    """

    @jax.custom_vjp
    def found(*operands: Array) -> Any:
        return way(*operands)

    def forward(*operands: Array) -> tuple[Any, tuple[Array, ...]]:
        return way(*operands), operands

    found.defvjp(forward, lambda operands, change: jax.vjp(plain, *operands)[1](change))
    return found
