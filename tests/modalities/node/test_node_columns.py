"""Columns of neighbors: what the graph's arrays hold of them, and that a network learns from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tests.casting import cast

import lamina
from lamina.core.errors import ArtifactError, LaminaWarning
from lamina.core.shared_arrays import COMMON
from lamina.data import read
from lamina.data.schema import ColumnSchema
from lamina.modalities.blocks import Encoders, as_learned
from lamina.modalities.node.encoder import NodeEncoder
from lamina.modalities.node.stored import check_encoder
from lamina.modalities.registry import MODALITIES

NODES = "id,age,club,team\na,30,x,red\nb,40,y,red\nc,,x,blue\nd,90,z,blue\n"
EDGES = "source,target\na,b\nb,c\nc,d\n"
COLUMNS = [ColumnSchema("age", "numeric"), ColumnSchema("club", "category")]


def folder(root: Path, nodes: str = NODES, edges: str = EDGES) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "nodes.csv").write_text(nodes)
    (root / "edges.csv").write_text(edges)
    return root


def encoders(path: Path, rows: list[int]) -> Encoders:
    """The encoders of both blocks, fitted to some rows."""
    found = cast(read(path), "team", drop=())
    fitted = {
        block.name: block.modality.fit(found.claims.table, block, np.array(rows), block.modality.keys())
        for block in found.blocks
    }
    return Encoders(found.blocks, fitted)


def test_neighbors_are_seen_with_numbers_and_categories(tmp_path: Path):
    path = folder(tmp_path)
    own = encoders(path, [0, 1, 2])
    found = own.transform(read(path), np.array([1]))
    graph, rows = found["node"][COMMON], own.encoders["table"].transform(read(path))
    np.testing.assert_array_equal(graph["numbers"][0], rows["numeric"])
    assert graph["symbols"].shape == (1, 4, 2), "a node's own symbol, and that of its club"
    np.testing.assert_array_equal(graph["symbols"][0, :, 1] - 4, rows["category"][:, 0])
    inputs = own.encoders["node"].inputs
    assert inputs.graph.numbers == rows["numeric"].shape[1] == 2, "the age, and whether it is missing"
    assert inputs.graph.symbols == 4 + own.encoders["table"].inputs.cardinalities[0]


def test_texts_of_neighbors_are_read_as_in_training(tmp_path: Path):
    path = folder(tmp_path, NODES.replace("30", "30 kg").replace("40", "40 kg").replace("90", "90 kg"))
    found = cast(read(path), "team", drop=())
    table = as_learned(read(path), found.schema)
    columns = table.column("node").graph.columns  # type: ignore[attr-defined]
    np.testing.assert_array_equal(columns.scalar("age").numbers(), [30, 40, np.nan, 90])
    np.testing.assert_array_equal(table.take(np.array([1])).scalar("age").numbers(), [40])


def test_the_target_and_held_out_rows_say_nothing(tmp_path: Path):
    first = encoders(folder(tmp_path / "a"), [0, 1])
    other = NODES.replace("90,z,blue", "-5,x,green").replace("a,30,x,red", "a,30,x,green")
    second = encoders(folder(tmp_path / "b", other), [0, 1])
    assert first.to_json() == second.to_json(), "scales and categories are those of the training rows"
    graphs = [
        one.transform(read(tmp_path / name))["node"][COMMON] for one, name in ((first, "a"), (second, "b"))
    ]
    for name in ("numbers", "symbols"):
        np.testing.assert_array_equal(graphs[0][name][0, :3], graphs[1][name][0, :3])


def test_nodes_of_a_graph_that_grew_are_known_by_their_names(tmp_path: Path):
    own = encoders(folder(tmp_path / "a"), [0, 1, 2])
    nodes = "id,age,club\nnew,30,x\nd,1,x\na,2,y\n"
    grown = read(folder(tmp_path / "b", nodes, "source,target\nnew,a\n"))
    found = own.transform(grown)
    assert found["node"][COMMON]["symbols"][0, :, 0].tolist() == [-1, 3, 0]
    (strange,) = own.encoders["node"].strange(grown, found["node"])
    assert strange.code == "unseen-node" and strange.rows.tolist() == [0]


def test_the_form_in_json_is_checked(tmp_path: Path):
    encoder = NodeEncoder.fit(read(folder(tmp_path)), "node", np.arange(3))
    stored = {"modality": "node", **encoder.to_json()}
    again = MODALITIES["node"].restore(stored, "blocks.node")
    assert again == encoder and encoder.names == ("a", "b", "c", "d") and encoder.sees_columns
    blind = dataclasses.replace(encoder, sees_columns=False)
    assert blind.with_columns({"table": encoder}) is blind
    with pytest.raises(ArtifactError, match="names"):
        check_encoder({**stored, "names": ["a"]}, "blocks.node")


def of_senders(root: Path, seed: int, count: int = 240) -> Path:
    """A ring in one direction: what a person says depends on columns of the one before alone."""
    random = np.random.default_rng(seed)
    value, kind = random.normal(size=count).round(4), random.choice(["p", "q"], count)
    before = np.roll(np.arange(count), 1)
    y = np.where(value[before] + 1.5 * (kind[before] == "p") > 0.75, "yes", "no")
    rows = [f"n{seed}_{i},{value[i]},{kind[i]},{y[i]}" for i in random.permutation(count)]
    edges = [f"n{seed}_{before[i]},n{seed}_{i}" for i in range(count)]
    nodes = "\n".join(["id,value,kind,y", *rows]) + "\n"
    return folder(root, nodes, "\n".join(["source,target", *edges]) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize("neighbors", ["none", "3,3"])
def test_a_column_of_a_neighbor_is_learned_from(tmp_path: Path, neighbors: str):
    path, other = of_senders(tmp_path / "a", 0), of_senders(tmp_path / "b", 1)
    net = lamina.fit(path, target="y", directed=True, neighbors=neighbors, epochs=300)
    assert net.info.metrics["valid"]["accuracy"] > 0.85
    with pytest.warns(LaminaWarning, match="nodes that training did not have: node 240"):
        found = net.evaluate(net.read(other, directed=True))
    assert found["accuracy"] > 0.85, "people of another graph are known by their columns"


@pytest.mark.slow
def test_without_columns_of_neighbors_it_cannot_be_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(NodeEncoder, "with_columns", lambda self, shared: self)
    net = lamina.fit(of_senders(tmp_path, 0), target="y", directed=True, epochs=300)
    assert net.info.metrics["valid"]["accuracy"] < 0.7
