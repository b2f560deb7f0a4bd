"""Files of triples with and without a header, packed, in folders; what is no triple."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.readers.registry import reader_of
from lamina.data.readers.source import Source

TEXT = 'Rome\tcapital_of\tItaly\nNA\tcapital_of\t007\n"Oslo\tin\tRome\n'
ROWS = [("Rome", "capital_of", "Italy"), ("NA", "capital_of", "007"), ('"Oslo', "in", "Rome")]


def written(folder: Path, content: str, name: str = "a.tsv") -> str:
    path = folder / name
    path.write_text(content)
    return str(path)


def rows(path: str) -> list[tuple[str, ...]]:
    table = read(path)
    columns = [table.labels(name).texts().to_list() for name in table.names]
    return list(zip(*columns, strict=True))


def test_without_a_header_each_line_is_a_triple(tmp_path: Path):
    path = written(tmp_path, TEXT)
    assert read(path).names == ("head", "relation", "tail")
    assert rows(path) == ROWS
    assert read(path).where(2).endswith("a.tsv, line 3")


@pytest.mark.parametrize("header", ["head\trelation\ttail", "Subject\tPredicate\tObject", "h\tr\tt"])
def test_a_header_of_triples_is_passed_over(tmp_path: Path, header: str):
    path = written(tmp_path, f"{header}\n{TEXT}\n")
    assert rows(path) == ROWS and read(path).where(0).endswith("line 2")


def test_packed(tmp_path: Path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(TEXT.replace("\n", "\r\n").encode()))
    assert rows(str(path)) == ROWS


@pytest.mark.parametrize(
    "content",
    [
        "name\tkind\tplace\nRome\tcity\tItaly\nOslo\tcity\tNorway\n",  # a header of something else
        "1\t2.5\t3\n1\t2.5\t4\n",  # numbers
        "a\tb\n",
        "a\tr\tb\n",  # one line may be a header
        "a\tr\tb\nb\tr\t\n",
    ],
)
def test_other_tables_are_not_triples(tmp_path: Path, content: str):
    assert reader_of(Source(written(tmp_path, content))).name == "delimited"


def test_a_first_line_is_known_from_lines_far_behind(tmp_path: Path):
    lines = [f"a{i}\tr{i}\tb{i}" for i in range(1000)]
    path = written(tmp_path, "\n".join([*lines, "b0\tr9\ta7"]))
    assert reader_of(Source(path)).name == "triples" and read(path).height == 1001


def test_a_folder_is_one_table_with_its_parts(tmp_path: Path):
    for name in ("train.txt", "valid.txt", "test.txt.gz"):
        content = f"{TEXT}x\tin\t{name}\n"
        path = tmp_path / name
        path.write_bytes(gzip.compress(content.encode()) if name.endswith("gz") else content.encode())
    (tmp_path / "README.md").write_text("about")
    table = read(str(tmp_path))
    assert table.names == ("head", "relation", "tail", "split") and table.height == 12
    assert table.labels("split").texts().to_list() == ["train"] * 4 + ["valid"] * 4 + ["test"] * 4


def test_other_folders_are_not_claimed(tmp_path: Path):
    written(tmp_path, TEXT, "train.tsv")
    assert reader_of(Source(str(tmp_path))).name != "triples"
    written(tmp_path, "some text\n", "test.tsv")
    assert reader_of(Source(str(tmp_path))).name != "triples"


@pytest.mark.parametrize("line", ["Oslo\tin", "Oslo\t\tRome", "Oslo\tin\tRome\tnow"])
def test_a_line_that_is_no_triple_is_refused_with_its_number(tmp_path: Path, line: str):
    filler = "".join(f"a{i}\tin\tb{i}\n" for i in range(600))  # more than readers look at
    path = written(tmp_path, f"{filler}{line}\n")
    with pytest.raises(DataError, match="not a triple") as caught:
        read(path)
    assert str(caught.value.where).endswith("line 601")
