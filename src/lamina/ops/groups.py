"""Rows whose features form groups: a number is a group of one, a category a group of its one-hot features.

Groups of one width are handled together, so that a wide table compiles as many operations as it has widths
of groups, not as it has columns.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_key, hashed_uniform
from lamina.core.shapes import Float
from lamina.ops.losses import squared_error


class Alike(NamedTuple):
    """The groups of one width.

    Args:
        width: features of each.
        numbers: which of all groups they are.
        columns: their features, (groups, width).
    """

    width: int
    numbers: np.ndarray
    columns: np.ndarray


@functools.cache
def by_width(groups: tuple[int, ...]) -> tuple[Alike, ...]:
    """Return the groups of each width, narrow ones first.

    Args:
        groups: widths of the groups of features, in their order.

    Example:
        >>> [(alike.width, alike.numbers.tolist()) for alike in by_width((1, 3, 1))]
        [(1, [0, 2]), (3, [1])]
    """
    widths, starts = np.array(groups, np.int32), np.cumsum([0, *groups[:-1]], dtype=np.int32)
    found = []
    for width in sorted(set(groups)):
        numbers = np.flatnonzero(widths == width)
        found.append(Alike(width, numbers, starts[numbers][:, None] + np.arange(width, dtype=np.int32)))
    return tuple(found)


def numbers_of(groups: tuple[int, ...]) -> np.ndarray:
    """Return the features that are numbers.

    Args:
        groups: widths of the groups of features, in their order.

    Example:
        >>> numbers_of((1, 3, 1)).tolist()
        [0, 4]
    """
    found = [alike.columns.ravel() for alike in by_width(groups) if alike.width == 1]
    return found[0] if found else np.zeros(0, np.int32)


def in_order(parts: Sequence[Array], groups: tuple[int, ...]) -> Array:
    """Return what was computed for the groups of each width, (batch, groups, …) each, in the groups' order.

    Args:
        parts: one array for each of `by_width`.
        groups: widths of the groups.
    """
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate([alike.numbers for alike in by_width(groups)]))
    return jnp.concatenate(parts, axis=1)[:, order]


def group_losses(
    outputs: Float[Array, "b f"],
    x: Float[Array, "b f"],
    groups: tuple[int, ...],
    *,
    of_numbers: Callable[[Array, Array], Array] = squared_error,
) -> Float[Array, "b g"]:
    """Return the error of each group: of numbers as asked, of categories their cross-entropy.

    -Σ_j x_j · log softmax(z)_j  over the features j of a category

    Args:
        outputs: numbers, and logits z of categories.
        x: the row.
        groups: widths of the groups of features, in their order.
        of_numbers: ``(outputs, x) -> losses`` of numbers, (batch, numbers).

    Returns:
        (batch, groups). O(size).

    Example:
        >>> row = jnp.array([[1.0, 0.0, 1.0]])
        >>> found = group_losses(jnp.array([[3.0, 0.0, 0.0]]), row, (1, 2))
        >>> [round(loss, 4) for loss in found[0].tolist()]
        [4.0, 0.6931]
    """
    found = []
    for alike in by_width(groups):
        own, given = outputs[:, alike.columns.ravel()], x[:, alike.columns.ravel()]
        if alike.width == 1:
            found.append(of_numbers(own, given))
            continue
        shape = (len(x), *alike.columns.shape)
        scores = jax.nn.log_softmax(own.reshape(shape), axis=-1)
        found.append(-(scores * given.reshape(shape)).sum(-1))
    return in_order(found, groups)


def group_chances(outputs: Float[Array, "b f"], groups: tuple[int, ...]) -> Float[Array, "b f"]:
    """Return rows whose categories are probabilities instead of logits; numbers stay as they are.

    Args:
        outputs: numbers, and logits of categories.
        groups: widths of the groups of features, in their order.

    Example:
        >>> group_chances(jnp.array([[3.0, 0.0, 0.0]]), (1, 2)).tolist()
        [[3.0, 0.5, 0.5]]
    """
    for alike in by_width(groups):
        if alike.width > 1:
            columns = alike.columns.ravel()
            own = outputs[:, columns].reshape(len(outputs), *alike.columns.shape)
            chances = jax.nn.softmax(own, axis=-1).reshape(len(outputs), -1)
            outputs = jnp.asarray(outputs).at[:, columns].set(chances, unique_indices=True)
    return outputs


def drawn_groups(outputs: Float[Array, "b f"], groups: tuple[int, ...], *, key: Any) -> Float[Array, "b f"]:
    """Return rows whose categories are drawn by their logits, one feature 1 and the others 0; numbers stay.

    Args:
        outputs: numbers, and logits of categories.
        groups: widths of the groups of features, in their order.
        key: random key.

    Example:
        >>> drawn_groups(jnp.array([[3.0, -99.0, 99.0]]), (1, 2), key=0).tolist()
        [[3.0, 0.0, 1.0]]

    References:
        Maddison, Tarlow, Minka. A* sampling. NeurIPS 2014 (the largest of logits with Gumbel noise).
    """
    for alike in by_width(groups):
        if alike.width > 1:
            columns = alike.columns.ravel()
            own = outputs[:, columns].reshape(len(outputs), *alike.columns.shape)
            own_key = hashed_key(key, jnp.array(alike.width, jnp.uint32))
            noise = hashed_uniform(own_key, own.shape) + 2.0**-25
            scores = own - jnp.log(-jnp.log(noise)).astype(own.dtype)
            chosen = jax.nn.one_hot(scores.argmax(-1), alike.width, dtype=own.dtype)
            flat = chosen.reshape(len(outputs), -1)
            outputs = jnp.asarray(outputs).at[:, columns].set(flat, unique_indices=True)
    return outputs
