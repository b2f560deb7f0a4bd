"""Graphs in one file: GraphML and JSON as networkx writes them, and what is refused."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import DataError, MissingExtraError
from lamina.data import read
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph
from lamina.data.readers.parsers import graphml
from lamina.data.readers.registry import reader_of
from lamina.data.readers.source import Source

GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="age" attr.type="double"/>
  <key id="d1" for="node" attr.name="club" attr.type="string"><default>x</default></key>
  <key id="d2" for="edge" attr.name="weight" attr.type="double"/>
  <graph edgedefault="undirected">
    <node id="a"><data key="d0">30</data></node>
    <node id="b"><data key="d0">40.5</data><data key="d1">y</data></node>
    <node id="c"/>
    <edge source="a" target="b"><data key="d2">2</data></edge>
    <edge source="c" target="b"><data key="d2">0.5</data></edge>
  </graph>
</graphml>
"""
NODES = [{"id": 1, "age": 30, "club": "x"}, {"id": 2, "age": 40, "club": "y"}, {"id": 7, "age": None}]
LINKS: list[dict[str, Any]] = [{"source": 1, "target": 2}, {"source": 7, "target": 2, "since": 1999}]


def graph(table: Any) -> NodeGraph:
    column = table.column("node")
    assert isinstance(column, NodeColumn)
    return column.graph


def written(root: Path, content: Any, name: str) -> Path:
    (root / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return root / name


def test_graphml_is_a_table_of_nodes(tmp_path: Path):
    pytest.importorskip("networkx")
    table = read(written(tmp_path, GRAPHML, "g.graphml"))
    assert table.names == ("node", "age", "club") and table.height == 3
    np.testing.assert_array_equal(table.scalar("age").numbers(), [30, 40.5, np.nan])
    assert [table.scalar("club").value(row) for row in range(3)] == ["x", "y", "x"], "a default is a value"
    found = graph(table)
    assert found.names == ("a", "b", "c") and found.edges.tolist() == [[1, 0], [0, 1], [2, 1], [1, 2]]
    assert found.weights is not None and found.weights.tolist() == [2, 2, 0.5, 0.5]


def test_packed_and_directed_graphml(tmp_path: Path):
    pytest.importorskip("networkx")
    path = tmp_path / "g.graphml.gz"
    path.write_bytes(gzip.compress(GRAPHML.replace("undirected", "directed").encode()))
    assert graph(read(path)).edges.tolist() == [[0, 1], [2, 1]]


def test_json_of_nodes_and_links(tmp_path: Path):
    given = {"directed": False, "multigraph": False, "graph": {}, "nodes": NODES, "links": LINKS}
    table = read(written(tmp_path, given, "g.json"))
    assert table.names == ("node", "age", "club") and table.remarks == (
        "1 column of edges left aside: 'since'",
    )
    assert graph(table).names == ("1", "2", "7") and graph(table).weights is None
    assert graph(table).edges.tolist() == [[1, 0], [0, 1], [2, 1], [1, 2]]


def test_nodes_without_a_name_go_by_their_number(tmp_path: Path):
    edges = [{"source": 0, "target": 1, "weight": 3}]
    table = read(
        written(tmp_path, {"edges": edges, "nodes": [{"age": 1}, {"age": 2}], "directed": True}, "g.json")
    )
    found = graph(table)
    assert found.names == ("0", "1") and found.edges.tolist() == [[0, 1]]
    assert found.weights is not None and found.weights.tolist() == [3]
    assert read(written(tmp_path, {"nodes": [{}, {}], "links": []}, "h.json")).names == ("node",)


def test_lists_are_left_aside(tmp_path: Path):
    nodes = [{"id": n, "pos": [n, 1.5], "at": {"x": n}} for n in range(3)]
    table = read(written(tmp_path, {"nodes": nodes, "links": []}, "g.json"))
    assert table.names == ("node", "at.x") and "'pos'" in table.remarks[0]
    only = [{"id": n, "pos": [n]} for n in range(3)]
    assert read(written(tmp_path, {"nodes": only, "links": []}, "h.json")).names == ("node",)


@pytest.mark.parametrize("directed", [False, True])
def test_what_networkx_writes_comes_back(tmp_path: Path, directed: bool):
    networkx = pytest.importorskip("networkx")
    made = networkx.gnp_random_graph(12, 0.3, seed=1, directed=directed)
    for node in made:
        made.nodes[node].update(age=node * 1.5, club="xy"[node % 2], is_new=bool(node % 3))
    networkx.write_graphml(made, tmp_path / "g.graphml")
    (tmp_path / "g.json").write_text(json.dumps(networkx.node_link_data(made, edges="links"), indent=1))
    tables = [read(tmp_path / name) for name in ("g.graphml", "g.json")]
    expected = {*made.edges} | (set() if directed else {(b, a) for a, b in made.edges})
    for table in tables:
        assert {tuple(map(int, edge)) for edge in graph(table).edges} == expected
        assert table.names == ("node", "age", "club", "is_new")
        assert table.scalar("is_new").storage == "boolean"


def test_other_json_is_none_of_it(tmp_path: Path):
    lines = "".join(json.dumps({"nodes": [{"id": 1}], "y": n}) + "\n" for n in range(3))
    assert reader_of(Source(str(written(tmp_path, lines, "l.json")))).name == "json"
    assert reader_of(Source(str(written(tmp_path, [{"nodes": 1}], "a.json")))).name == "json"
    assert reader_of(Source(str(written(tmp_path, {"links": [{"source": 1}]}, "g.json")))).name == "node_link"


HEAD = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">'
ENTITY = '<!DOCTYPE g [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
BOMB = '<!DOCTYPE g [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ENTITY + GRAPHML.partition("?>")[2], "line 1: declares a document type, which may name other files"),
        (BOMB + GRAPHML.partition("?>")[2], "line 1: declares a document type"),
        ("<html></html>", "no GraphML; expected <graphml>, got <html>"),
        (GRAPHML[:-30], "not XML (no element found)"),
        ("age,y\n1,2\n", "line 1: not XML (syntax error)"),
        ('<?xml version="1.0" encoding="klingon"?><graphml/>', "not XML ("),
        ("<graphml>" + "<a>" * 70 + "</a>" * 70 + "</graphml>", "nested deeper than 64"),
        (HEAD + '<node id="a"><graph/></node></graph></graphml>', "there are several graphs"),
        (HEAD + '<node id="a"/><node id="a"/></graph></graphml>', "node 1: node 'a' stands twice"),
        (HEAD + '<node id="a"/><edge source="a" target="b"/></graph></graphml>', "edge 0: 1 edge of nodes"),
        (HEAD + "<hyperedge/></graph></graphml>", "(GraphML reader doesn't support hyperedges)"),
        (HEAD + "</graph></graphml>", "there is no node"),
        (GRAPHML.replace(">30<", ">old<"), "no graph in GraphML (could not convert string to float: 'old')"),
        (GRAPHML.replace(">0.5<", ">-1<"), "the weight of an edge; expected a number, 0 or above, got -1"),
    ],
)  # fmt: skip
def test_bad_graphml_is_refused(tmp_path: Path, content: str, words: str):
    pytest.importorskip("networkx")
    with pytest.raises(DataError) as caught:
        read(written(tmp_path, content, "g.graphml"))
    assert words in str(caught.value) and str(caught.value).startswith(str(tmp_path))


