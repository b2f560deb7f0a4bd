"""Graphs as arrays: symbols, numbers, edges beside nodes."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from tests.contracts.samples import graphs as sample

from lamina.core.errors import DataError
from lamina.core.inputs.graph import GraphInputs
from lamina.data import CellTable
from lamina.data.cells import columns_beside
from lamina.data.graphs.column import GraphColumn
from lamina.data.graphs.store import Features, Graphs
from lamina.data.ragged import Ragged
from lamina.modalities.base import Situation
from lamina.modalities.graph.choose import choose
from lamina.modalities.graph.encoder import GraphEncoder
from lamina.models import MODELS


def rings(sizes: list[int], kinds: list[str] | None = None) -> CellTable:
    """Rings of the given sizes."""
    parts = [np.stack([np.arange(n), (np.arange(n) + 1) % n], axis=1) for n in sizes]
    edges = np.concatenate([np.concatenate([part, part[:, ::-1]]) for part in parts]).astype(np.int32)
    nodes = Features.none(sum(sizes)) if kinds is None else Features.of_symbols(np.array(kinds), "kind")
    found = Graphs(
        np.cumsum(sizes), np.cumsum([2 * n for n in sizes]), edges, nodes, Features.none(len(edges))
    )
    return CellTable({"graph": GraphColumn("graph", found)}, columns_beside({}, len(sizes), "<arrays>"))


def edges_of(arrays: dict[str, Any], row: int) -> set[tuple[int, int]]:
    flat = arrays["edges"][row].reshape(-1, 2)
    return {(int(a), int(b)) for a, b in flat if a >= 0}


def test_edges_stand_beside_nodes_and_come_back_whole():
    table = rings([3, 5, 9], list("ab" * 8 + "c"))
    encoder = GraphEncoder.fit(table, "graph")
    arrays = encoder.transform(table)
    assert encoder.per_place == 2 and encoder.widths == (16,)
    assert arrays["edges"].shape == (3, 16, 2, 2) and arrays["mask"].sum(1).tolist() == [3, 5, 9]
    assert edges_of(arrays, 0) == {(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)}
    assert len(edges_of(arrays, 2)) == 18
    assert arrays["symbols"][0, :4, 0].tolist() == [0, 1, 0, -1]


def test_dense_graphs_are_as_long_as_their_edges():
    full = np.array([[a, b] for a in range(6) for b in range(6)], np.int32)
    symbols = Features.of_symbols(np.arange(6), "kind")
    graphs = Graphs(np.array([6]), np.array([36]), full, symbols, Features.none(36))
    table = CellTable({"graph": GraphColumn("graph", graphs)}, columns_beside({}, 1, "<arrays>"))
    arrays = GraphEncoder.fit(table, "graph").transform(table)
    assert len(edges_of(arrays, 0)) == 36 and arrays["mask"].sum() == 6


def test_nodes_that_nothing_tells_apart_are_told_by_their_edges():
    encoder = GraphEncoder.fit(rings([3, 4]), "graph")
    assert encoder.has_degrees and encoder.inputs == GraphInputs(symbols=3, degrees=(0, 0, 7))
    assert encoder.transform(rings([3]))["symbols"][0, :3, 0].tolist() == [2, 2, 2]


def test_a_larger_graph_than_any_of_training_is_read_and_told():
    encoder = GraphEncoder.fit(rings([3, 4, 5], list("ab" * 6)), "graph")
    new = rings([4, 100], ["a", "z"] * 52)
    arrays = encoder.transform(new)
    assert isinstance(arrays["edges"], Ragged) and arrays["edges"].shape[1] == 104
    whole = {name: leaf.take(np.arange(2)) for name, leaf in arrays.items()}
    assert len(edges_of(whole, 1)) == 200
    assert {(found.code, found.rows.tolist()[-1]) for found in encoder.strange(new, arrays)} == {
        ("unseen-node-symbol", 1),
        ("large-graph", 1),
    }


def test_most_graphs_share_one_length():
    sizes = [int(n) for n in np.random.default_rng(0).integers(3, 12, 300)] + [60] * 6
    table = rings(sizes, ["a", "b"] * (sum(sizes) // 2) + ["a"] * (sum(sizes) % 2))
    encoder = GraphEncoder.fit(table, "graph")
    assert encoder.widths == (16, 64)
    arrays = encoder.transform(table)
    assert arrays["mask"].take(np.arange(5)).shape == (5, 16)
    assert len({leaf.take(np.array([1, 303])).shape[1] for leaf in jax.tree.leaves(arrays)}) == 1


def test_chances_of_return_are_numbers():
    encoder = GraphEncoder.fit(rings([3, 4]), "graph", walk_steps=3)
    found = encoder.transform(rings([4]))["numbers"][0, 0]
    np.testing.assert_allclose(found, [0, 0.5, 0], atol=1e-6)


def test_graphs_without_what_was_learned_are_refused():
    encoder = GraphEncoder.fit(sample(0), "graph")
    with pytest.raises(DataError, match="the graphs have no 'node'"):
        encoder.transform(rings([3]))
    with pytest.raises(DataError, match="no graph has a node"):
        GraphEncoder.fit(rings([3]).take(np.arange(0)), "graph")


@pytest.mark.parametrize("name", ["gcn", "gat", "sage", "gin", "mpnn", "pna", "gps"])
def test_every_model_over_graphs_has_keys(name: str):
    choice = choose(Situation(GraphInputs(symbols=3), 500, "classes", 2, model=name))
    assert choice.model == name and set(choice.options) <= {*MODELS[name].options}
