"""Connected components and neighborhoods, against plain searches."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.data.nodes.components import components, edges_between, neighborhood
from lamina.data.nodes.graph import NodeGraph, sorted_edges

COUNT = 60


def graph(seed: int, edges: int = 50) -> NodeGraph:
    random = np.random.default_rng(seed)
    return NodeGraph(COUNT, sorted_edges(random.integers(0, COUNT, (edges, 2))))


def searched(pairs: set[tuple[int, int]], start: int, rounds: int) -> set[int]:
    """The nodes from which edges lead to a node in some rounds."""
    found = {start}
    for _ in range(rounds):
        found |= {a for a, b in pairs if b in found}
    return found


@pytest.mark.parametrize("seed", range(3))
def test_components_are_what_a_search_finds(seed: int):
    own = graph(seed)
    both = {(a, b) for a, b in own.edges.tolist()} | {(b, a) for a, b in own.edges.tolist()}
    labels = components(own)
    for node in range(0, COUNT, 7):
        assert set(np.flatnonzero(labels == labels[node]).tolist()) == searched(both, node, COUNT)
    assert len(components(NodeGraph(3, np.zeros((0, 2), np.int32)))) == 3


def test_many_copies_of_an_edge_are_an_edge():
    assert components(NodeGraph(2, np.repeat(np.array([[0, 1]], np.int32), 256, axis=0))).tolist() == [0, 0]


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_neighborhood_is_what_reaches_the_node(rounds: int):
    own = graph(5, 120)
    pairs = {(a, b) for a, b in own.edges.tolist()}
    for node in range(0, COUNT, 11):
        found = neighborhood(own, node, rounds=rounds, most=COUNT)
        assert found[0] == node and set(found.tolist()) == searched(pairs, node, rounds)
        assert len(set(found.tolist())) == len(found)
        few = neighborhood(own, node, rounds=rounds, most=5)
        assert len(few) == min(5, len(found)) and few[0] == node and set(few) <= set(found)


def test_edges_between_nodes_stand_once_and_without_loops():
    own = graph(6, 300)
    nodes = np.array([7, 3, 50, 22, 9])
    found = edges_between(own, nodes)
    expected = {
        tuple(sorted((nodes.tolist().index(a), nodes.tolist().index(b))))
        for a, b in own.edges.tolist()
        if a != b and a in nodes and b in nodes
    }
    assert set(map(tuple, found.tolist())) == expected and len(found) == len(expected)
    assert edges_between(own, np.array([4])).shape == (0, 2)
