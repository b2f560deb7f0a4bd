"""Splits: every row once, nothing torn apart that belongs together."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.errors import ConfigError, DataError
from lamina.data import Schema, Split, read, split_rows
from lamina.data.schema import ColumnSchema


def split_of(columns: dict, *, kind: str = "numbers", seed: int = 0, **keys) -> Split:
    """Split with the roles among ``keys`` (split, time, group) and the shares there."""
    roles = {role: keys.pop(role) for role in ("split", "time", "group") if role in keys}
    schema = Schema((ColumnSchema("x", "numeric"),), (), ("y",), "any", kind, **roles)
    rows = len(columns["y"])
    return split_rows(read(pl.DataFrame({"x": np.arange(rows), **columns})), schema, seed=seed, **keys)


def parts_of(split: Split) -> list[set[int]]:
    return [set(part.tolist()) for part in (split.train, split.valid, split.test)]


@given(st.integers(3, 200), st.integers(0, 2**40), st.floats(0, 0.6), st.floats(0, 0.39))
def test_every_row_stands_in_one_part(rows, seed, valid, test):
    split = split_of({"y": np.arange(rows)}, seed=seed, valid=valid, test=test)
    train, held, tested = parts_of(split)
    assert train | held | tested == set(range(rows))
    assert len(train) + len(held) + len(tested) == rows
    assert train
    assert (len(held) > 0) == (valid > 0)
    assert (len(tested) > 0) == (test > 0)
    for part in (split.train, split.valid, split.test):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()


def test_sizes_are_those_asked_for():
    split = split_of({"y": np.arange(1000)}, valid=0.2, test=0.1)
    assert [len(part) for part in parts_of(split)] == [700, 200, 100]


def test_the_seed_decides():
    y = {"y": np.arange(100)}
    assert parts_of(split_of(y, seed=3)) == parts_of(split_of(y, seed=3))
    assert parts_of(split_of(y, seed=3)) != parts_of(split_of(y, seed=4))


@pytest.mark.parametrize("counts", [[50, 30, 20], [90, 8, 2], [500, 3, 3]])
def test_classes_are_split_in_proportion(counts):
    y = np.repeat(["a", "b", "c"], counts)
    split = split_of({"y": y}, kind="classes", valid=0.2, test=0.1)
    for label, count in zip("abc", counts, strict=True):
        assert abs(np.sum(y[split.valid] == label) - 0.2 * count) <= 1
        assert abs(np.sum(y[split.test] == label) - 0.1 * count) <= 1
        assert np.any(y[split.train] == label)


def test_rows_without_a_target_are_in_no_part():
    split = split_of({"y": [None, 1.0, 2.0, None, 3.0, 4.0]})
    assert set().union(*parts_of(split)) == {1, 2, 4, 5}
    split = split_of({"y": ["a", "b", None, "a", "b", "a"]}, kind="classes")
    assert set().union(*parts_of(split)) == {0, 1, 3, 4, 5}


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_together(seed):
    groups = np.random.default_rng(seed).integers(0, 12, 200)
    columns = {"y": np.arange(200), "team": [f"t{g}" for g in groups]}
    split = split_of(columns, seed=seed, group="team", valid=0.2, test=0.2)
    owners = [set(groups[list(part)]) for part in parts_of(split)]
    assert all(owners)
    assert sum(map(len, owners)) == len(set(groups))
    assert 15 <= len(split.valid) <= 70


def test_rows_without_a_group_are_alone():
    split = split_of({"y": np.arange(40), "team": [None] * 20 + ["a"] * 20}, group="team", valid=0.25)
    assert set().union(*parts_of(split)) == set(range(40))
    a_rows = set(range(20, 40))
    assert a_rows <= parts_of(split)[0] or not a_rows & parts_of(split)[0]


def test_time_puts_the_last_rows_last():
    order = np.random.default_rng(0).permutation(10)
    split = split_of({"y": np.arange(10), "when": order}, time="when", valid=0.2, test=0.1)
    assert order[split.test].tolist() == [9]
    assert sorted(order[split.valid].tolist()) == [7, 8]
    dates = [f"2024-01-{day + 1:02d}" for day in order]
    assert parts_of(
        split_of({"y": np.arange(10), "when": dates}, time="when", valid=0.2, test=0.1)
    ) == parts_of(split)


def test_a_split_column_decides():
    words = ["train", "VAL ", "test", "training", "Validation", "dev"]
    split = split_of({"y": np.arange(6), "part": words}, split="part")
    assert parts_of(split) == [{0, 3}, {1, 4, 5}, {2}]


def test_without_validation_rows_some_training_rows_validate():
    words = ["train"] * 8 + ["test"] * 4
    split = split_of({"y": ["a", "b"] * 6, "part": words}, split="part", kind="classes", valid=0.25)
    assert parts_of(split)[2] == {8, 9, 10, 11}
    assert len(split.valid) == 2
    assert len(parts_of(split_of({"y": np.arange(12), "part": words}, split="part", valid=0.0))[1]) == 0


def test_words_that_name_no_part():
    with pytest.raises(DataError) as caught:
        split_of({"y": np.arange(3), "part": ["train", "test", "maybe"]}, split="part")
    assert str(caught.value) == (
        "<frame>, row 2, column 'part': not a word for a split; expected train, valid or test, got 'maybe'"
    )


def test_times_that_are_none():
    with pytest.raises(DataError) as caught:
        split_of({"y": np.arange(3), "when": [1.0, None, 2.0]}, time="when")
    assert str(caught.value) == (
        "<frame>, row 1, column 'when': a time is needed in every row to split by it; "
        "expected a number or a date, got None\n"
        "  fix: write the times alike, best as 2025-01-31 or 2025-01-31 12:00:00"
    )


def test_one_group_cannot_be_split():
    with pytest.raises(
        DataError, match=r"column 'team': all rows are of one group\n  fix: name another group column"
    ):
        split_of({"y": np.arange(3), "team": ["a"] * 3}, group="team")


@pytest.mark.parametrize("shares", [{"valid": 1.0}, {"valid": -0.1}, {"valid": 0.6, "test": 0.4}])
def test_shares_out_of_range(shares):
    with pytest.raises(ConfigError, match=r"the shares are out of range; expected valid and test from 0"):
        split_of({"y": np.arange(9)}, **shares)


def test_no_row_is_left():
    with pytest.raises(
        DataError, match=r"<frame>: no row is left to train on\n  fix: add rows, or lower valid="
    ):
        split_of({"y": pl.Series([None, None], dtype=pl.Float64)})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"seed": 1.5}, "seed cannot be read; expected a whole number, got 1.5"),
        ({"seed": -1}, "seed is out of range; expected 0 or more, below 2^63, got -1"),
        ({"seed": 2**63}, f"seed is out of range; expected 0 or more, below 2^63, got {2**63}"),
        ({"valid": "0.2"}, "valid cannot be read; expected a number, got '0.2'"),
        ({"test": None}, "test cannot be read; expected a number, got None"),
    ],
)
def test_numbers_that_are_none_or_out_of_range(keys, message):
    with pytest.raises(ConfigError) as caught:
        split_of({"y": np.arange(10)}, **keys)
    assert str(caught.value) == message


def test_the_largest_seed_is_one():
    split_of({"y": np.arange(10)}, seed=2**63 - 1)
