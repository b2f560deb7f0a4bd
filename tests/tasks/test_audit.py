"""What the audit finds in data as a whole, in exact words, and what it must not find."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from tests.audited import LABELS, NOISE, ROWS, TRAINING, csv_of, said, with_cell

from lamina.core.errors import ConfigError
from lamina.tasks.audit import check


def test_clean_data_are_left_alone(tmp_path):
    columns = {
        "a": NOISE**2,
        "b": [i % 5 for i in range(ROWS)],
        "c": ["u", "v", "w"] * 20,
        "d": [i % 3 == 0 for i in range(ROWS)],
    }
    path = csv_of(tmp_path, columns)
    assert said(check(path, target="y"), path) == []


def test_an_absent_target_is_an_error_with_the_nearest_name(tmp_path):
    path = csv_of(tmp_path, {"price": NOISE + 1})
    result = check(path, target="prise")
    assert result.schema is None
    assert said(result, path) == [
        "error: t.csv: target column 'prise' is absent (did you mean 'price'?); expected one "
        "of noise, y, price\n"
        "  fix: name a column that the data have"
    ]


SECOND = {
    "absent column": (
        TRAINING.rename({"a": "A1"}),
        "error: <frame>: column 'a' is absent\n  fix: give the test data the columns of the training data",
    ),
    "unseen label": (
        TRAINING.with_columns(pl.Series("y", with_cell(LABELS, 3, "yess"))),
        "error: <frame>, row 3, column 'y': label 'yess' is in no training row (did you mean 'yes'?)\n"
        "  fix: correct the label, remove the rows, or train with rows of this class",
    ),
    "words": (
        TRAINING.with_columns(pl.Series("a", ["x"] * ROWS)),
        "error: <frame>, row 0, column 'a': numeric in training, here 'x'\n  fix: correct the column",
    ),
    "infinity": (
        TRAINING.with_columns(pl.Series("a", with_cell(NOISE.tolist(), 2, np.inf))),
        "error: <frame>, row 2, column 'a': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "no rows": (TRAINING.clear(), "error: <frame>: the test data have no row\n  fix: add rows"),
    "target missing": (
        TRAINING.with_columns(pl.Series("y", with_cell(LABELS, 2, None)), pl.col("a") + 9),
        "warning: <frame>, row 2, column 'y': the target is missing in 1 of 60 rows\n"
        "  fix: fill it in, or remove the rows",
    ),
    "unseen category": (
        TRAINING.with_columns(pl.Series("c", with_cell(["u"] * ROWS, 2, "z")), pl.col("a") + 9),
        "note: <frame>, row 2, column 'c': a category that training never saw in 1 of 60 rows, "
        "the first one 'z'",
    ),
    "duplicates": (
        TRAINING,
        "warning: <frame>, row 0: 48 of 60 test rows equal a training row, which flatters the metrics\n"
        "  fix: remove the copies from one of the two",
    ),
}


@pytest.mark.parametrize("case", SECOND)
def test_test_data_of_their_own(case):
    frame, expected = SECOND[case]
    found = said(check(TRAINING, "y", test_data=frame))
    first = found[0]
    if case == "duplicates":
        first = first.replace(first.split(":")[1], " <frame>, row 0")
    assert first == expected


def test_all_that_is_wrong_with_test_data_is_said_at_once():
    other = TRAINING.with_columns(
        a=pl.Series(with_cell(NOISE.tolist(), 2, np.inf)), y=pl.Series(with_cell(LABELS, 3, "yess"))
    )
    found = check(TRAINING, "y", test_data=other)
    assert [(f.code, f.where) for f in found.errors] == [
        ("infinity", "<frame>, row 2, column 'a'"),
        ("unseen-label", "<frame>, row 3, column 'y'"),
    ]


def test_clean_test_data_are_left_alone():
    assert said(check(TRAINING, "y", test_data=TRAINING.with_columns(pl.col("a") + 9))) == []


def test_guesses_are_said_aloud():
    result = check((np.random.default_rng(0).normal(size=(90, 2)), np.arange(90) % 3))
    assert [str(note) for note in result.notes] == [
        "note: <arrays>: the task is taken to be multiclass\n  fix: if that is wrong: task=regression",
        "note: <arrays>: taken as target: 'target'\n  fix: name another one with target=",
    ]
    assert check((NOISE.reshape(-1, 2), np.eye(30)[:, :2])).schema.targets == ("target_0", "target_1")


def test_weights_given_beside_the_data_are_used():
    result = check(NOISE.reshape(-1, 2), y=np.arange(30) % 2, sample_weight=np.ones(30))
    assert result.schema.weight == "weight"


def test_an_audit_prints_and_stores_itself(tmp_path):
    path = csv_of(tmp_path, {"a": list(range(ROWS)), "b": with_cell(NOISE, 1, "inf")})
    result = check(path, target="y")
    text = str(result).replace(path, "t.csv")
    assert text.startswith(
        "t.csv: 60 rows, 4 columns\ntask: binary, target 'y'\ninputs: 2 numeric\nerror: t.csv, line 3"
    )
    stored = json.loads(json.dumps(result.to_json()))
    assert stored["ok"] is False
    assert stored["rows"] == 60
    assert stored["findings"][0]["code"] == "infinity"
    assert stored["schema"]["targets"] == ["y"]
    assert len(result.errors) == 1 and len(result.warnings) == 1
    check(csv_of(tmp_path, {"a": NOISE**2}), target="y").raise_errors()


def test_unknown_keys_are_refused():
    with pytest.raises(
        ConfigError,
        match=r"unknown key 'tasc' \(did you mean 'task'\?\); expected one of allow_missing, augment, bad",
    ):
        check(TRAINING, "y", tasc="binary")


def test_a_wrong_type_is_no_unknown_key():
    with pytest.raises(ConfigError, match="valid cannot be read; expected a number, got 'much'"):
        check(TRAINING, "y", valid="much")
    with pytest.raises(ConfigError, match="target is the name of a column; got ndarray\n  fix: give values"):
        check(TRAINING, NOISE)


def test_a_single_column_may_be_named_without_a_list(tmp_path):
    path = csv_of(tmp_path, {"row": list(range(ROWS)), "b": ["u", "v", "w"] * 20})
    result = check(path, target="y", keep="row", drop="b")
    assert said(result, path) == []
    assert [column.name for column in result.schema.inputs] == ["noise", "row"]


def test_a_table_without_rows():
    for data in (TRAINING.clear(), (np.zeros((0, 2)), np.zeros(0)), {"a": [], "y": []}):
        result = check(data)
        assert [(f.code, f.message) for f in result.errors] == [("too-few-rows", "there is no row")]
        assert result.schema is None
        assert str(result).splitlines()[0].endswith(f": 0 rows, {result.columns} columns")


def test_group_and_time_rule_one_another_out():
    frame = TRAINING.with_columns(team=pl.Series(range(ROWS)) // 6, when=pl.Series(range(ROWS)))
    for data in (frame, "gone.csv"):  # said before anything is read
        with pytest.raises(ConfigError, match="group 'team' and time 'when' ask for two different splits"):
            check(data, "y", group="team", time="when")


def test_test_data_of_a_regression_with_dates_and_flags():
    days = [f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)]
    frame = TRAINING.with_columns(
        when=pl.Series(days), flag=pl.Series(range(ROWS)) % 3 == 0, y=pl.Series(NOISE**3 + NOISE)
    ).drop("a")
    result = check(frame, "y", test_data=frame.with_columns(pl.col("y") + 9))
    assert said(result) == []
    assert result.schema.task == "regression"
