"""The column and the table of texts in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lamina.core.errors import DataError
from lamina.data.fingerprint import fingerprint
from lamina.data.texts import files
from lamina.data.texts.column import FileTextColumn
from lamina.data.texts.files import TextFile
from lamina.data.texts.ranges import TextRanges, digest_of
from lamina.data.texts.table import FileTextTable

TEXTS = ["first\nline", "zweite Zeile: é", "first\nline"]


@pytest.fixture
def column(tmp_path: Path) -> FileTextColumn:
    for number, text in enumerate(TEXTS):
        (tmp_path / f"{number}.txt").write_bytes(text.replace("\n", "\r\n").encode())
    return FileTextColumn(
        "text", TextRanges.of([TextFile(str(tmp_path / f"{n}.txt")) for n in range(len(TEXTS))])
    )


def test_it_is_a_column_of_texts(column: FileTextColumn):
    assert len(column) == 3 and [column.ranges.text(row) for row in range(3)] == TEXTS
    assert column.texts().to_list() == TEXTS and column.value(1) == TEXTS[1]
    found = column.distinct()
    assert [found.values[code] for code in found.codes] == TEXTS
    assert (
        not column.missing().any() and np.isnan(column.numbers()).all() and np.isnan(column.seconds()).all()
    )
    assert column.with_form("x") is column and column.oversized() is None
    assert column.take(np.array([1])).ranges.text(0) == TEXTS[1]


def test_heads_hold_whole_characters(column: FileTextColumn):
    assert column.ranges.heads(6) == ["first\r", "zweite", "first\r"]
    size = len(TEXTS[1].encode())
    assert column.ranges.take(np.array([1])).heads(size - 1) == [TEXTS[1][:-1]]


def test_equal_texts_have_equal_digests(column: FileTextColumn, monkeypatch: pytest.MonkeyPatch):
    found = column.ranges.digests()
    assert found[0] == found[2] != found[1]
    monkeypatch.setattr(files, "BLOCK", 1)
    np.testing.assert_array_equal(column.ranges.digests(), found)
    np.testing.assert_array_equal(column.ranges.take(np.array([1, 0])).digests(), found[[1, 0]])


def test_long_texts_are_not_held_at_once(column: FileTextColumn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "LARGE_TEXT", 20)
    for ask in (column.texts, column.distinct):
        with pytest.raises(DataError, match="stay in their file, and here all of them are wanted"):
            ask()
    assert column.take(np.array([1])).texts().to_list() == TEXTS[1:2]


def test_the_table_has_one_column(column: FileTextColumn, tmp_path: Path):
    table = FileTextTable(column, source=str(tmp_path))
    assert table.names == ("text",) and table.height == 3
    assert table.take(np.array([2])).column("text").ranges.text(0) == TEXTS[2]
    assert table.place(1) == f"{tmp_path / '1.txt'}, byte 0"
    assert table.renamed("review").names == ("review",) and table.drop([]) is table
    assert (table.drop(["text"]).names, table.drop(["text"]).height) == ((), 3)
    assert table.changed(forms={"text": "x"}) is table
    with pytest.raises(DataError, match="cannot be replaced"):
        table.changed(values={"text": ["a", "b", "c"]})
    with pytest.raises(DataError, match="column 'label' is absent"):
        table.labels("label")
    found = fingerprint(table)
    assert found is not None and found[0] == column.ranges.nbytes


def test_long_texts_are_told_apart_by_their_beginnings_and_sizes(
    column: FileTextColumn, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lamina.data.texts.ranges.MOST_DIGESTED", 4)
    own = column.ranges
    parts = TextRanges(own.files, own.numbers[:2] * 0, own.starts[:2], own.stops[:2] - [0, 9])
    assert len(set(parts.digests().tolist())) == 2
    raw = own.files[0].read(0, own.files[0].size)
    assert own.digests()[0] == digest_of(raw, len(raw)) == digest_of(raw[:4], len(raw))
