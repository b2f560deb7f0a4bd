"""The pairs of nodes without an edge that are most probably linked."""

from __future__ import annotations

import numpy as np

from lamina.data.nodes.graph import NodeGraph

_BLOCK = 1 << 22  # pairs that are scored at a time


def best_pairs(
    vectors: np.ndarray, starts: np.ndarray, graph: NodeGraph, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs without an edge from some nodes to any with the highest z_a · z_b, the best first.

    Each pair comes back once, whichever of its nodes are asked about.

    Args:
        vectors: z of every node, (nodes, width).
        starts: different nodes.
        graph: with all edges that are known.
        n: how many pairs.

    Returns:
        int32 (pairs, 2) and float64 (pairs,). O(starts · nodes · width)

    Example:
        >>> z = np.array([[2.0], [1.0], [-1.0], [3.0]])
        >>> graph = NodeGraph(4, np.array([[0, 3], [3, 0]], np.int32))
        >>> pairs, scores = best_pairs(z, np.arange(4), graph, 2)
        >>> pairs.tolist(), scores.tolist()
        ([[1, 3], [0, 1]], [3.0, 2.0])
    """
    count, known = graph.count, np.unique(graph.coded(graph.edges))
    is_start = np.zeros(count, bool)
    is_start[starts] = True
    codes, scores = np.zeros(0, np.int64), np.zeros(0)
    size = max(1, _BLOCK // count)
    for start in range(0, len(starts), size):
        own = starts[start : start + size]
        found = vectors[own].astype(np.float64) @ vectors.T
        others = np.arange(count)
        allowed = (own[:, None] < others) | ~is_start  # a pair of two starts comes from the smaller one
        allowed &= own[:, None] != others
        pairs = own[:, None].astype(np.int64) * count + others
        allowed &= ~np.isin(pairs, known)
        codes = np.concatenate([codes, pairs[allowed]])
        scores = np.concatenate([scores, found[allowed]])
        kept = np.argsort(-scores, kind="stable")[:n]
        codes, scores = codes[kept], scores[kept]
    return graph.decoded(codes), scores


def common_neighbors(graph: NodeGraph, pairs: np.ndarray) -> np.ndarray:
    """Return how many nodes have an edge to both nodes of each pair.

    Args:
        graph: whose edges are sorted by receiver.
        pairs: (pairs, 2).

    Example:
        >>> graph = NodeGraph(3, np.array([[2, 0], [2, 1]], np.int32))
        >>> common_neighbors(graph, np.array([[0, 1], [0, 2]])).tolist()
        [1, 0]
    """

    def senders(node: int) -> np.ndarray:
        start, end = np.searchsorted(graph.edges[:, 1], [node, node + 1])
        return np.unique(graph.edges[start:end, 0])

    found = [len(np.intersect1d(senders(a), senders(b), assume_unique=True)) for a, b in pairs.tolist()]
    return np.array(found, np.int64)
