"""A file of plain text is one text, as it stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.readers.registry import reader_of
from lamina.data.readers.source import Source

TEXT = "  First line.\n\n\tNA  ünï — 🙂\nlast, without an end"


def content(path: Path, **keys: object) -> str:
    table = read(str(path), **keys)
    assert (table.names, table.height) == (("text",), 1)
    return table.column("text").value(0)  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "A.TXT", "a.txt.gz"])
def test_a_text_is_read_as_it_stands(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT.encode()) if name.endswith("gz") else TEXT.encode())
    assert reader_of(Source(str(path))).name == "text_file"
    assert content(path) == TEXT


@pytest.mark.parametrize("words", ["NA", "1,2\n3,4", '"quoted, text"', "null", "a\tb\nc\td"])
def test_nothing_in_it_is_a_table_or_missing(tmp_path: Path, words: str):
    (tmp_path / "a.txt").write_text(words)
    assert content(tmp_path / "a.txt") == words
    table = read(str(tmp_path / "a.txt"))
    assert not table.column("text").missing().any() and table.labels("text").value(0) == words


def test_line_ends_of_windows_are_those_of_unix(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    assert content(tmp_path / "a.txt") == "one\ntwo\n"


def test_a_mark_of_the_encoding_is_no_character(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone")
    (tmp_path / "b.txt").write_bytes("onä".encode("utf-16"))
    assert (content(tmp_path / "a.txt"), content(tmp_path / "b.txt")) == ("one", "onä")


def test_another_encoding_is_guessed_and_said_or_named(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_bytes("Müller grüßt schön, für später".encode("windows-1252"))
    assert content(path) == "Müller grüßt schön, für später"
    assert read(str(path)).doubts
    assert content(path, encoding="iso-8859-1") == "Müller grüßt schön, für später"
    assert not read(str(path), encoding="iso-8859-1").doubts
    with pytest.raises(DataError):
        read(str(path), encoding="utf-8")


@pytest.mark.parametrize("given", [b"", b" \n"])
def test_an_empty_file_is_refused(tmp_path: Path, given: bytes):
    (tmp_path / "a.txt").write_bytes(given)
    with pytest.raises(DataError) as caught:
        read(str(tmp_path / "a.txt"))
    assert "a.txt" in caught.value.where


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(DataError, match=r"no such file|does not exist|is not there"):
        read(str(tmp_path / "a.txt"))


def test_what_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 8)
    with pytest.raises(DataError):
        read(str(tmp_path / "a.txt"))


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_lines_are_rows_where_that_is_asked_for(tmp_path: Path, end: str):
    (tmp_path / "a.txt").write_bytes(("one\n\n two " + end).encode())
    table = read(str(tmp_path / "a.txt"), lines=True)
    assert table.labels("text").distinct().spellings() and table.height == 3
    assert [table.column("text").value(row) for row in range(3)] == ["one", "", " two "]
