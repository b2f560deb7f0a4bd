"""What is said of graphs before anything is learned."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.casting import cast
from tests.contracts.samples import graphs as sample

from lamina.data import CellTable, Finding, read, split_rows
from lamina.data.cells import columns_beside
from lamina.data.graphs.column import GraphColumn
from lamina.data.graphs.store import Features, Graphs
from lamina.modalities import MODALITIES, Subject
from lamina.modalities.graph.modality import GraphKeys
from lamina.tasks.aside import leave_out
from lamina.tasks.audit import check

RING = [[0, 1], [1, 2], [2, 0], [1, 0], [2, 1], [0, 2]]


def table_of(edges: list[list[list[int]]], nodes: int = 4) -> CellTable:
    """Graphs of four nodes, each with its number as a symbol, so that all differ."""
    count = len(edges)
    flat = np.array([edge for own in edges for edge in own], np.int32).reshape(-1, 2)
    features = Features.of_symbols(np.arange(count * nodes), "kind")
    ends = np.cumsum([nodes] * count), np.cumsum([len(own) for own in edges])
    found = Graphs(*ends, flat, features, Features.none(len(flat)))
    labels = np.array(["yes", "no"] * (count // 2))
    return CellTable({"graph": GraphColumn("graph", found)}, columns_beside({"y": labels}, count, "<arrays>"))


def findings(table: CellTable) -> list[Finding]:
    found = cast(table, "y")
    (block,) = found.blocks
    checks = MODALITIES["graph"].check(Subject(found.claims.table, found.schema), block, GraphKeys())
    return [*checks.findings(), *checks.across(split_rows(table, found.schema, seed=0, valid=0.5, test=0.0))]


def said(table: CellTable) -> dict[str, str]:
    return {finding.code: finding.message for finding in findings(table)}


@pytest.mark.parametrize(
    ("edges", "code", "message"),
    [
        ([*RING, [0, 9]], "dangling-edge", "edges lead to nodes that are not there in 1 graph"),
        ([], "no-edges", "1 graph has no edge"),
        (RING, "isolated-node", "10 graphs have a node without an edge"),
        ([*RING, [1, 1]], "self-loop", "1 graph has an edge from a node to itself"),
        ([*RING, [0, 1]], "repeated-edge", "1 graph has an edge that stands there twice"),
        ([*RING, [0, 3]], "one-way-edges", "some edges stand in one direction only"),
    ],
)  # fmt: skip
def test_faults_of_edges_are_told(edges: list[list[int]], code: str, message: str):
    assert said(table_of([edges, *[RING] * 9]))[code].startswith(message)


def test_the_same_graph_on_both_sides_of_the_split_is_told():
    table = sample(0)
    twice = table.take(np.repeat(np.arange(table.height), 2)[:60])
    assert "held-out graphs equal a training graph" in said(twice)["duplicates"]
    assert "duplicates" not in said(table)


def test_equal_graphs_with_different_labels_are_told():
    table = sample(0)
    beside = columns_beside({"y": np.array(["yes", "no"] * 30)}, 60, "<arrays>")
    twice = table.cells["graph"].take(np.repeat(np.arange(30), 2))
    found = said(CellTable({"graph": twice}, beside))["contradicting-labels"]
    assert found.startswith("60 graphs are equal to one with another label")


def molecules(texts: list[str | None]) -> pl.DataFrame:
    chains = ["C" * n + "(=O)" + "O" * m for n in range(1, 9) for m in range(1, 3)]
    values = [*texts, *chains, *["C1CC" + "C" * n + "1" for n in range(1, 9)]]
    return pl.DataFrame({"smiles": values, "y": np.arange(len(values)) % 2})


def test_a_molecule_that_cannot_be_read_is_named_with_row_and_text(tmp_path):
    pytest.importorskip("rdkit")
    path = tmp_path / "drugs.csv"
    molecules(["CF(C)C"]).write_csv(path)
    found = check(str(path), "y", read_as="smiles:graph")
    (error,) = [finding for finding in found.findings if finding.code == "unreadable-graph"]
    assert (
        error.level == "error" and "line 2" in error.where and "'CF(C)C': Explicit valence" in error.message
    )
    assert "unreadable=skip" in error.fix
    again = check(str(path), "y", read_as="smiles:graph", unreadable="skip")
    assert {f.code for f in again.findings if f.level == "error"} == set()
    assert "rows-left-out" in {f.code for f in again.findings}


def test_only_asked_for_rows_are_left_out():
    pytest.importorskip("rdkit")
    found = cast(read(molecules(["CF(C)C"])), "y", read_as="smiles:graph")
    table, schema = found.claims.table, found.schema
    assert leave_out(table, schema, {"graph": GraphKeys()}).table is table
    assert leave_out(table, schema, {"graph": GraphKeys(unreadable="skip")}).table.height == table.height - 1


def test_rows_without_a_molecule_are_an_error_where_nothing_else_tells_them():
    pytest.importorskip("rdkit")
    frame = molecules([None])
    assert "absent-graph" in {
        f.code for f in check(frame, "y", read_as="smiles:graph").findings if f.level == "error"
    }
    beside = frame.with_columns(pl.Series("dose", np.random.default_rng(0).normal(size=frame.height)))
    found = {f.code: f.level for f in check(beside, "y", read_as="smiles:graph").findings}
    assert found["absent-graph"] == "note"
