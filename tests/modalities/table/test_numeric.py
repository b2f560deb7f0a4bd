"""Numbers and booleans as features: scaled, marked where they are missing, refused where they are none."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import DataError
from lamina.data import AbstractTable, read
from lamina.modalities.table.numeric import BooleanEncoder, NumericEncoder, numbers_of


def table_of(values, name: str = "a") -> AbstractTable:
    return read(pl.DataFrame({name: values}, strict=False))


def filled(encoder: NumericEncoder | BooleanEncoder, values) -> np.ndarray:
    out = np.full((len(values), len(encoder.features)), np.nan, np.float32)
    encoder.fill(table_of(values), out)
    return out


def numeric(values, *, scale: str = "standard") -> NumericEncoder:
    return NumericEncoder.fit(table_of(values), "a", np.arange(len(values)), scale=scale)


def boolean(values) -> BooleanEncoder:
    return BooleanEncoder.fit(table_of(values), "a", np.arange(len(values)))


def test_numbers_are_scaled_by_those_of_training():
    encoder = numeric([1.0, 3.0] * 10)
    assert encoder.features == ("a",) and not encoder.marks_missing
    assert filled(encoder, [1.0, 2.0, 5.0]).tolist() == [[-1.0], [0.0], [3.0]]


def test_a_second_feature_says_what_is_missing():
    encoder = numeric([1.0, None, 3.0, None])
    assert encoder.features == ("a", "a is missing")
    assert filled(encoder, [None, 3.0]).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert encoder.bins == ((-1.0, 0.0, 1.0), (0.0, 1.0))


def test_missing_numbers_are_zero_where_training_had_none():
    assert filled(numeric([1.0, 3.0] * 10), [None, 3.0]).tolist() == [[0.0], [1.0]]


def test_infinite_numbers_of_training_do_not_count():
    assert numeric([1.0, 3.0, np.inf, -np.inf]).scaler.to_json() == numeric([1.0, 3.0]).scaler.to_json()


@pytest.mark.parametrize("scale", ["standard", "quantile"])
@pytest.mark.parametrize("values", [[1.0, 2.0, None, 7.0], [5.0] * 6, [None] * 4, [1, 2, 3, 4]])
def test_numbers_survive_json(scale, values):
    encoder = numeric(values, scale=scale)
    again = NumericEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    new = [None, -1.0, 2.5, 1e9]
    np.testing.assert_array_equal(filled(again, new), filled(encoder, new))
    assert np.isfinite(filled(encoder, new)).all()
    assert (again.features, again.bins) == (encoder.features, encoder.bins)


SAME = {
    "booleans": [True, False, None],
    "words": ["Yes", "no", None],
    "other words": ["TRUE", "false", ""],
    "digits as text": ["1", "0", None],
    "numbers": [1.0, 0.0, None],
    "any other number is true": [7.0, 0.0, None],
}


@pytest.mark.parametrize("case", SAME)
def test_booleans_are_known_again_in_another_type(case):
    encoder = boolean([True, False, None])
    assert encoder.features == ("a", "a is missing")
    assert filled(encoder, SAME[case]).tolist() == [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]


def test_booleans_without_gaps_are_one_feature():
    encoder = boolean([True, False])
    assert encoder.features == ("a",) and encoder.bins == ((-1.0, 1.0),)
    assert filled(encoder, [None, False]).tolist() == [[0.0], [-1.0]]
    again = BooleanEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert (again.name, again.features, again.bins) == ("a", encoder.features, encoder.bins)


def test_words_are_no_truth():
    assert filled(boolean([True, False]), ["perhaps", "yes"]).tolist() == [[0.0], [1.0]]


def test_a_few_words_among_numbers_are_missing():
    values = ["n. a.", *map(str, range(30))]
    numbers = numbers_of(table_of(values), "a")
    assert np.isnan(numbers[0]) and numbers[1:].tolist() == list(range(30))


REFUSED = {
    "infinity": (
        [1.0, np.inf],
        "<frame>, row 1, column 'a': infinity is not a number to learn from\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "too large": (
        [1e300, 2.0],
        "<frame>, row 0, column 'a': 1e+300, beyond single precision, is not a number to learn from\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "words": (
        ["1", "many", "few"],
        "<frame>, row 1, column 'a': not a number, in a column that was numeric in training; got 'many'\n"
        "  fix: leave the cell empty if the value is unknown",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_number_is_refused_with_its_place(case):
    values, message = REFUSED[case]
    with pytest.raises(DataError) as caught:
        numbers_of(table_of(values), "a")
    assert str(caught.value) == message
