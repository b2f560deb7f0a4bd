"""What the audit says of targets, in exact words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.audited import LABELS, NOISE, ROWS, csv_of, said, with_cell

from lamina.data import read
from lamina.tasks.audit import check

FINDINGS = {
    "target missing": (
        {"y": with_cell(with_cell(LABELS, 3, "NA"), 8, "")},
        [
            "warning: t.csv, line 5, column 'y': the target is missing in 2 of 60 rows; they are left out\n"
            '  fix: fill it in, or remove these rows; words such as "None" and "NA" count as missing: '
            "rename them if they are a class"
        ],
    ),
    "target always missing": (
        {"y": [""] * ROWS},
        ["error: t.csv, column 'y': the target is missing in every row\n"
        "  fix: name another target, or fill it in"],
    ),
    "target constant": (
        {"y": ["yes"] * ROWS},
        [
            "error: t.csv, column 'y': the target is 'yes' in every row: there is nothing to learn\n"
            "  fix: name another target, or add rows with other values"
        ],
    ),
    "number as target constant": (
        {"y": [2.5] * ROWS},
        [
            "error: t.csv, column 'y': the target is 2.5 in every row: there is nothing to learn\n"
            "  fix: name another target, or add rows with other values"
        ],
    ),
    "target infinite": (
        {"y": with_cell(np.exp(-(NOISE**2)), 6, "inf")},
        [
            "error: t.csv, line 8, column 'y': infinity in 1 row\n"
            "  fix: remove these rows, or scale the target down"
        ],
    ),
    "too many classes": (
        {"y": [f"name{max(i, 1)}" for i in range(ROWS)]},
        [
            "error: t.csv, column 'y': 59 classes in 60 rows: too few rows of each\n"
            "  fix: name another target, or choose task=regression if it is a number"
        ],
    ),
    "a word in a numeric target": (
        {"y": with_cell([f"{x + 3:.3f}" for x in NOISE], 6, "low")},
        [
            "warning: t.csv, line 8, column 'y': 1 cell of a numeric column can not be read as a number, "
            "the first one 'low'; taken as missing\n  fix: correct the cells, or leave them empty"
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_each_finding_in_its_words(tmp_path, case):
    columns, expected = FINDINGS[case]
    path = csv_of(tmp_path, columns)
    assert said(check(path, target="y"), path) == expected


TASKS = {
    "binary of three": (["a", "b", "c"] * 20, "binary", "column 'y': 3 classes where a binary task has 2\n"
                        "  fix: choose task=multiclass"),
    "classes with fractions": (NOISE + 9, "multiclass", "column 'y': numbers with fractions are no classes\n"
                               "  fix: choose task=regression"),
    "words for regression": (["low", "high", "mid"] * 20, "regression",
          "row 0, column 'y': regression learns numbers, "
                             "got 'low'\n  fix: correct the column, or choose task=multiclass"),
    "flags that are none": ([i % 3 for i in range(ROWS)], "multilabel",
          "row 2, column 'y': a target of a multilabel task "
                            "is 0 or 1, got 2\n  fix: write 1 where the label applies, 0 where not"),
}  # fmt: skip


@pytest.mark.parametrize("case", TASKS)
def test_tasks_that_do_not_fit_the_target(case):
    y, task, expected = TASKS[case]
    result = check(read(pl.DataFrame({"a": NOISE, "y": y})), target="y", task=task)
    assert str(result.errors[0]) == f"error: <frame>, {expected}"


def test_a_label_that_never_changes():
    table = read({"a": NOISE, "p": [0, 1] * 30, "q": [0] * ROWS})
    result = check(table, target=["p", "q"], task="multilabel")
    assert said(result) == [
        "warning: <arrays>, column 'q': this label is the same in every row\n"
        "  fix: leave it out of the targets"
    ]


def test_rare_classes_are_noted():
    y = np.arange(1000) < 6
    result = check((np.random.default_rng(0).normal(size=(1000, 2)), y))
    assert said(result) == [
        "note: <arrays>, column 'target': class True has 0.60% of the rows: read "
        "balanced_accuracy, not accuracy\n"
        "  fix: if every class matters as much as another: class_weight=balanced"
    ]


@pytest.mark.parametrize(("share", "is_noted"), [(0.69, False), (0.7, True)])
def test_a_class_that_most_rows_have_is_noted(share, is_noted):
    y = np.where(np.arange(1000) < share * 1000, "usual", "seldom")
    result = check((np.random.default_rng(0).normal(size=(1000, 2)), y))
    noted = [
        "note: <arrays>, column 'target': class 'usual' has 70% of the rows: read balanced_accuracy beside "
        "accuracy\n  fix: if every class matters as much as another: class_weight=balanced"
    ]
    assert said(result) == (noted if is_noted else [])


def test_a_frame_s_missing_target_is_no_word():
    frame = pl.DataFrame({"noise": NOISE, "y": with_cell(LABELS, 3, None)})
    assert said(check(frame, target="y")) == [
        "warning: <frame>, row 3, column 'y': the target is missing in 1 of 60 rows; they are left out\n"
        "  fix: fill it in, or remove these rows"
    ]


def test_too_few_rows():
    result = check({"a": [1.5], "y": [2.5]}, "y", task="regression")
    assert "error: <arrays>: 1 row with a target: nothing to learn from\n" in str(result)


def test_a_gap_in_the_target_of_a_file_is_never_an_error(tmp_path):
    path = csv_of(tmp_path, {"a": NOISE**2, "y": with_cell(LABELS, 3, "")})
    for allow in (None, True, False):
        (warned,) = check(path, "y", allow_missing=allow).warnings
        assert warned.code == "target-missing"


@pytest.mark.parametrize("value", [0, 0.5, "cat"])
def test_images_in_memory_have_no_folder_to_be_added_to(value):
    images = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    assert str(check(images, y=[value] * 20).errors[0]) == (
        f"error: <arrays>, column 'target': the target is {value!r} in every row: there is nothing to learn\n"
        "  fix: name another target, or add rows with other values"
    )
