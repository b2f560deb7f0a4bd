"""Which nodes of a graph hang together, and what reaches a node."""

from __future__ import annotations

import numpy as np

from lamina.data.nodes.graph import NodeGraph


def components(graph: NodeGraph) -> np.ndarray:
    """Return the number of the connected component of each node, int32; edges lead both ways for that.

    Args:
        graph: all nodes and edges. O(nodes + edges)

    Example:
        >>> components(NodeGraph(4, np.array([[2, 0], [3, 2]], np.int32))).tolist()
        [0, 1, 0, 0]
    """
    from scipy.sparse import coo_matrix  # which runs without graphs do without
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(graph.edges), bool)
    matrix = coo_matrix((ones, (graph.edges[:, 0], graph.edges[:, 1])), shape=(graph.count, graph.count))
    return connected_components(matrix, directed=False)[1]


def neighborhood(graph: NodeGraph, node: int, *, rounds: int = 2, most: int = 40) -> np.ndarray:
    """Return a node and those from which messages reach it in some rounds, the nearest first.

    Args:
        graph: whose edges are sorted by receiver.
        node: its number.
        rounds: edges that a message passes at most.
        most: how many nodes come back; where there are more, they are spread evenly over the numbers of the
            round.

    Example:
        >>> graph = NodeGraph(5, np.array([[1, 0], [2, 1], [3, 1], [4, 3]], np.int32))
        >>> neighborhood(graph, 0).tolist(), neighborhood(graph, 0, most=3).tolist()
        ([0, 1, 2, 3], [0, 1, 2])
    """
    found, last = np.array([node]), np.array([node])
    for _ in range(rounds):
        starts, ends = (np.searchsorted(graph.edges[:, 1], last, side) for side in ("left", "right"))
        senders = [graph.edges[start:end, 0] for start, end in zip(starts, ends, strict=True)]
        last = np.setdiff1d(np.concatenate([last[:0], *senders]), found)
        left = most - len(found)
        if len(last) > left:
            last = last[np.linspace(0, len(last) - 1, left).round().astype(int)] if left > 1 else last[:left]
        found = np.concatenate([found, last])
    return found


def edges_between(graph: NodeGraph, nodes: np.ndarray) -> np.ndarray:
    """Return the edges between some nodes as places among these, each pair once, loops left out.

    Args:
        graph: whose edges are sorted by receiver.
        nodes: different ones.

    Example:
        >>> graph = NodeGraph(5, np.array([[4, 1], [1, 4], [2, 4]], np.int32))
        >>> edges_between(graph, np.array([4, 1])).tolist()
        [[0, 1]]
    """
    starts, ends = (np.searchsorted(graph.edges[:, 1], nodes, side) for side in ("left", "right"))
    place = {node: number for number, node in enumerate(nodes.tolist())}
    pairs = {
        (min(place[sender], here), max(place[sender], here))
        for here, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
        for sender in graph.edges[start:end, 0].tolist()
        if sender in place and place[sender] != here
    }
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)
