"""JSON lines, well and badly formed."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.data import read


def written(folder, content: bytes | str, name: str = "t.jsonl") -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_keys_are_columns_and_lines_are_counted_from_one(tmp_path):
    text = '\n{"a": 1, "b": "x"}\n\n{"a": 2.5, "c": true}\n'
    table = read(written(tmp_path, text))
    assert table.names == ("a", "b", "c")
    np.testing.assert_array_equal(table.column("a").numbers(), [1.0, 2.5])
    assert table.column("b").missing().tolist() == [False, True]
    assert [table.line(row) for row in (0, 1)] == [2, 4]
    assert table.where(1, "a").endswith("t.jsonl, line 4, column 'a'")


@pytest.mark.parametrize("name", ["t.ndjson", "t.jsonl.gz", "t.ndjson.gz"])
def test_other_names(tmp_path, name):
    content = b'{"a": 1}\n{"a": 2}'
    table = read(written(tmp_path, gzip.compress(content) if name.endswith("gz") else content, name))
    assert [table.line(row) for row in (0, 1)] == [1, 2]


def test_numbers_and_texts_in_one_column_become_texts(tmp_path):
    table = read(written(tmp_path, '{"a": 1}\n{"a": "x"}\n{"b": 2}\n'))
    assert table.column("a").distinct().values == ("1", "x")


def test_huge_integers_are_kept_apart_from_floats(tmp_path):
    table = read(written(tmp_path, '{"a": 1180591620717411303424}\n{"a": 2}\n'))
    assert table.column("a").oversized() == 0


FAULTS = {
    "empty": ("", ": the file is empty\n  fix: check that it was written to the end"),
    "cut off": (
        '{"a": 1}\n{"a":\n',
        ", line 2: not JSON (Expecting value: line 1 column 6 (char 5))\n"
        '  fix: write one object per line, such as {"age": 31, "price": 7.5}',
    ),
    "a list": (
        "[1, 2]\n",
        ", line 1: not a JSON object; got list\n  fix: put the values into { } with names",
    ),
    "nested": (
        '{"a": [1]}\n{"a": [2]}\n',
        ", column 'a': lists and objects cannot be learned from\n"
        "  fix: drop the column, or spread it over several plain columns",
    ),
    "nested and mixed": (
        '{"a": {"b": 1}}\n{"a": 2}\n',
        ", column 'a': lists and objects cannot be learned from\n"
        "  fix: drop the column, or spread it over several plain columns",
    ),
    "empty objects": ("{}\n{}\n", ": there is no row\n  fix: write one JSON object per line"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_line_and_fix(tmp_path, fault):
    content, message = FAULTS[fault]
    path = written(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == path + message