def test_graphml_has_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("networkx")
    path = written(tmp_path, GRAPHML, "g.graphml")
    monkeypatch.setattr(graphml, "MOST_ELEMENTS", 5)
    with pytest.raises(DataError, match="too large for GraphML; expected 5 elements at most"):
        read(path)
    monkeypatch.setattr(graphml, "MOST_BYTES", 100)
    with pytest.raises(DataError, match="too large for GraphML; expected 100 bytes at most"):
        read(path)


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "networkx", None)
    with pytest.raises(MissingExtraError, match=r"networkx is needed to read GraphML"):
        read(written(tmp_path, GRAPHML, "g.graphml"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"nodes": NODES}, "there are no links; expected a list 'links' or 'edges'"),
        ({"nodes": NODES, "links": {}}, "'links' is no list; got dict"),
        ({"nodes": [{"id": 1}, 2], "links": []}, "nodes, number 1: not a JSON object; got int"),
        ({"nodes": [], "links": []}, "there is no node"),
        ({"nodes": [{"id": 1}, {"a": 2}], "links": []}, "node 1: 'id' names no node; expected a text or a"),
        ({"nodes": [{"id": 1}, {"id": "1"}], "links": []}, "node 1: node '1' stands twice"),
        ({"nodes": NODES, "links": [{"source": 1}]}, "edge 0: 'target' names no node"),
        ({"nodes": NODES, "links": [{"source": 1, "target": 3}]}, "edge 0: 1 edge of nodes"),
        ({"nodes": NODES, "links": [{**LINKS[0], "weight": "x"}]}, "edge 0: the weight of an edge"),
        ({"nodes": NODES, "links": LINKS, "directed": "no"}, "'directed' is neither true nor false; got no"),
        ('{"nodes": [{"id": 1}],\n "links": [', "line 2: not JSON"),
    ],
)  # fmt: skip
def test_bad_json_is_refused(tmp_path: Path, content: Any, words: str):
    with pytest.raises(DataError) as caught:
        read(written(tmp_path, content, "g.json"))
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["g.graphml", "g.json"])
def test_damage_is_refused_or_harmless(tmp_path: Path, name: str):
    pytest.importorskip("networkx")
    whole = GRAPHML if name == "g.graphml" else json.dumps({"directed": True, "nodes": NODES, "links": LINKS})
    random, path = np.random.default_rng(0), tmp_path / name
    for _ in range(300):
        data = bytearray(whole.encode())
        for place in random.integers(0, len(data), random.integers(1, 4)):
            if random.random() < 0.3:
                del data[place : place + random.integers(1, 40)]
            else:
                data[place : place + 1] = bytes(
                    random.integers(0, 256, random.integers(0, 3), dtype=np.uint8)
                )
        path.write_bytes(data)
        with contextlib.suppress(DataError):
            assert read(path).height
