"""Graphs as rows of unequal length: the nodes of a graph, and beside each of them some of its edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.data.graphs.store import Graphs
from lamina.data.ragged import Ragged

MULTIPLE = 8  # lengths are rounded up to it
MOST_PER_PLACE = 16  # edges beside a node at most; of denser graphs the nodes are filled up
MOST_PLAIN = 1 << 27  # numbers that are kept as arrays of one length
FEWEST_IN_CLASSES = 256  # graphs; of fewer, one length costs less than a compilation for each class
USUAL, LARGE = 0.9, 0.99  # shares of the training graphs that fit into the first length class, and the second
FEWEST_LARGE = 32  # graphs beyond the first class, before there is a second one below the longest
WASTE = 1.25  # so many times longer than the first class the longest graph is, before there are several


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


def classes_for(lengths: np.ndarray) -> tuple[int, ...]:
    """Return the lengths that graphs are filled up to, increasing.

    The first one holds most graphs: a batch is of one class, and should hold graphs of all usual sizes, or
    steps would pull the network now towards small graphs and now towards large ones.

    Args:
        lengths: of the training graphs.

    Example:
        >>> classes_for(np.array([10, 20, 30] * 300 + [70] * 20)), classes_for(np.array([3, 17]))
        ((32, 72), (24,))
    """
    usual, large, longest = (_rounded(float(np.quantile(lengths, q))) for q in (USUAL, LARGE, 1.0))
    if len(lengths) < FEWEST_IN_CLASSES or longest < WASTE * usual:
        return (longest,)
    beyond = np.count_nonzero(lengths > usual)
    middle = (large,) if usual < large < longest / 2 and beyond >= FEWEST_LARGE else ()
    return (usual, *middle, longest)


def _rounded(length: float) -> int:
    return max(MULTIPLE, -(-int(np.ceil(length)) // MULTIPLE) * MULTIPLE)


def packed(
    graphs: Graphs,
    nodes: dict[str, np.ndarray],
    edges: dict[str, np.ndarray],
    *,
    per_place: int,
    widths: tuple[int, ...],
) -> dict[str, Any]:
    """Return the arrays of `GraphInputs`, as rows of unequal length where there are several length classes.

    A graph is as long as its nodes, or as its edges by so many beside each node, whichever is more; so all
    arrays share one length class, and edges are (rows, length, edges beside a node, 2).

    Args:
        graphs: the rows.
        nodes: arrays of all nodes, by name.
        edges: arrays of all edges, by name.
        per_place: edges beside a node.
        widths: the length classes; graphs larger than all of them make one more.
    """
    lengths = lengths_of(graphs.node_counts, graphs.edge_counts, per_place)
    longest = int(lengths.max(initial=0))
    widths = widths if longest <= widths[-1] else (*widths, _rounded(longest))
    classes = np.array(widths, np.int32)[np.searchsorted(widths, lengths)]
    found: dict[str, Any] = {}
    there = np.ones(len(graphs.nodes.symbols), bool)
    for name, values in {"mask": there, **nodes}.items():
        fill = -1 if values.dtype == np.int32 else 0
        found[name] = Ragged(values, graphs.node_ends, length=widths[-1], fill=fill, classes=classes)
    places, ends = _places(graphs.edge_counts, per_place)
    for name, values in {"edges": graphs.edges, **edges}.items():
        fill = -1 if values.dtype == np.int32 else 0
        whole = np.full((int(ends[-1]) if len(ends) else 0, per_place, *values.shape[1:]), fill, values.dtype)
        whole.reshape(-1, *values.shape[1:])[places] = values
        found[name] = Ragged(whole, ends, length=widths[-1], fill=fill, classes=classes)
    size = sum(leaf.nbytes // leaf.dtype.itemsize for leaf in found.values())
    if len(widths) > 1 or size > MOST_PLAIN:
        return found
    return {name: leaf.take(np.arange(len(leaf))) for name, leaf in found.items()}


def _places(counts: np.ndarray, per_place: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each edge stands when its graph's fill whole places, and where these end."""
    rows = -(-counts // per_place)
    ends = np.cumsum(rows)
    shifts = np.repeat((ends - rows) * per_place - (np.cumsum(counts) - counts), counts)
    return np.arange(int(counts.sum())) + shifts, ends
