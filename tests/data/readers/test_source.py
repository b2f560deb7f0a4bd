"""What readers are shown of a path, and that it is read only when it is asked for."""

from __future__ import annotations

import dataclasses
import gzip
import os

import pytest

from lamina.data.readers import source
from lamina.data.readers.source import HEAD, Source


def test_a_source_is_frozen_and_compared_by_what_was_asked():
    given = Source("a.csv", frozenset({"zip"}), strict=False)
    assert given == Source("a.csv", frozenset({"zip"}), strict=False) != Source("a.csv")
    with pytest.raises(dataclasses.FrozenInstanceError):
        given.path = "b.csv"


@pytest.mark.parametrize(
    ("path", "ending", "packed"),
    [("d/t.csv", ".csv", False), ("T.TSV.gz", ".tsv", True), ("t.csv.zip", ".csv", True),
     ("t.jsonl.zst", ".jsonl", True), ("t.csv.bz2", ".csv", True), ("t.csv.xz", ".csv", True),
     ("t.zip", "", True), ("t.gz", "", True), ("t.CSV.GZ", ".gz", False),
     ("-", "", False), ("", "", False), ("d.x/t", "", False)],
)  # fmt: skip
def test_the_ending(path, ending, packed):
    assert (Source(path).ending, Source(path).is_packed) == (ending, packed)


def test_the_head_is_the_beginning_of_the_content(tmp_path):
    content = bytes(range(256)) * 20
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(content))
    for name in ("plain", "packed.gz"):
        assert Source(str(tmp_path / name)).head == content[:HEAD]


def test_where_nothing_can_be_read_the_head_is_empty(tmp_path):
    (tmp_path / "short.gz").write_bytes(gzip.compress(b"x" * 100)[:12])
    (tmp_path / "plain.gz").write_bytes(b"not packed")
    os.mkfifo(tmp_path / "pipe")
    for name in ("short.gz", "plain.gz", "pipe", "gone", ""):
        found = Source(str(tmp_path / name))
        assert (found.head, found.listing if name else ()) == (b"", ())
    assert Source("-").head == Source("").head == Source("a\0b").head == b""


def test_a_folder_is_listed_level_by_level(tmp_path):
    for path in ("b/2.txt", "b/1.txt", "a/c/3.txt", "a/c/d/deep.txt", "top.txt", ".hidden", ".git/config"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    found = Source(str(tmp_path))
    assert found.is_folder and not found.is_file
    assert found.listing == (".git", ".hidden", "a", "b", "top.txt")
    assert found.files == ("top.txt", "b/1.txt", "b/2.txt", "a/c/3.txt")
    assert Source(str(tmp_path / "top.txt")).files == ()


def test_a_large_folder_is_not_listed_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MOST_LISTED", 3)
    for folder in "abc":
        for i in range(2):
            (tmp_path / folder / f"{i}").parent.mkdir(exist_ok=True)
            (tmp_path / folder / f"{i}").write_text("x")
    assert Source(str(tmp_path)).files == ("a/0", "a/1", "b/0", "b/1")


def test_nothing_is_read_twice(tmp_path):
    (tmp_path / "t").write_text("x")
    found = Source(str(tmp_path / "t"))
    assert found.head == b"x"
    (tmp_path / "t").write_text("y")
    assert found.head == b"x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_nobody_may_read_is_empty(tmp_path):
    (tmp_path / "f").mkdir(mode=0)
    assert Source(str(tmp_path / "f")).listing == Source(str(tmp_path / "f")).files == ()
