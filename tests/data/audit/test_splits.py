"""Findings about the split, and about the columns that rule it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.audited import LABELS, NOISE, ROWS, TRAINING, csv_of, said, with_cell

from lamina.tasks.audit import check


def test_a_class_too_small_for_the_split(tmp_path):
    path = csv_of(tmp_path, {"y": with_cell(LABELS, 11, "maybe")})
    assert said(check(path, "y"), path) == [
        "error: t.csv, line 13, column 'y': class 'maybe' has 1 row, the split needs 2: "
        "one for each of training, validation\n"
        "  fix: add rows of the class; or leave such classes out: rare=drop; "
        "or make them one class: rare=merge"
    ]
    assert not check(path, "y", valid=0.0).errors
    three = check(
        csv_of(tmp_path, {"y": with_cell(with_cell(LABELS, 11, "maybe"), 12, "maybe")}), "y", test=0.2
    )
    assert "has 2 rows, the split needs 3: one for each of training, validation, test" in str(three.errors[0])


def test_a_split_of_its_own_is_noted(tmp_path):
    path = csv_of(tmp_path, {"split": ["train", "train", "test"] * 20})
    assert said(check(path, "y"), path) == ["note: t.csv: split by its column 'split'"]
    assert said(check(path, "y", split="split"), path) == []


WEIGHTS = {
    "negative": (with_cell(np.ones(ROWS), 4, -1.0),
          "row 4, column 'w': a weight is a number of 0 or more, got -1.0\n"
                 "  fix: correct the weight; 0 leaves the row out"),
    "missing": (with_cell([1.0] * ROWS, 4, None),
          "row 4, column 'w': a weight is a number of 0 or more, got None\n"
                "  fix: correct the weight; 0 leaves the row out"),
    "all zero": (np.zeros(ROWS), "column 'w': every weight is 0\n  fix: give some rows a weight"),
}  # fmt: skip


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights(case):
    weights, expected = WEIGHTS[case]
    result = check(pl.DataFrame({"a": NOISE, "y": LABELS, "w": weights}), target="y", weight="w")
    assert str(result.errors[0]) == f"error: <frame>, {expected}"


def test_splits_that_cannot_be_made():
    frame = pl.DataFrame(
        {"a": NOISE, "y": LABELS, "part": with_cell(["train"] * ROWS, 9, "trian"), "when": ["x"] * ROWS}
    )
    result = check(frame, target="y", split="part")
    assert str(result.errors[0]) == (
        "error: <frame>, row 9, column 'part': not a word for a split; expected train, valid "
        "or test, got 'trian'"
    )
    result = check(frame.with_columns(part=pl.lit("test")), target="y", split="part")
    assert str(result.errors[0]) == (
        "error: <frame>, column 'part': no row is marked train\n"
        "  fix: mark the rows to learn from with the word train"
    )
    result = check(frame, target="y", time="when", drop=["part"])
    assert "row 0, column 'when': a time is needed in every row to split by it" in str(result.errors[0])


def test_labels_of_the_test_part_that_training_lacks():
    frame = pl.DataFrame(
        {"a": NOISE, "y": with_cell(LABELS, 59, "new"), "split": ["train"] * 40 + ["test"] * 20}
    )
    assert str(check(frame, "y").errors[0]) == (
        "error: <frame>, row 59, column 'y': label 'new' of the test rows is in no training row\n"
        "  fix: split otherwise, or remove the rows of this class"
    )


def test_a_split_that_fails_is_a_finding():
    frame = TRAINING.with_columns(team=pl.lit("u"))
    assert said(check(frame, "y", group="team"))[0] == (
        "error: <frame>, column 'team': all rows are of one group\n  fix: name another group column, or none"
    )
