"""Rows sorted to experts and back: equal numbers of places for each, so that products are batched.

Each row goes to some experts. A stable sort of these choices by expert puts the rows of an expert beside one
another in their order; an expert has so many places, and what comes after they are taken falls through. Both
ways are gathers, and so are both gradients: every place knows its row, every row its places.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float, Int

ROUNDED = 8  # places are a multiple of it: rows of a product that fill vectors


class Choices(NamedTuple):
    """Choices sorted by expert; choice i is number i % k of row i // k.

    Args:
        order: the choices, those of the first expert first, each expert's in their own order.
        ranks: how many choices of the same expert come before each.
        counts: choices of each expert.
    """

    order: Int[Array, " nk"]
    ranks: Int[Array, "n k"]
    counts: Int[Array, " e"]


class Places(NamedTuple):
    """Which row stands where.

    Args:
        choice: of each place; any where the place is empty.
        is_taken: whether a row stands there.
        place: of each choice, counted over all experts; any where there was none left.
        is_kept: whether a choice has a place.
    """

    choice: Int[Array, "e c"]
    is_taken: Bool[Array, "e c"]
    place: Int[Array, "n k"]
    is_kept: Bool[Array, "n k"]


def capacity(rows: int, experts: int, top_k: int, factor: float) -> int:
    """Return how many places an expert has: ``factor`` times its share, rounded up to eights, n at most.

    Args:
        rows: n.
        experts: e.
        top_k: experts of a row.
        factor: 1 for as many places as choices.

    Example:
        >>> capacity(4096, 8, 2, 1.25), capacity(3, 8, 2, 1.25)
        (1280, 3)
    """
    share = math.ceil(factor * rows * top_k / experts)
    return min(rows, -(-share // ROUNDED) * ROUNDED)


def sort_choices(experts: Int[Array, "n k"], count: int) -> Choices:
    """Sort the choices of rows by expert, stably. O(n·k·log(n·k)).

    Args:
        experts: the experts that each row chose, different ones; ``count`` or more for none.
        count: how many experts there are.

    Example:
        >>> found = sort_choices(jnp.array([[1], [0], [1]]), 2)
        >>> found.order.tolist(), found.ranks.tolist(), found.counts.tolist()
        ([1, 0, 2], [[0], [0], [1]], [1, 2])
    """
    flat = experts.reshape(-1)
    order = jnp.argsort(flat, stable=True).astype(jnp.int32)
    counts = (flat[:, None] == jnp.arange(count, dtype=flat.dtype)[None]).sum(0, dtype=jnp.int32)
    numbers = jnp.arange(flat.shape[0], dtype=jnp.int32)
    inverse = jnp.zeros_like(order).at[order].set(numbers, unique_indices=True)
    starts = _starts(counts)
    ranks = inverse - starts[jnp.minimum(flat, count - 1)]
    return Choices(order, ranks.reshape(experts.shape), counts)


def places_of(
    choices: Choices, experts: Int[Array, "n k"], size: int, start: int | Int[Array, ""] = 0
) -> Places:
    """Return the places of the choices of rank ``start`` to ``start + size``. O(n·k + e·size).

    Args:
        choices: sorted.
        experts: what was sorted.
        size: places of an expert.
        start: rank of the first that has a place.
    """
    rank = jnp.arange(size, dtype=jnp.int32)[None] + start
    is_taken = rank < choices.counts[:, None]
    where = jnp.minimum(_starts(choices.counts)[:, None] + rank, choices.order.shape[0] - 1)
    own = choices.ranks - start
    is_kept = (own >= 0) & (own < size) & (experts < choices.counts.shape[0])
    place = jnp.where(is_kept, experts * size + own, 0)
    return Places(_gathered(choices.order, where), is_taken, place, is_kept)


@jax.custom_vjp
def to_experts(x: Float[Array, "n d"], places: Places) -> Float[Array, "e c d"]:
    """Return the row at each place, any row where it is empty. O(e·c·d).

    The gradient of a row is the sum of those at its places; what comes from empty places is left out.

    Args:
        x: one row a token.
        places: which row stands where.

    Example:
        >>> chosen = jnp.array([[1], [0], [1]])
        >>> places = places_of(sort_choices(chosen, 2), chosen, 2)
        >>> to_experts(jnp.array([[1.0], [2.0], [3.0]]), places)[1].tolist()
        [[1.0], [3.0]]
    """
    return _gathered(x, places.choice // places.place.shape[1])


def _to_experts(x: Array, places: Places) -> tuple[Any, Places]:
    return to_experts(x, places), places


def _to_experts_back(places: Places, change: Array) -> tuple[Array, Any]:
    return _summed(change, places, places.is_kept), None


to_experts.defvjp(_to_experts, _to_experts_back)


@jax.custom_vjp
def from_experts(
    y: Float[Array, "e c d"], weights: Float[Array, "n k"], places: Places
) -> Float[Array, "n d"]:
    """Return the weighted sum over the places of each row; a choice without one gives 0. O(n·k·d).

    Args:
        y: one row a place.
        weights: of each choice.
        places: which row stands where.

    Example:
        >>> chosen = jnp.array([[1], [0], [1]])
        >>> places = places_of(sort_choices(chosen, 2), chosen, 1)
        >>> from_experts(jnp.array([[[5.0]], [[7.0]]]), jnp.ones((3, 1)), places).tolist()
        [[7.0], [5.0], [0.0]]
    """
    return _summed(y, places, jnp.where(places.is_kept, weights, 0))


def _from_experts(y: Array, weights: Array, places: Places) -> tuple[Any, tuple[Any, ...]]:
    return from_experts(y, weights, places), (y, weights, places)


def _from_experts_back(saved: tuple[Array, Array, Places], change: Array) -> tuple[Array, Array, Any]:
    """Each place takes the gradient of its row, times the weight; each weight the product of both."""
    y, weights, places = saved
    weight = jnp.where(places.is_taken, _gathered(weights.reshape(-1), places.choice), 0)
    to_places = _gathered(change, places.choice // weights.shape[1]) * weight[..., None].astype(y.dtype)
    rows = _gathered(y.reshape(-1, y.shape[-1]), places.place)
    products = (rows.astype(jnp.float32) * change[:, None].astype(jnp.float32)).sum(-1)
    return to_places, jnp.where(places.is_kept, products, 0).astype(weights.dtype), None


from_experts.defvjp(_from_experts, _from_experts_back)


def _summed(y: Array, places: Places, weights: Array) -> Array:
    """Return the weighted sum over the places of each row, in float32."""
    flat, weights = y.reshape(-1, y.shape[-1]), weights.astype(jnp.float32)
    parts = [
        _gathered(flat, places.place[:, choice]).astype(jnp.float32) * weights[:, choice, None]
        for choice in range(places.place.shape[1])
    ]
    return functools.reduce(jnp.add, parts).astype(y.dtype)


def _gathered(array: Array, index: Array) -> Any:
    """Return rows by number; all of them are there, so nothing is checked."""
    return jnp.asarray(array).at[index].get(mode="promise_in_bounds")


def _starts(counts: Array) -> Array:
    """Return where the choices of each expert begin."""
    return jnp.cumsum(counts) - counts
