"""Rows that lack a block."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lamina.data import read
from lamina.data.ragged import Ragged
from lamina.data.schema import ColumnSchema
from lamina.modalities import MODALITIES, Block
from lamina.modalities.blocks import claimed
from lamina.modalities.gaps import GappedStream, presence, with_gaps

TABLE = Block("table", MODALITIES["table"], (ColumnSchema("n", "numeric", "", "table"),))
PHOTO = Block("photo", MODALITIES["image"], (ColumnSchema("photo", "image", "", "image"),))


@pytest.fixture
def table(tmp_path):
    for i in range(4):
        Image.new("L", (6, 6), 50 * i + 10).save(tmp_path / f"{i}.png")
    (tmp_path / "t.csv").write_text("photo,n\n0.png,1\n,2\n2.png,3\n3.png,\n")
    return claimed(read(tmp_path / "t.csv")).table


def test_cells_may_be_absent_and_columns_of_a_table_may_not(table):
    assert presence(PHOTO, table).tolist() == [True, False, True, True]
    assert presence(PHOTO, table, np.array([1, 3])).tolist() == [False, True]
    assert presence(TABLE, table) is None
    assert presence(PHOTO, table.drop(["photo"])) is None


def test_zeros_stand_for_what_is_absent(table):
    there = presence(PHOTO, table)
    encoder = PHOTO.modality.fit(table, PHOTO, np.flatnonzero(there), PHOTO.modality.keys())
    whole = with_gaps(encoder, table, None, there)
    assert whole.shape == (4, 6, 6, 1) and whole.dtype == np.uint8
    assert whole[:, 0, 0, 0].tolist() == [10, 0, 110, 160]
    rows = np.array([3, 1])
    assert with_gaps(encoder, table, rows, there[rows])[:, 0, 0, 0].tolist() == [160, 0]
    none = with_gaps(encoder, table, np.array([1]), np.array([False]))
    assert none.shape == (1, 6, 6, 1) and not none.any()


def test_streams_stay_streams(table, monkeypatch):
    there = presence(PHOTO, table)
    encoder = PHOTO.modality.fit(table, PHOTO, np.flatnonzero(there), PHOTO.modality.keys())
    expected = with_gaps(encoder, table, None, there)
    monkeypatch.setattr("lamina.modalities.image.encoder.most_resident", lambda: 10)
    stream = with_gaps(encoder, table, None, there)
    assert isinstance(stream, GappedStream)
    assert (stream.shape, stream.dtype, stream.nbytes, len(stream)) == ((4, 6, 6, 1), np.uint8, 144, 4)
    rows = np.array([2, 1, 0, 2])
    np.testing.assert_array_equal(stream.take(rows), expected[rows])
    assert not stream.take(np.array([1])).any()


def test_rows_of_unequal_length_stay_as_short_as_they_are():
    rows = Ragged(np.arange(1, 36), np.array([3, 35]), length=64, fill=-1)
    stream = GappedStream(rows, np.array([True, False, True]))
    assert stream.take(np.array([0, 1])).shape == (2, 16)
    assert stream.take(np.array([1, 2])).shape == (2, 32)
    assert not stream.take(np.array([1])).any()
