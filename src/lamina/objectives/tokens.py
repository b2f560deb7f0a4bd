"""The surprise at symbols, and examples in groups whose logits fit into memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.ops.cross_entropy import cross_entropy

MOST_LOGITS = 1 << 24  # computed at once where nothing is learned


def surprise(logits: Array, targets: Array, *, smoothing: float = 0.0) -> tuple[Array, Array]:
    """Return −log p of each symbol, and 1 where there is one; -1 says that there is none.

    Args:
        logits: (batch, time, symbols).
        targets: (batch, time).
        smoothing: share of the target that is spread over all symbols.

    Example:
        >>> each, counted = surprise(jnp.zeros((1, 2, 4)), jnp.array([[3, -1]]))
        >>> round(float(each[0, 0]), 4), counted.tolist()
        (1.3863, [[1.0, 0.0]])
    """
    flat = logits.astype(jnp.float32).reshape(-1, logits.shape[-1])
    labels = jnp.maximum(targets, 0).reshape(-1)
    each = cross_entropy(flat, labels, smoothing=smoothing).reshape(targets.shape)
    return each, (targets >= 0).astype(jnp.float32)


def arithmetic_of(model: Any) -> Any:
    """Return the type of the model's numbers, which its inputs take; float32 of one without any.

    Args:
        model: a network, or any function.

    Example:
        >>> arithmetic_of({"ids": jnp.ones(2, int), "weight": jnp.ones(2, jnp.bfloat16)}).name
        'bfloat16'
    """
    types = (leaf.dtype for leaf in jax.tree.leaves(model) if hasattr(leaf, "dtype"))
    return next((dtype for dtype in types if jnp.issubdtype(dtype, jnp.floating)), jnp.float32)


def in_groups(function: Callable[..., Any], arrays: Any, *, most: int) -> Any:
    """Return what a function gives for groups of examples, one group after another.

    Args:
        function: a tree of arrays → a tree of arrays, examples first.
        arrays: a tree of arrays, examples first; as many groups are made as divide them.
        most: examples of a group.

    Example:
        >>> in_groups(lambda x: 2 * x, jnp.arange(6), most=4).tolist()
        [0, 2, 4, 6, 8, 10]
    """
    rows = len(jax.tree.leaves(arrays)[0])
    size = max(size for size in range(1, max(1, min(rows, most)) + 1) if rows % size == 0)
    cut = jax.tree.map(lambda array: array.reshape(rows // size, size, *array.shape[1:]), arrays)
    found = jax.lax.map(function, cut)
    return jax.tree.map(lambda array: array.reshape(rows, *array.shape[2:]), found)


def cut(tokens: Array, starts: Array, length: int) -> Array:
    """Return so many symbols of each row from a place, (batch, length).

    Args:
        tokens: (batch, length or more).
        starts: of each row.
        length: symbols.

    Example:
        >>> cut(jnp.arange(10).reshape(2, 5), jnp.array([1, 3]), 2).tolist()
        [[1, 2], [8, 9]]
    """
    return jax.vmap(lambda row, start: jax.lax.dynamic_slice_in_dim(row, start, length))(tokens, starts)


def ratio_interval(values: np.ndarray, counted: np.ndarray, *, most: float = math.inf) -> tuple[float, float]:
    """Return the 95 % interval of the mean of counted values, by the spread of the rows (delta method).

    Args:
        values: (rows, positions), not negative; nor is the interval.
        counted: 1 where a value counts, else 0.
        most: no mean is greater, as 1 of a share.

    Example:
        >>> low, high = ratio_interval(np.array([[1.0, 0.0], [0.0, 1.0]]), np.ones((2, 2)))
        >>> low, high
        (0.5, 0.5)
    """
    sums, sizes = (values.astype(np.float64) * counted).sum(axis=1), counted.sum(axis=1)
    total = max(1.0, float(sizes.sum()))
    mean = float(sums.sum()) / total
    half = 1.96 * math.sqrt(float(((sums - mean * sizes) ** 2).sum())) / total
    return max(0.0, mean - half), min(most, mean + half)
