"""Texts that stay in their files, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.frame import FrameTable
from lamina.data.readers import large_texts
from lamina.data.texts import files
from lamina.data.texts.table import FileTextTable

LINES = "".join(f"line {number} of the text, with an é\n" for number in range(400))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGE_TEXT", 4_000)
    monkeypatch.setattr(files, "BLOCK", 1_001)
    monkeypatch.setattr(large_texts, "BLOCK", 1_001)


def test_a_long_text_stays_in_its_file(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text(LINES)
    table = read(str(path))
    assert isinstance(table, FileTextTable) and table.source == str(path)
    assert table.column("text").ranges.text(0) == LINES
    path.write_text(LINES[:3_000])
    assert isinstance(read(str(path)), FrameTable)


def test_a_byte_that_is_not_utf8_is_refused_with_its_place(tmp_path: Path):
    path = tmp_path / "a.txt"
    raw = LINES.encode()
    place = raw.index(b"line 123 ")
    path.write_bytes(raw[:place] + b"\xff" + raw[place:])
    with pytest.raises(DataError, match=f"byte {place:,}, 0xff, is not UTF-8 text") as caught:
        read(str(path))
    assert caught.value.where == f"{path}, line 124" and "iconv" in caught.value.fix
    path.write_bytes(raw + "é".encode()[:1])
    with pytest.raises(DataError, match=f"byte {len(raw):,}, 0xc3"):
        read(str(path))


def test_characters_across_blocks_are_whole(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("aé" * 3_000)
    assert isinstance(read(str(path)), FileTextTable)


def test_a_folder_of_texts_without_classes_stays_in_its_files(tmp_path: Path):
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(LINES[number * 500 :][:2_000])
    table = read(str(tmp_path))
    assert isinstance(table, FileTextTable) and table.height == 3 and "folder" in table.unlabeled
    (tmp_path / "train").mkdir()
    (tmp_path / "valid").mkdir()
    for number in range(3):
        (tmp_path / f"{number}.txt").rename(tmp_path / ("train" if number else "valid") / f"{number}.txt")
    assert "split" in read(str(tmp_path)).names


def test_a_blank_file_of_a_folder_is_a_text_like_any_other(tmp_path: Path):
    (tmp_path / "0.txt").write_text(LINES)
    (tmp_path / "1.txt").write_text(" \n")
    (tmp_path / "2.txt").touch()
    table = read(str(tmp_path))
    assert isinstance(table, FileTextTable)
    assert [table.column("text").ranges.text(row) for row in range(3)] == [LINES, " \n", ""]


def test_a_folder_that_is_split_is_read_as_a_whole_where_memory_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("train", "valid"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(LINES)
    assert isinstance(read(str(tmp_path)), FrameTable)
    monkeypatch.setattr(large_texts, "total_memory", lambda: 100_000.0)
    with pytest.raises(DataError, match="can only be read as a whole") as caught:
        read(str(tmp_path))
    assert "in one folder" in caught.value.fix


def test_other_encodings_are_read_as_a_whole(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text(LINES, encoding="utf-16")
    assert isinstance(read(str(path)), FrameTable)
    path.write_text(LINES, encoding="latin-1")
    assert isinstance(read(str(path), encoding="latin-1"), FrameTable)


@pytest.mark.parametrize("name", ["a.txt.gz", "a.txt"])
def test_what_memory_would_not_hold_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / name
    path.write_bytes(gzip.compress(LINES.encode()) if name.endswith("gz") else LINES.encode("utf-16"))
    assert isinstance(read(str(path)), FrameTable)
    monkeypatch.setattr(large_texts, "total_memory", lambda: 100_000.0)
    with pytest.raises(
        DataError, match="can only be read as a whole; expected about 0 GB of memory"
    ) as caught:
        read(str(path))
    assert "a plain file in UTF-8" in caught.value.fix
    assert caught.value.fix.startswith("unpack it first") == name.endswith("gz")
