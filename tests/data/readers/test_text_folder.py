"""Folders of text files: a subfolder for each class."""

from __future__ import annotations

from pathlib import Path

import pytest

import lamina
from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.readers.registry import reader_of
from lamina.data.readers.source import Source


def write(root: Path, files: dict[str, str | bytes]) -> str:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(root)


def column(table: object, name: str) -> list[object]:
    own = table.column(name)  # type: ignore[attr-defined]
    return [own.value(row) for row in range(len(own))]


def test_folders_are_classes(tmp_path: Path):
    table = read(
        write(tmp_path, {"ham/1.txt": "hello you", "ham/2.TXT": "how\nare you", "spam/1.txt": "win £1"})
    )
    assert table.names == ("text", "label") and table.height == 3
    assert column(table, "text") == ["hello you", "how\nare you", "win £1"]
    assert column(table, "label") == ["ham", "ham", "spam"]


def test_folders_of_parts_are_the_split(tmp_path: Path):
    files = {f"{part}/{kind}/1.txt": f"{part} {kind}" for part in ("train", "test") for kind in ("a", "b")}
    table = read(write(tmp_path, files))
    assert sorted(zip(column(table, "split"), column(table, "label"), strict=True)) == [
        ("test", "a"), ("test", "b"), ("train", "a"), ("train", "b"),
    ]  # fmt: skip


def test_an_empty_file_is_an_empty_text(tmp_path: Path):
    table = read(write(tmp_path, {"a/1.txt": "", "a/2.txt": " \n", "b/1.txt": "x"}))
    assert column(table, "text") in (["", "", "x"], [None, None, "x"])


def test_texts_alone_have_no_label(tmp_path: Path):
    path = write(tmp_path, {"1.txt": "one", "2.txt": "two"})
    from lamina.data.schema import ColumnSchema, Schema

    schema = Schema((ColumnSchema("text", "text", modality="text"),), (), ("label",), "binary")
    assert read(path, schema=schema).names == ("text",)
    table = read(path)
    assert table.names == ("text",)
    assert table.unlabeled.startswith("put the texts of each class into a folder of its own, such as ")
    with pytest.raises(DataError, match="the examples have no labels"):
        lamina.fit(path)
    with pytest.raises(DataError, match="the examples have no labels"):
        lamina.fit(path, target="label")


@pytest.mark.parametrize(
    "content",
    ["gr\u00fc\u00dfe".encode("utf-8-sig"), "gr\u00fc\u00dfe".encode("utf-16"), "gr\u00fc\u00dfe".encode()],
    ids=["mark", "utf-16", "utf-8"],
)
def test_texts_are_decoded(tmp_path: Path, content: bytes):
    table = read(write(tmp_path, {"a/1.txt": content, "b/1.txt": "x"}))
    assert column(table, "text")[0] == "gr\u00fc\u00dfe"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a/1.txt": b"a\x00b", "b/1.txt": "x"}, "binary file, not text"),
        ({"a/1.txt": "x", "1.txt": "y"}, "beside the folders of the classes"),
        ({"a/1.txt": "x", "b/notes.md": "y", "c/2.txt": "z"}, "no text in the folder of class 'b'"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(tmp_path: Path, files: dict[str, str | bytes], message: str):
    with pytest.raises(DataError, match=message) as caught:
        read(write(tmp_path, files))
    assert str(tmp_path) in str(caught.value)


def test_windows_texts_are_read_and_said(tmp_path: Path):
    path = write(
        tmp_path, {"a/1.txt": "caf\u00e9 \u20ac".encode("cp1252"), "b/1.txt": "x", "b/notes.md": "y"}
    )
    table = read(path)
    assert column(table, "text")[0] == "caf\u00e9 \u20ac"
    ((said, fix),) = table.doubts
    assert said.startswith("1 text read as windows-1252") and "encoding=" in fix
    assert "notes.md" in table.remarks[0]


def test_an_encoding_overrules_the_guess(tmp_path: Path):
    path = write(tmp_path, {"a/1.txt": "\u0434\u0430".encode("cp1251"), "b/1.txt": "x"})
    with pytest.raises(DataError, match="not UTF-8"):
        read(path)
    assert column(read(path, encoding="windows-1251"), "text")[0] == "\u0434\u0430"


def test_notes_beside_other_data_are_left_to_their_readers(tmp_path: Path):
    write(tmp_path, {"readme.txt": "hello", "table.csv": "a,b\n1,2\n", "more.csv": "a\n"})
    with pytest.raises(DataError, match="name a file in it"):
        read(str(tmp_path))
    assert reader_of(Source(str(tmp_path))).name != "text_folder"
