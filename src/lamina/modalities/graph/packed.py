"""Graphs as rows of unequal length: the nodes of a graph, and beside each of them some of its edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.data.graphs.store import Graphs
from lamina.data.ragged import Ragged, length_classes

MULTIPLE = 8  # lengths are rounded up to it
MOST_PER_PLACE = 16  # edges beside a node at most; of denser graphs the nodes are filled up
MOST_PLAIN = 1 << 27  # numbers that are kept as arrays of one length
WASTE = (
    6.0  # filled up so many times, rows of unequal length pay: their batches hold graphs of like sizes only
)
FEWEST_IN_CLASSES = 256  # graphs; of fewer, one length costs less than a compilation for each class


def edges_per_place(graphs: Graphs) -> int:
    """Return how many edges stand beside each node, so that little is filled up.

    Args:
        graphs: of the training rows.

    Example:
        >>> from lamina.data.graphs.store import Features
        >>> ring = np.array([[0, 1], [1, 2], [2, 0], [1, 0], [2, 1], [0, 2]], np.int32)
        >>> edges_per_place(Graphs(np.array([3]), np.array([6]), ring, Features.none(3), Features.none(6)))
        2
    """
    nodes, edges = graphs.node_counts, graphs.edge_counts
    costs = [
        (int(lengths_of(nodes, edges, per).sum()) * (1 + per), per) for per in range(1, MOST_PER_PLACE + 1)
    ]
    return min(costs)[1]


def lengths_of(nodes: np.ndarray, edges: np.ndarray, per_place: int) -> np.ndarray:
    """Return the length of each graph: places for its nodes, and for its edges, some beside each node.

    Args:
        nodes: of each graph.
        edges: of each graph.
        per_place: edges beside a node.
    """
    return np.maximum(nodes, -(-edges // per_place))


def rounded_length(longest: int) -> int:
    """Return a length a little larger.

    Example:
        >>> rounded_length(17), rounded_length(0)
        (24, 8)
    """
    return max(MULTIPLE, -(-longest // MULTIPLE) * MULTIPLE)


def packed(
    graphs: Graphs,
    nodes: dict[str, np.ndarray],
    edges: dict[str, np.ndarray],
    *,
    per_place: int,
    length: int,
) -> dict[str, Any]:
    """Return the arrays of `GraphInputs`, as rows of unequal length where that is worth it.

    A graph is as long as its nodes, or as its edges by so many beside each node, whichever is more; so all
    arrays share one length class, and edges are (rows, length, edges beside a node, 2).

    Args:
        graphs: the rows.
        nodes: arrays of all nodes, by name.
        edges: arrays of all edges, by name.
        per_place: edges beside a node.
        length: of the longest training graph, rounded; larger graphs make it larger.
    """
    lengths = lengths_of(graphs.node_counts, graphs.edge_counts, per_place)
    length = max(length, rounded_length(int(lengths.max(initial=0))))
    classes = length_classes(lengths, length)
    found: dict[str, Any] = {}
    there = np.ones(len(graphs.nodes.symbols), bool)
    for name, values in {"mask": there, **nodes}.items():
        fill = -1 if values.dtype == np.int32 else 0
        found[name] = Ragged(values, graphs.node_ends, length=length, fill=fill, classes=classes)
    places, ends = _places(graphs.edge_counts, per_place)
    for name, values in {"edges": graphs.edges, **edges}.items():
        fill = -1 if values.dtype == np.int32 else 0
        whole = np.full((int(ends[-1]) if len(ends) else 0, per_place, *values.shape[1:]), fill, values.dtype)
        whole.reshape(-1, *values.shape[1:])[places] = values
        found[name] = Ragged(whole, ends, length=length, fill=fill, classes=classes)
    return found if _are_worth_classes(found, lengths, length) else _whole(found)


def _places(counts: np.ndarray, per_place: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each edge stands when its graph's fill whole places, and where these end."""
    rows = -(-counts // per_place)
    ends = np.cumsum(rows)
    shifts = np.repeat((ends - rows) * per_place - (np.cumsum(counts) - counts), counts)
    return np.arange(int(counts.sum())) + shifts, ends


def _are_worth_classes(found: dict[str, Ragged], lengths: np.ndarray, length: int) -> bool:
    size = sum(leaf.nbytes // leaf.dtype.itemsize for leaf in found.values())
    wasted = len(lengths) >= FEWEST_IN_CLASSES and WASTE * lengths.mean() < length
    return size > MOST_PLAIN or bool(wasted)


def _whole(found: dict[str, Ragged]) -> dict[str, np.ndarray]:
    """Return arrays of one length."""
    plain = {}
    for name, leaf in found.items():
        longest = np.full(len(leaf), leaf.shape[1], np.int32)
        own = Ragged(leaf.values, leaf.ends, length=leaf.shape[1], fill=leaf.fill, classes=longest)
        plain[name] = own.take(np.arange(len(leaf)))
    return plain
