"""Ways to bring the messages of a node's edges together, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.registry import Registry
from lamina.core.shapes import Float, Int
from lamina.ops.edges import degrees, scatter_max, scatter_sum

LEAST_VARIANCE = 1e-5  # below it the standard deviation counts as zero: its slope has no bound there


def mean(values: Float[Array, "b e f"], receivers: Int[Array, "b e"], nodes: int) -> Float[Array, "b n f"]:
    """Return the mean over each node's edges; zero without an edge.

    Args:
        values: one message an edge.
        receivers: where each edge leads to; -1: none.
        nodes: how many there are.
    """
    count = jnp.maximum(degrees(receivers, nodes), 1)[..., None]
    return scatter_sum(values, receivers, nodes) / count.astype(values.dtype)


def minimum(values: Float[Array, "b e f"], receivers: Int[Array, "b e"], nodes: int) -> Float[Array, "b n f"]:
    """Return the smallest value over each node's edges, feature by feature; zero without an edge.

    Args:
        values: one message an edge.
        receivers: where each edge leads to; -1: none.
        nodes: how many there are.
    """
    return -scatter_max(-values, receivers, nodes)


def variance(
    values: Float[Array, "b e f"], receivers: Int[Array, "b e"], nodes: int
) -> Float[Array, "b n f"]:
    """Return the variance over each node's edges, mean v² - (mean v)²; zero without an edge.

    Args:
        values: one message an edge.
        receivers: where each edge leads to; -1: none.
        nodes: how many there are.
    """
    return mean(values * values, receivers, nodes) - mean(values, receivers, nodes) ** 2


def std(values: Float[Array, "b e f"], receivers: Int[Array, "b e"], nodes: int) -> Float[Array, "b n f"]:
    """Return the standard deviation over each node's edges; zero where the variance is below 10⁻⁵.

    Args:
        values: one message an edge.
        receivers: where each edge leads to; -1: none.
        nodes: how many there are.
    """
    found = variance(values, receivers, nodes)
    is_enough = found > LEAST_VARIANCE
    return jnp.where(is_enough, jnp.sqrt(jnp.where(is_enough, found, 1)), 0)


Aggregator = Callable[[Any, Any, int], Any]
AGGREGATORS: Registry[Aggregator] = Registry("aggregator")
for _name, _function in {
    "sum": scatter_sum, "mean": mean, "max": scatter_max, "min": minimum, "var": variance, "std": std,
}.items():  # fmt: skip
    AGGREGATORS.add(_name, _function)
