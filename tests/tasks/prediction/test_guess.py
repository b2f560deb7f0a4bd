"""Which of the four tasks of prediction a target asks for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import read

ROWS = 60
NOISE = np.random.default_rng(0).normal(size=ROWS)


GUESSES = {
    "booleans": ([True, False] * 30, "binary"),
    "two words": (["a", "b"] * 30, "binary"),
    "two integers": ([5, 9] * 30, "binary"),
    "two floats": ([0.0, 1.0] * 30, "binary"),
    "three words": (["a", "b", "c"] * 20, "multiclass"),
    "few integers from 0": ([i % 7 for i in range(ROWS)], "multiclass"),
    "few integers": ([3 + i % 3 for i in range(ROWS)], "multiclass"),
    "few rows, integers from 0": ([i % 3 for i in range(ROWS)], "multiclass"),
    "counts": ([i * 7 % 31 for i in range(ROWS)], "regression"),
    "floats": (list(NOISE), "regression"),
    "three floats": ([0.0, 1.0, 2.0] * 20, "regression"),
    "many numbers as text": ([f"{i * 7 % 53}.5" for i in range(ROWS)], "regression"),
    "few numbers as text": ([str(i % 3) for i in range(ROWS)], "multiclass"),
}


@pytest.mark.parametrize("case", GUESSES)
def test_guessed_tasks(case):
    values, task = GUESSES[case]
    frame = pl.DataFrame({"a": NOISE, "y": values})
    assert schema_of(read(frame), "y").task == task


def test_several_targets():
    frame = pl.DataFrame(
        {"a": NOISE, "p": [0, 1] * 30, "q": [True, False] * 30, "r": NOISE * 2, "s": ["u", "v"] * 30}
    )
    table = read(frame)
    assert schema_of(table, ["p", "q"]).task == "multilabel"
    assert schema_of(table, ["p", "r"]).task == "regression"
    with pytest.raises(DataError) as caught:
        schema_of(table, ["p", "s"])
    assert str(caught.value) == (
        "<frame>, column 's': one of several targets is text; expected numbers (regression) or 0 and 1"
        " (multilabel)\n  fix: name one target, or turn the text into 0/1 columns"
    )


def test_classification_is_narrowed_down():
    table = read(pl.DataFrame({"a": NOISE, "y": [i * 7 % 31 for i in range(ROWS)], "z": [0, 1] * 30}))
    assert schema_of(table, "y", task="classification").task == "multiclass"
    assert schema_of(table, "z", task="classification").task == "binary"


def test_a_date_is_no_target():
    frame = pl.DataFrame({"a": NOISE[:3], "y": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    with pytest.raises(
        DataError, match=r"column 'y': a date cannot be predicted as it is\n  fix: make it a number"
    ):
        schema_of(read(frame.with_columns(pl.col("y").str.to_date())), "y")
