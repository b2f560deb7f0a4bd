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


def test_objects_are_flattened_one_level_and_lists_are_named(tmp_path):
    lines = [
        '{"a": 1, "meta": {"b": "x", "deep": {"c": 1}, "tags": [1]}, "list": [1, 2]}',
        '{"a": 2, "meta": {"b": "y", "only": 7}, "list": []}',
        '{"a": 3, "meta": null}',
    ]
    table = read(written(tmp_path, "\n".join(lines)))
    assert table.names == ("a", "meta.b", "meta.only", "meta")
    assert table.labels("meta.b").distinct().values == ("x", "y")
    assert table.column("meta.only").missing().tolist() == [True, False, True]
    assert table.remarks == ("left out, as lists or objects in objects: 'meta.deep', 'meta.tags', 'list'",)


def test_many_that_are_left_out_are_counted(tmp_path):
    row = ", ".join(f'"l{i}": []' for i in range(20))
    (remark,) = read(written(tmp_path, f'{{"a": 1, {row}}}\n')).remarks
    assert remark.endswith("'l6', 'l7' and 12 more")


def test_another_encoding_is_guessed_and_said(tmp_path):
    content = '{"a": "café"}\n{"a": "thé"}\n'.encode("cp1252")
    table = read(written(tmp_path, content))
    assert table.labels("a").distinct().values == ("café", "thé")
    assert table.doubts[0][0] == "read as windows-1252: byte 0xe9 on line 1 is not UTF-8"
    assert read(written(tmp_path, content), encoding="cp1251").labels("a").value(1) == "thй"


ARRAY = """[{"a": 1, "meta": {"b": "x"}},
  {"a": 2, "meta": {"b": "y"}, "l": []}]"""


@pytest.mark.parametrize("text", [ARRAY, '{"a": 1, "meta": {"b": "x"}}\n{"a": 2, "meta": {"b": "y"}}\n'])
def test_an_array_of_objects_is_a_table(tmp_path, text):
    table = read(written(tmp_path, text, "t.json"))
    assert table.names == ("a", "meta.b") and table.column("a").numbers().tolist() == [1, 2]
    assert table.place(1).endswith("t.json, row 1" if text is ARRAY else "t.json, line 2")


OF_PANDAS = '\n  fix: write [{"age": 31, "price": 7.5}, …]; pandas does with to_json(path, orient="records")'
JSON_FAULTS = {
    "cut off": ('[{"a": 1},\n{"a":', f", line 2: not JSON (Expecting value){OF_PANDAS}"),
    "one object": ('{"a": {"0": 1}}', f": not an array of JSON objects; got one object{OF_PANDAS}"),
    "a number": ("7", f": not an array of JSON objects; got int{OF_PANDAS}"),
    "no object": (
        '[{"a": 1}, 3]',
        ", row 1: not a JSON object; got int\n  fix: put the values into { } with names",
    ),
    "nothing": ("[]", ": there is no row\n  fix: write one JSON object per line"),
    "too deep": ("[" * 100_000, ": not JSON (nested too deep)\n  fix: write it anew"),
}  # fmt: skip


@pytest.mark.parametrize("fault", JSON_FAULTS)
def test_each_fault_of_an_array_is_told(tmp_path, fault):
    content, message = JSON_FAULTS[fault]
    path = written(tmp_path, content, "t.json")
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == path + message


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
        '{"a": [1]}\n{"a": [2], "b": {"c": {"d": 1}}}\n',
        ": there is nothing but lists and objects in objects ('a', 'b.c')\n"
        "  fix: spread them over plain columns",
    ),
    "a name twice": (
        '{"a": {"b": 1}}\n{"a.b": 2}\n',
        ": two values are called 'a.b': one of them is 'b' in 'a'\n  fix: rename one of them",
    ),
    "a name twice by nesting": (
        '{"a": {"b.c": 1}, "a.b": {"c": 2}}\n',
        ": two values are called 'a.b.c': one of them is 'c' in 'a.b'\n  fix: rename one of them",
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
