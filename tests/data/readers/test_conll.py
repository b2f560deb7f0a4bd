"""Files of tagged words: one word and its tags a line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from lamina.core.errors import DataError
from lamina.data import read

TEXT = """-DOCSTART- -X- O O

EU NNP B-NP B-ORG
rejects VBZ B-VP O

NA NNP B-NP B-ORG
"""


def written(folder: Path, content: str, name: str = "a.conll") -> str:
    path = folder / name
    path.write_text(content)
    return str(path)


def rows(path: str) -> list[tuple[str, str]]:
    table = read(path)
    columns = [table.labels(name).texts().to_list() for name in table.names]
    return list(zip(*columns, strict=True))


def test_a_sentence_is_a_row(tmp_path: Path):
    table = read(written(tmp_path, TEXT))
    assert table.names == ("text", "tags")
    assert rows(written(tmp_path, TEXT)) == [("EU rejects", "B-ORG O"), ("NA", "B-ORG")]
    assert table.where(1).endswith("a.conll, line 6")
    assert table.remarks == ("left out: columns 2 to 3 of 4, between word and tag",)


@pytest.mark.parametrize("name", ["a.bio", "a.iob", "a.conll"])
def test_two_columns_by_tabs(tmp_path: Path, name: str):
    path = written(tmp_path, "New York\tB-c\n#\tO\n\n\n# id = 2\r\nyes\tO\r\n", name)
    assert rows(path) == [("New_York #", "B-c O"), ("yes", "O")]
    assert read(path).remarks == ()


def test_packed_and_in_another_encoding(tmp_path: Path):
    path = tmp_path / "a.conll.gz"
    path.write_bytes(gzip.compress("Köln B-c\n".encode()))
    assert rows(str(path)) == [("Köln", "B-c")]
    path = tmp_path / "b.conll"
    path.write_bytes("Köln B-c\nist O\nschön O\nfür O\n".encode("windows-1252"))
    table = read(str(path), encoding="windows-1252")
    assert table.labels("text").value(0) == "Köln ist schön für"


def test_a_word_without_a_tag_is_refused_with_its_line(tmp_path: Path):
    path = written(tmp_path, "EU B-ORG\nrejects\n")
    with pytest.raises(DataError, match="a word without a tag") as caught:
        read(path)
    assert caught.value.where == f"{path}, line 2" and "add the tag" in caught.value.fix


def test_a_file_without_words_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="there is no word"):
        read(written(tmp_path, "-DOCSTART- O\n\n"))


def test_lists_of_words_in_json_lines_become_texts(tmp_path: Path):
    path = written(
        tmp_path,
        '{"words": ["to", "Rome"], "tags": ["O", "B-c"], "n": [1], "two": ["a b"]}\n'
        '{"words": ["so"], "tags": ["O"], "n": [2], "two": []}\n',
        "a.jsonl",
    )
    table = read(path)
    assert table.names == ("words", "tags") and rows(path) == [("to Rome", "O B-c"), ("so", "O")]
    assert table.remarks == ("left out, as lists or objects in objects: 'n', 'two'",)
