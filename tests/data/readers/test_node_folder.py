"""Graphs in two tables: how nodes and edges are known, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph

NODES, EDGES = "id,age,club\na,30,x\nb,40,y\nc,50,x\n", "source,target,since\na,b,1999\nc,b,2001\nc,c,2002\n"


def folder(root: Path, nodes: str = NODES, edges: str = EDGES, ending: str = ".csv") -> Path:
    (root / f"nodes{ending}").write_text(nodes)
    (root / f"edges{ending}").write_text(edges)
    return root


def graph(path: Path, **keys: bool) -> NodeGraph:
    column = read(path, **keys).column("node")
    assert isinstance(column, NodeColumn)
    return column.graph


def test_nodes_are_rows_and_edges_have_no_direction(tmp_path: Path):
    table = read(folder(tmp_path))
    assert table.names == ("node", "age", "club") and table.height == 3 and table.source == str(tmp_path)
    assert graph(tmp_path).edges.tolist() == [[1, 0], [0, 1], [2, 1], [1, 2], [2, 2]], "a loop stands once"
    assert table.remarks == ("1 column of edges left aside: 'since'",)
    column = table.column("node")
    assert isinstance(column, NodeColumn) and [Path(p).name for p in column.files()] == [
        "nodes.csv",
        "edges.csv",
    ]


def test_edges_may_have_a_direction(tmp_path: Path):
    assert graph(folder(tmp_path), directed=True).edges.tolist() == [[0, 1], [2, 1], [2, 2]]


@pytest.mark.parametrize("heads", ["u,v", "From,To", "first,second"])
def test_columns_are_known_by_their_names_or_places(tmp_path: Path, heads: str):
    edges = EDGES.replace("source,target", heads)
    assert len(graph(folder(tmp_path, edges=edges)).edges) == 5


def test_names_may_be_numbers_and_tables_tab_separated(tmp_path: Path):
    nodes, edges = "node\tclub\n7\tx\n8\ty\n", "source\ttarget\n8\t7\n"
    assert graph(folder(tmp_path, nodes, edges, ".tsv")).edges.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        (NODES + "a,3,x\n", EDGES, "nodes.csv, line 5, column 'id': node 'a' stands twice"),
        (
            NODES,
            EDGES + "d,a,1\n",
            "edges.csv, line 5, column 'source': 1 edge of nodes that are not there, such as 'd'",
        ),
        (NODES, "source\na\n", "there are too few columns; expected columns source and target"),
        (NODES + ",3,x\n", EDGES, "nodes.csv, line 5, column 'id': the name of a node is missing"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, nodes: str, edges: str, words: str):
    with pytest.raises(DataError) as caught:
        read(folder(tmp_path, nodes, edges))
    assert words in str(caught.value)


def test_other_folders_are_not_claimed(tmp_path: Path):
    (tmp_path / "nodes.csv").write_text(NODES)
    with pytest.raises(DataError):
        read(tmp_path)


def test_weights_stand_beside_their_edges(tmp_path: Path):
    edges = "source,target,weight\nb,c,2\na,b,0.5\nc,c,3\n"
    found = graph(folder(tmp_path, edges=edges))
    assert found.edges.tolist() == [[1, 0], [0, 1], [2, 1], [1, 2], [2, 2]] and found.weights is not None
    assert found.weights.tolist() == [0.5, 0.5, 2, 2, 3]
    assert not read(tmp_path).remarks


@pytest.mark.parametrize("weight", ["-1", "", "inf", "much"])
def test_a_weight_that_is_none_is_refused(tmp_path: Path, weight: str):
    edges = f"source,target,weight\na,b,1\nb,c,{weight}\n"
    with pytest.raises(DataError, match=r"edges.csv, line 3, column 'weight': the weight of an edge"):
        read(folder(tmp_path, edges=edges))
