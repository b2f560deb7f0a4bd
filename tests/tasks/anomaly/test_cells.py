"""Cells: bins, rarity, what is stored, and reasons."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import ArtifactError
from lamina.data import AbstractTable, ColumnSchema, Schema, read
from lamina.modalities.base import Learned
from lamina.modalities.blocks import Encoders, blocks_of
from lamina.modalities.table.encoder import TableEncoder
from lamina.tasks.anomaly.cells import CellSpace, bin_edges, scale_of, scaled
from lamina.tasks.anomaly.reasons import number_words, place_words, reasons_of, share_words, shares_of

COLUMNS = (
    ColumnSchema("size", "numeric", "", "table"),
    ColumnSchema("kind", "category", "", "table"),
)


def table() -> AbstractTable:
    sizes = np.concatenate([np.random.default_rng(0).normal(10.0, 1.0, 199), [1e6]])
    return read(pl.DataFrame({"size": sizes, "kind": ["a"] * 150 + ["b"] * 47 + ["c", "c", "c"]}))


def fitted(rows: AbstractTable) -> tuple[CellSpace, TableEncoder]:
    schema = Schema(COLUMNS, (), (), "anomaly", "none")
    encoder = TableEncoder.fit(rows, COLUMNS, numeric="standard")
    blocks = blocks_of(schema)
    encoders = Encoders(blocks, {blocks[0].name: encoder})
    return CellSpace.fit(Learned(rows, schema, encoders, np.arange(rows.height))), encoder


def test_one_extreme_number_does_not_press_the_others_into_one_bin():
    space, _ = fitted(table())
    counts = space.shares[0] * 200
    assert counts.sum() == pytest.approx(200) and (counts > 0).sum() >= 3
    assert counts[0] == counts[-1] == 0  # beyond what was seen


def test_rarity_is_the_surprise_at_a_cell():
    space, encoder = fitted(table())
    rarity = space.rarity(encoder.transform(table()))
    assert rarity.shape == (200, 2) and rarity.dtype == np.float32
    assert rarity[199, 0] == pytest.approx(-np.log(1.5 / (200 + 0.5 * len(space.shares[0]))), rel=1e-5)
    assert rarity[199, 1] > rarity[160, 1] > rarity[0, 1]


def test_a_number_beyond_all_is_the_rarest():
    space, encoder = fitted(table())
    beyond = read(pl.DataFrame({"size": [10.0, 1e9, -1e9], "kind": ["a", "a", "z"]}))
    rarity = space.rarity(encoder.transform(beyond))
    nothing = -np.log(0.5 / (200 + 0.5 * len(space.shares[0])))
    np.testing.assert_allclose(rarity[1:, 0], nothing, rtol=1e-5)
    assert rarity[2, 1] > rarity[0, 1]


def test_features_are_numbers_and_one_hot_categories():
    space, encoder = fitted(table())
    found = space.arrays(encoder, table())
    assert space.inputs(0).groups == (1, 5) and found.shape == (200, 6)
    np.testing.assert_array_equal(found[:, 1:].sum(axis=1), 1.0)
    assert found[:, 0].std() == pytest.approx(1.0, rel=1e-3)


def test_a_restored_space_gives_equal_arrays():
    space, encoder = fitted(table())
    stored = json.loads(json.dumps(space.to_json()))
    again, encoded = CellSpace.restore(stored, "space"), encoder.transform(table())
    np.testing.assert_array_equal(again.rarity(encoded), space.rarity(encoded))
    np.testing.assert_array_equal(again.features(encoded), space.features(encoded))
    for damaged in (
        {**stored, "shares": stored["shares"][:1]},
        {**stored, "scales": [[0.0, 0.0]]},
        {**stored, "edges": [[3.0, 1.0]]},
        {**stored, "landmarks": {"size": [1.0]}},
    ):
        with pytest.raises(ArtifactError):
            CellSpace.restore(damaged, "space")


def test_edges_of_few_values_lie_between_them():
    np.testing.assert_allclose(bin_edges(np.array([2.0, 2.0])), [1.0, 3.0])
    assert len(bin_edges(np.arange(100.0), 10)) == 11
    assert bin_edges(np.zeros(0)).tolist() == [0.0]
    assert scale_of(np.full(5, 3.0)) == (3.0, 1.0)
    assert scaled(np.array([[3.0]]), np.array([[3.0, 1.0]])).tolist() == [[0.0]]


def test_reasons_name_the_columns_that_count():
    space, encoder = fitted(table())
    rows = read(pl.DataFrame({"size": [50.0, 10.0, 1.0, 10.0], "kind": ["a", "c", "q", "b"]}))
    oddness = np.array([[4.0, 0.0], [0.05, 1.0], [1.0, 1.0], [0.0, 0.0]])
    names, shares = shares_of(space, oddness)
    assert names == ["size", "kind"] and shares[3].tolist() == [0.0, 0.0]
    found = reasons_of(space, encoder.transform(rows), rows, oddness)
    assert str(found[0][0]).startswith("size 50 is far above the usual: 99 % of the rows have 11.96 or less")
    assert str(found[1][0]) == "kind 'c' is rare: 1.5 % of the training rows are like it (95%)"
    assert found[2][0].words.startswith("size 1 is far below the usual")
    assert found[2][1].words == "kind 'q' is unlike all values of training"
    assert found[3] == []


def test_words_for_numbers_shares_and_places():
    assert (number_words(2.5), number_words(1234567.5)) == ("2.5", "1,234,567.5")
    assert share_words(1e-7) == "less than 0.001 %"
    assert place_words(np.zeros((3, 3))) == ""
    assert place_words(np.eye(3)).startswith("the largest part of the error (33%)")
    middle = np.zeros((9, 9))
    middle[4, 4] = 1.0
    assert place_words(middle) == "most of the error (100%) is in the middle"
