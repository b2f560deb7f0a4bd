"""Sets of graphs in text files, in folders and archives."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.fingerprint import source_files

# A triangle with a tail, and an edge.
TU = {
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n1, 3\n3, 1\n3, 4\n4, 3\n5, 6\n6, 5\n",
    "graph_indicator": "1\n1\n1\n1\n2\n2\n",
    "graph_labels": "7\n-1\n",
    "node_labels": "0\n0\n1\n0\n0\n2\n",
    "node_attributes": "0.5, 1\n0.5, 2\n0.5, 3\n0.5, 4\n0.5, 5\n0.5, 6\n",
    "edge_labels": "1\n1\n1\n1\n1\n1\n2\n2\n2\n2\n",
}
ADJACENCY = "2\n4 7\n0 2 1 2\n0 2 0 2\n1 3 0 1 3\n0 1 2\n2 -1\n0 1 1\n2 1 0\n"


def folder(path: Path, files: dict[str, str]) -> str:
    own = path / "SET"
    own.mkdir(exist_ok=True)
    for name, text in files.items():
        (own / f"SET_{name}.txt").write_text(text)
    return str(own)


def packed(path: Path, members: dict[str, str], name: str = "SET.tar.gz") -> str:
    with tarfile.open(path / name, "w:gz") as archive:
        for member, text in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return str(path / name)


def test_a_row_is_a_graph_with_all_that_stands_in_the_files(tmp_path: Path):
    table = read(folder(tmp_path, TU))
    assert table.names == ("graph", "label") and table.labels("label").numbers().tolist() == [7, -1]
    graphs = table.column("graph").graphs
    assert graphs.node_counts.tolist() == [4, 2] and graphs.edge_counts.tolist() == [8, 2]
    assert graphs.edges[-2:].tolist() == [[0, 1], [1, 0]]
    assert graphs.nodes.texts(5) == ("2",) and graphs.links.texts(9) == ("2",)
    assert graphs.nodes.numbers[:, 1].tolist() == [1, 2, 3, 4, 5, 6]
    assert len(source_files(table)) == len(TU)


def test_archives_hold_the_same(tmp_path: Path):
    expected = read(folder(tmp_path, TU)).column("graph").digests().tolist()
    members = {f"SET/SET_{name}.txt": text for name, text in TU.items()}
    assert read(packed(tmp_path, members)).column("graph").digests().tolist() == expected
    with zipfile.ZipFile(tmp_path / "SET.zip", "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    assert read(str(tmp_path / "SET.zip")).column("graph").digests().tolist() == expected


def test_graphs_in_one_text(tmp_path: Path):
    (tmp_path / "SET.txt").write_text(ADJACENCY)
    table = read(str(tmp_path / "SET.txt"))
    plain = {name: TU[name] for name in ("A", "graph_indicator", "graph_labels", "node_labels")}
    assert table.labels("label").numbers().tolist() == [7, -1]
    assert (
        table.column("graph").digests().tolist()
        == read(folder(tmp_path, plain)).column("graph").digests().tolist()
    )
    members = {"SET/SET.txt": ADJACENCY, "SET/10fold_idx/test_idx-1.txt": "0\n"}
    again = read(packed(tmp_path, members))
    assert again.remarks == ("left out: 1 other text files, such as SET/10fold_idx/test_idx-1.txt",)
    assert again.column("graph").digests().tolist() == table.column("graph").digests().tolist()


def test_numbers_of_graphs_are_targets(tmp_path: Path):
    files = {**TU, "graph_attributes": "0.5, 2\n1.5, 3\n"}
    del files["graph_labels"]
    table = read(folder(tmp_path, files))
    assert table.names == ("graph", "target_1", "target_2")
    assert table.labels("target_2").numbers().tolist() == [2, 3]


def test_ordinary_texts_are_no_graphs(tmp_path: Path):
    (tmp_path / "a.txt").write_text("1\n2 3\nthese are words\n")
    assert read(str(tmp_path / "a.txt")).names == ("text",)


@pytest.mark.parametrize(
    ("name", "text", "place", "message"),
    [
        ("A", TU["A"].replace("5, 6\n", "5, 9\n", 1), "SET_A.txt, line 9", "not there"),
        ("A", TU["A"].replace("5, 6\n", "4, 5\n", 1), "SET_A.txt, line 9", "from graph 1 to graph 2"),
        ("A", TU["A"].replace("5, 6\n", "5\n", 1), "SET_A.txt, line 9", "1 numbers on the line"),
        ("A", TU["A"].replace("5, 6\n", "5, x\n", 1), "SET_A.txt, line 9", "no number"),
        ("graph_indicator", "1\n1\n1\n1\n2\n0\n", "indicator.txt, line 6", "no graph has this number"),
        ("graph_indicator", "1\n1\n1\n1\n3\n3\n", "indicator.txt", "graph 2 has no node"),
        ("graph_indicator", "", "SET", "is empty"),
        ("graph_labels", "7\n", "SET_graph_labels.txt", "not one line for each graph"),
        ("node_labels", "7\n", "SET_node_labels.txt", "not one line for each node"),
        ("node_attributes", "0\nnan\n0\n0\n0\n0\n", "attributes.txt, line 2", "finite"),
        ("edge_labels", "1\n" * 9, "SET_edge_labels.txt", "not one line for each edge"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_with_their_line(
    tmp_path: Path, name: str, text: str, place: str, message: str
):
    with pytest.raises(DataError) as caught:
        read(folder(tmp_path, {**TU, name: text}))
    assert place in str(caught.value.where) and message in str(caught.value) and caught.value.fix


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (ADJACENCY.replace("0 1 2\n", "0 1 9\n"), 6, "neighbor 9 is not there"),
        (ADJACENCY.replace("0 1 1\n", "0 2 1\n"), 8, "not 2 neighbors"),
        (ADJACENCY.replace("2 -1\n", "2\n"), 7, "not what should stand here"),
        (ADJACENCY[: -len("2 1 0\n")], 9, "ends too early"),
        (ADJACENCY + "0 1 1\n", 10, "more lines than 2 graphs have"),
        (ADJACENCY.replace("2 1 0\n", "2 1 0 .5\n"), 9, "numbers of the node"),
        (ADJACENCY.replace("2 1 0\n", "2 x 0\n"), 9, "not a tag and a number"),
    ],
)
def test_damaged_text_of_graphs_is_refused_with_its_line(tmp_path: Path, text: str, line: int, message: str):
    (tmp_path / "SET.txt").write_text(text)
    with pytest.raises(DataError) as caught:
        read(str(tmp_path / "SET.txt"))
    assert f"line {line}" in str(caught.value.where) and message in str(caught.value)


def test_other_archives_are_refused(tmp_path: Path):
    (tmp_path / "a.tar").write_bytes(b"nothing of this kind" * 100)
    with pytest.raises(DataError, match="not a whole archive"):
        read(str(tmp_path / "a.tar"))
    with pytest.raises(DataError, match="no set of graphs lies in it"):
        read(packed(tmp_path, {"a/one.csv": "x"}))
    two = {f"{s}_{name}.txt": text for s in ("X", "Y") for name, text in TU.items()}
    with pytest.raises(DataError, match="several sets of graphs"):
        read(packed(tmp_path, two))
    with pytest.raises(DataError, match="no such file"):
        read(str(tmp_path / "none.tar.gz"))


def test_edges_need_not_stand_in_the_order_of_graphs(tmp_path: Path):
    lines = TU["A"].splitlines()
    turned = {**TU, "A": "\n".join(lines[::-1]), "edge_labels": "\n".join(TU["edge_labels"].split()[::-1])}
    one, other = (read(folder(tmp_path / name, files)) for name, files in made(tmp_path, TU, turned))
    np.testing.assert_array_equal(one.column("graph").digests(), other.column("graph").digests())


def made(path: Path, *sets: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    for number in range(len(sets)):
        (path / str(number)).mkdir()
    return [(str(number), files) for number, files in enumerate(sets)]
