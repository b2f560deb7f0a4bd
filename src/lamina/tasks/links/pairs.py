"""Edges as rows: each edge of a graph once, and pairs of nodes without one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.nodes.graph import NodeGraph, sorted_edges
from lamina.tasks.examiner import AbstractExaminer, Asked

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

HIDDEN = 0.1  # share of the edges of new data that are asked for
_SEED = 0x11EB  # of what is drawn to measure by, always the same


def edges_of(graph: NodeGraph) -> tuple[np.ndarray, bool]:
    """Return the edges between different nodes, each once, and whether they have a direction.

    Args:
        graph: whose edges without direction stand twice.

    Returns:
        int32 (edges, 2), and whether an edge lacks one back. Without direction the smaller node is first.
    """
    codes = np.unique(graph.coded(graph.edges[graph.edges[:, 0] != graph.edges[:, 1]]))
    pairs = graph.decoded(codes)
    is_both_ways = bool(np.isin(graph.coded(pairs[:, ::-1]), codes).all())
    return pairs[pairs[:, 0] < pairs[:, 1]] if is_both_ways else pairs, not is_both_ways


def graph_of(graph: NodeGraph, pairs: np.ndarray, *, directed: bool) -> NodeGraph:
    """Return a graph of the same nodes with these edges alone, each once; weights of copies are added.

    Args:
        graph: whose nodes they are.
        pairs: (edges, 2), each an edge of the graph.
        directed: whether they have a direction; else each stands both ways.

    Example:
        >>> edges, weights = np.array([[1, 0], [0, 1], [0, 1]], np.int32), np.array([1.0, 2.0, 3.0])
        >>> graph = NodeGraph(2, edges, weights=weights)
        >>> found = graph_of(graph, np.array([[0, 1]]), directed=True)
        >>> found.edges.tolist(), found.weights.tolist()
        ([[0, 1]], [5.0])
    """
    edges = sorted_edges(pairs if directed else np.concatenate([pairs, pairs[:, ::-1]]))
    if graph.weights is None:
        return dataclasses.replace(graph, edges=edges)
    codes, place = np.unique(graph.coded(graph.edges), return_inverse=True)
    sums = np.bincount(place, graph.weights)[np.searchsorted(codes, graph.coded(edges))]
    return dataclasses.replace(graph, edges=edges, weights=sums.astype(np.float32))


def without_edge(graph: NodeGraph, count: int, *, directed: bool) -> np.ndarray:
    """Return pairs of different nodes between which there is no edge, always the same ones.

    Args:
        graph: with all its edges.
        count: pairs; fewer come back where there are not so many.
        directed: whether an edge of the other direction is none.
    """
    known = np.unique(graph.coded(graph.edges))
    random = np.random.Generator(np.random.Philox(key=np.array([_SEED, count], np.uint64)))
    found = np.zeros(0, np.int64)
    for _ in range(100):
        drawn = random.integers(0, graph.count, (2, 2 * count)).T
        drawn = drawn[drawn[:, 0] != drawn[:, 1]]
        codes = graph.coded(drawn if directed else np.sort(drawn, axis=1))
        codes = codes[~np.isin(codes, known)]
        found = np.unique(np.concatenate([found, codes]))
        if len(found) >= count:
            break
    chosen = np.sort(random.permutation(len(found))[:count])
    return graph.decoded(found[chosen])


class Edges(AbstractExaminer):
    """Each edge is a question, with a pair without an edge beside it.

    Of data in which nothing says which edges are asked for, a tenth is hidden from the network and asked for.
    """

    is_by_row = False

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return pairs of an edge and a pair without one, and the graph by which they are predicted.

        Raises:
            DataError: there is no edge to ask for, or no pair without one.
        """
        column: Any = table.column(encoder.only.name)
        whole, pairs, seen = column.graph, column.ids, target.graph
        directed = edges_of(whole)[1]
        if pairs.ndim == 1:
            pairs, directed = edges_of(whole)
            random = np.random.Generator(np.random.Philox(key=np.array([_SEED, 0], np.uint64)))
            is_hidden = random.random(len(pairs)) < HIDDEN
            seen, pairs = graph_of(whole, pairs[~is_hidden], directed=directed), pairs[is_hidden]
        others = without_edge(whole, len(pairs), directed=directed)
        pairs = pairs[: len(others)]
        if not len(pairs):
            message = "no edge can be asked for beside a pair of nodes without one"
            raise DataError(message, where=table.source, fix="give more edges, or a graph that lacks some")
        at = np.stack([pairs, others], axis=1)
        return Asked(encoder.only.arrays(at, seen), np.zeros(len(at), np.float32), is_by_row=False)
