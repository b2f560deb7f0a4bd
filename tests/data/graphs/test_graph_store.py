"""Graphs in flat arrays."""

from __future__ import annotations

import numpy as np

from lamina.data.graphs.column import GraphColumn
from lamina.data.graphs.store import Features, Graphs


def ring(size: int) -> np.ndarray:
    one = np.stack([np.arange(size), (np.arange(size) + 1) % size], axis=1)
    return np.concatenate([one, one[:, ::-1]]).astype(np.int32)


def graphs_of(parts: list[np.ndarray], symbols: list[list[str]]) -> Graphs:
    nodes, edges = [len(own) for own in symbols], [len(part) for part in parts]
    found = Features.of_symbols(np.array([s for own in symbols for s in own]), "kind")
    links = Features.none(sum(edges))
    return Graphs(np.cumsum(nodes), np.cumsum(edges), np.concatenate(parts), found, links)


GRAPHS = graphs_of([ring(3), ring(4), ring(4)], [list("aab"), list("aabb"), list("abab")])


def test_rows_are_taken_in_any_order():
    found = GRAPHS.take(np.array([2, 0, 0]))
    assert found.node_counts.tolist() == [4, 3, 3] and found.edge_counts.tolist() == [8, 6, 6]
    assert [found.nodes.texts(node)[0] for node in range(6)] == list("ababaa")
    np.testing.assert_array_equal(found.edges[8:14], ring(3))
    assert len(GRAPHS.take(np.arange(0))) == 0


def test_the_digest_knows_a_graph_whatever_the_order_of_its_nodes():
    order = np.array([2, 0, 3, 1])
    renamed = order[ring(4)].astype(np.int32)
    letters = np.array(list("aabb"))
    shuffled = np.empty(4, "U1")
    shuffled[order] = letters
    other = graphs_of([renamed[::-1]], [shuffled.tolist()])
    assert other.digests()[0] == GRAPHS.digests()[1]
    assert len(set(GRAPHS.digests().tolist())) == 3


def test_numbers_and_edges_count_in_the_digest():
    base = graphs_of([ring(3)], [list("aaa")])
    nodes = base.nodes.with_numbers(np.array([[1.0], [2.0], [3.0]]), ["x"])
    changed = base.nodes.with_numbers(np.array([[1.0], [2.0], [3.5]]), ["x"])
    found = {
        int(Graphs(base.node_ends, base.edge_ends, base.edges, own, base.links).digests()[0])
        for own in (base.nodes, nodes, changed)
    }
    assert len(found) == 3


def test_a_column_takes_rows_without_touching_graphs():
    column = GraphColumn("g", GRAPHS)
    part = column.take(np.array([1]))
    assert len(part) == 1 and part._own is None and part.graphs.node_counts.tolist() == [4]
    assert part.value(0) == "a graph of 4 nodes and 8 edges"
    assert part.digests()[0] == column.digests()[1] and not part.missing().any() and part.files() == []
    assert "labels" in str(part.unlabeled("x"))
