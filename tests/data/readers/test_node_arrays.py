"""Graphs in NumPy archives: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.casting import cast

from lamina.core.errors import DataError
from lamina.data import read, split_rows
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph, SparseRows

EDGES = np.array([[0, 1, 1, 2, 3], [1, 0, 2, 1, 3]])
SPARSE = {
    "feat_indptr": np.array([0, 2, 2, 3, 4]),
    "feat_indices": np.array([0, 4, 1, 2]),
    "feat_data": np.array([1.0, 2.0, 3.0, 4.0]),
    "feat_shape": np.array([4, 5]),
}


def saved(folder: Path, **arrays: Any) -> Path:
    path = folder / "graph.npz"
    np.savez(path, **{"edge_index": EDGES, "y": np.array([0, 1, 0, -1]), **arrays})
    return path


def graph_of(path: Path) -> NodeGraph:
    column = read(path).column("node")
    assert isinstance(column, NodeColumn) and column.files() == [str(path)]
    return column.graph


def test_dense_features_and_labels(tmp_path: Path):
    path = saved(tmp_path, x=np.arange(8).reshape(4, 2))
    table = read(path)
    assert table.names == ("node", "target") and table.height == 4
    assert [table.labels("target").value(row) for row in range(4)] == [0, 1, 0, None]
    graph = graph_of(path)
    assert graph.edges.tolist() == [[1, 0], [0, 1], [2, 1], [1, 2], [3, 3]]
    assert (
        isinstance(graph.features, np.ndarray)
        and graph.width == 2
        and graph.degrees().tolist() == [1, 2, 1, 1]
    )


def test_sparse_features(tmp_path: Path):
    features = graph_of(saved(tmp_path, **SPARSE)).features
    assert isinstance(features, SparseRows) and features.lengths.tolist() == [2, 0, 1, 1]
    assert features.padded(features.columns, -1).tolist() == [[0, 4], [-1, -1], [1, -1], [2, -1]]
    assert features.padded(features.values, 0).tolist()[0] == [1.0, 2.0]


@pytest.mark.parametrize("is_mask", [False, True])
def test_published_parts_become_a_split(tmp_path: Path, is_mask: bool):
    parts = {"train": [0], "val": [1], "test": [2]}
    kind = "mask" if is_mask else "idx"
    given = {
        f"{part}_{kind}": np.isin(range(4), rows) if is_mask else np.array(rows)
        for part, rows in parts.items()
    }
    found = cast(read(saved(tmp_path, y=np.array([0, 1, 0, 1]), **given)), "target")
    table, schema = found.claims.table, found.schema
    assert schema.split == "split" and [column.modality for column in schema.inputs] == ["node"]
    split = split_rows(table, schema, seed=0)
    assert (split.train.tolist(), split.valid.tolist(), split.test.tolist()) == ([0], [1], [2])
    assert table.column("split").value(3) == "unused", "a node in no part is a neighbor alone"


def test_rows_are_taken_of_the_same_graph(tmp_path: Path):
    column = read(saved(tmp_path)).take(np.array([2, 0])).column("node")
    assert isinstance(column, NodeColumn) and column.ids.tolist() == [2, 0] and column.graph.count == 4
    assert column.value(0) == "node 2" and not column.missing().any()
    whole = read(saved(tmp_path)).column("node")
    assert isinstance(whole, NodeColumn)
    np.testing.assert_array_equal(column.digests(), whole.digests()[[2, 0]])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"edge_index": EDGES.T}, "are no edges; expected whole numbers (2, edges)"),
        ({"edge_index": EDGES.astype(float)}, "are no edges"),
        (
            {"edge_index": EDGES + 1},
            "edge 4: 1 edge of nodes that are not there; expected nodes 0 to 3, got 4 to 4",
        ),
        ({"x": np.zeros(4)}, "the features are no matrix"),
        ({"x": np.zeros((4, 2)), "y": np.zeros(3)}, "one label a node"),
        ({**SPARSE, "feat_indices": np.array([0, 4, 1, 9])}, "do not fit together"),
        ({"feat_indptr": SPARSE["feat_indptr"]}, "there is no array 'feat_indices'"),
        ({"x": np.array([[1.0], [np.nan], [2.0], [3.0]])}, "node 1: a feature is missing or infinite"),
        (
            {**SPARSE, "feat_data": np.array([1.0, 2.0, 3.0, np.inf])},
            "node 3: a feature is missing or infinite",
        ),
        ({**SPARSE, "feat_shape": np.array([], int)}, "do not fit together"),
        ({**SPARSE, "feat_indptr": np.array([], int)}, "do not fit together"),
        ({**SPARSE, "feat_indices": SPARSE["feat_indices"] + 0.5}, "do not fit together"),
        ({"y": np.array(3)}, "one label a node; expected y (nodes,)"),
        (
            {"train_mask": np.ones(3, bool)},
            "names no nodes; expected numbers of nodes, or true and false (4,)",
        ),
        ({"train_idx": np.array([0.0, 1.0])}, "names no nodes"),
        ({"train_idx": np.array([0, 9])}, "names nodes that are not there"),
        ({"train_idx": np.array([0]), "test_idx": np.array([0])}, "node 0 is in two parts"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, arrays: dict[str, Any], words: str):
    with pytest.raises(DataError) as caught:
        read(saved(tmp_path, **arrays))
    assert words in str(caught.value) and "graph.npz" in str(caught.value)


def test_other_archives_are_read_as_before(tmp_path: Path):
    np.savez(tmp_path / "plain.npz", X=np.zeros((3, 2)), y=np.array([0, 1, 0]))
    assert read(tmp_path / "plain.npz").names[-1] == "target"
