"""Nodes as a modality: what the arrays hold, what the audit says, and a network from file to predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.casting import cast

import lamina
from lamina.cli.main import main
from lamina.core.errors import DataError
from lamina.core.shared_arrays import COMMON
from lamina.data import read, split_rows
from lamina.modalities import Subject
from lamina.modalities.node.check import NodeCheck
from lamina.modalities.node.encoder import NodeEncoder

COMMUNITY = 20


def graph(folder: Path, name: str = "graph.npz", *, seed: int = 0, **more: np.ndarray) -> Path:
    """Two communities with many edges within, few between; features say nothing by themselves."""
    random = np.random.default_rng(seed)
    y = np.repeat([0, 1], COMMUNITY)
    likely = np.where(y[:, None] == y[None, :], 0.4, 0.03)
    upper = np.triu(random.random(likely.shape) < likely, 1)
    edges = np.stack(np.nonzero(upper | upper.T))
    path = folder / name
    np.savez(path, **{"edge_index": edges, "y": y, **more})
    return path


def codes(path: Path) -> list[tuple[str, str]]:
    found = cast(read(path), "target")
    (block,) = found.blocks
    check = NodeCheck(Subject(found.claims.table, found.schema), block)
    return [(finding.level, finding.code) for finding in check.findings()]


def test_sparse_rows_add_up_to_one(tmp_path: Path):
    sparse = {
        "feat_indptr": np.arange(41) * 2,
        "feat_indices": np.tile([0, 2], 40),
        "feat_data": np.tile([1.0, 3.0], 40),
        "feat_shape": np.array([40, 3]),
    }
    table = read(graph(tmp_path, **sparse))
    encoder = NodeEncoder.fit(table, "node", np.arange(10))
    found = encoder.transform(table, np.array([3]))
    assert found["at"].tolist() == [3] and found[COMMON]["symbols"].shape == (1, 40, 2)
    assert found[COMMON]["scale"][0, 0].tolist() == [0.25, 0.75]
    assert encoder.inputs.graph.symbols == 3 and encoder.inputs.graph.weighted


def test_dense_features_are_standardized_by_the_training_nodes(tmp_path: Path):
    x = np.stack([np.arange(40.0), np.full(40, 7.0)], axis=1)
    table = read(graph(tmp_path, x=x))
    encoder = NodeEncoder.fit(table, "node", np.arange(11))
    numbers = encoder.transform(table)[COMMON]["numbers"][0]
    assert encoder.mean == (5.0, 7.0) and numbers[:11].mean() == pytest.approx(0, abs=1e-6)
    assert (numbers[:, 1] == 0).all(), "a constant is left as it is"


def test_nodes_without_features_are_their_own_symbols(tmp_path: Path):
    table = read(graph(tmp_path))
    encoder = NodeEncoder.fit(table, "node", np.arange(5))
    assert encoder.transform(table)[COMMON]["symbols"][0, :, 0].tolist() == list(range(40))
    other = read(graph(tmp_path, "other.npz", x=np.zeros((40, 2))))
    with pytest.raises(DataError, match=r"expected 40 nodes without features, got 2 dense features"):
        encoder.transform(other)


def test_what_the_audit_says_of_edges(tmp_path: Path):
    assert codes(graph(tmp_path)) == []
    ring = np.stack([np.arange(40), np.roll(np.arange(40), 1)])
    assert codes(graph(tmp_path, edge_index=ring)) == [("note", "directed")]
    both = np.concatenate([ring, ring[::-1]], axis=1)
    assert codes(graph(tmp_path, edge_index=both)) == []
    assert codes(graph(tmp_path, edge_index=both[:, :-1])) == [("warning", "one-way-edges")]
    twice = np.concatenate([both, both], axis=1)
    assert codes(graph(tmp_path, edge_index=twice)) == [("warning", "duplicate-edges")]
    loop = np.concatenate([both, [[3], [3]]], axis=1)
    assert codes(graph(tmp_path, edge_index=loop)) == [("note", "self-loops")]
    assert codes(graph(tmp_path, edge_index=np.array([[0, 1], [1, 0]]))) == [("note", "isolated-nodes")]
    assert codes(graph(tmp_path, edge_index=np.zeros((2, 0), int))) == [("warning", "no-edges")]


def test_test_nodes_that_train_are_told(tmp_path: Path):
    found = cast(read(graph(tmp_path)), "target")
    (block,) = found.blocks
    table = found.claims.table
    check = NodeCheck(Subject(table, found.schema), block)
    split = split_rows(table, found.schema, seed=0)
    (same,) = check.second(table, split)
    assert same.code == "duplicates" and "32 of 40 test nodes are training nodes" in same.message
    assert [*check.second(read(graph(tmp_path, "other.npz", seed=1)), split)] == []


def test_a_network_from_a_file_to_predictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    split = np.where(np.arange(40) % 4 == 0, "train", "valid")
    parts = {"train_idx": np.flatnonzero(split == "train"), "val_idx": np.flatnonzero(split == "valid")}
    path = graph(tmp_path, **parts)
    words = ["epochs=60", "size=8", "dropout=0", "lr=0.05", "--out", str(tmp_path / "run")]
    assert main(["fit", str(path), "--target", "target", *words]) == 0
    capsys.readouterr()
    network = lamina.load(tmp_path / "run")
    assert network.evaluate(path)["accuracy"] > 0.9, "the structure tells the communities apart"
    found = network.predict(path)
    assert len(found) == 40 and set(found.tolist()) == {0, 1}
    assert main(["predict", str(tmp_path / "run"), str(path), "--out", str(tmp_path / "p.csv")]) == 0
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 41
    page = (tmp_path / "run" / "report.html").read_text()
    assert "connected components" in page and "Map of the nodes" in page
