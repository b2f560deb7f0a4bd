"""What the audit finds, in exact words, and what it must not find."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from lamina.core.errors import ConfigError, DataError
from lamina.data import Audit, Finding, read
from lamina.data.audit.findings import of_error
from lamina.tasks.audit import check

ROWS = 60
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=ROWS).round(3)
LABELS = [["no", "yes"][i] for i in RANDOM.integers(0, 2, ROWS)]
SILENT = {"task-guessed", "target-guessed", "few-rows"}


def csv_of(folder, columns: dict, name: str = "t.csv") -> str:
    """Write columns (strict types aside) as CSV and return the path."""
    frame = pl.DataFrame(
        {"noise": NOISE[: len(next(iter(columns.values())))], "y": LABELS} | columns, strict=False
    )
    path = str(folder / name)
    frame.write_csv(path)
    return path


def said(result: Audit, path: str = "t.csv") -> list[str]:
    """The findings that matter, as text, with the path cut off."""
    return [str(f).replace(path, "t.csv") for f in result.findings if f.code not in SILENT]


def with_cell(values, row: int, cell) -> list:
    return [cell if i == row else value for i, value in enumerate(values)]


KEEP = '  fix: to learn from it all the same: keep=["a"]'
FINDINGS = {
    "identifier by counting": (
        {"a": list(range(ROWS))},
        ["warning: t.csv, column 'a': left out: identifier (counts the rows)\n" + KEEP],
    ),
    "identifier by its form": (
        {"a": [f"AB-{i:05d}" for i in range(ROWS)]},
        ["warning: t.csv, column 'a': left out: identifier (every value is different)\n" + KEEP],
    ),
    "text": (
        {"a": [f"this is sentence number {i} of many" for i in range(ROWS)]},
        ["warning: t.csv, column 'a': left out: free text (each value is a sentence of its own)\n" + KEEP],
    ),
    "constant": (
        {"a": ["x"] * ROWS, "b": [1] * ROWS},
        ["note: t.csv: left out, as every row holds the same value: 'a', 'b'"],
    ),
    "nothing but missing": (
        {"a": ["NA"] * ROWS},
        ["warning: t.csv, column 'a': left out: every value is missing\n  fix: fill it in, or remove it"],
    ),
    "equals the target": (
        {"a": [{"no": 0, "yes": 1}[label] for label in LABELS]},
        [
            "warning: t.csv, column 'a': left out: it equals the target, so it would give the answer away\n"
            + KEEP + '; to silence this: drop=["a"]'
        ],
    ),
    "infinity": (
        {"a": with_cell(with_cell(NOISE, 7, "inf"), 9, "-inf")},
        [
            "error: t.csv, line 9, column 'a': infinity in 2 rows\n"
            "  fix: replace it by a number, or leave the cell empty"
        ],
    ),
    "an integer too large": (
        {"a": with_cell([i % 7 for i in range(ROWS)], 7, 2**53 + 1)},
        [
            "error: t.csv, line 9, column 'a': the integer 9007199254740993 does not fit: "
            "beyond ±2^53 neighbors become one number\n"
            '  fix: leave it out with drop=["a"], or scale it down; codes belong in a text column'
        ],
    ),
    "an integer far too large": (
        {"a": with_cell([str(i % 7) for i in range(ROWS)], 7, str(2**70))},
        [
            "error: t.csv, line 9, column 'a': the integer 1180591620717411303424 does not fit: "
            "beyond ±2^53 neighbors become one number\n"
            '  fix: leave it out with drop=["a"], or scale it down; codes belong in a text column'
        ],
    ),
    "words among numbers": (
        {"a": with_cell(with_cell([str(i % 7) for i in range(ROWS)], 5, "n/a"), 8, "abc")},
        [
            "warning: t.csv, line 10, column 'a': 1 cell of a numeric column can not be read as a number, "
            "the first one 'abc'; taken as missing\n  fix: correct the cells, or leave them empty",
            "note: t.csv: values are missing in 'a' (1.7%); the network is told which",
        ],
    ),
    "words among dates": (
        {"a": with_cell([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], 8, "soon")},
        [
            "warning: t.csv, line 10, column 'a': 1 cell of a column of dates can not be read as %Y-%m-%d, "
            "the first one 'soon'; taken as missing\n  fix: write all dates alike, best as 2025-01-31"
        ],
    ),
    "dates of two kinds": (
        {"a": [f"2024-01-{i % 28 + 1:02d}" if i % 2 else f"1/{i % 28 + 1}/2024" for i in range(ROWS)]},
        [
            "warning: t.csv, column 'a': dates are written in several ways, read as %Y-%m-%d and %m/%d/%Y\n"
            "  fix: write all dates alike, best as 2025-01-31"
        ],
    ),
    "dates that could be others": (
        {"a": [f"{i % 5 + 1}/{i % 7 + 1}/2024" for i in range(ROWS)]},
        [
            "note: t.csv, column 'a': read as %m/%d/%Y; day and month could be exchanged\n"
            "  fix: write all dates alike, best as 2025-01-31"
        ],
    ),
    "categories by case": (
        {"a": with_cell(["ulm", "bonn", "köln"] * 20, 4, "BONN")},
        [
            "note: t.csv, column 'a': 1 value differs from another in case only\n"
            "  fix: write each category in one way"
        ],
    ),
    "numbers in disguise": (
        {"a": [f"${i % 9},{i % 9}00" for i in range(ROWS)]},
        [
            "note: t.csv, column 'a': most values look like numbers, such as '$0,000'; learned "
            "as categories\n"
            "  fix: write plain numbers: 1234.5"
        ],
    ),
    "target missing": (
        {"y": with_cell(with_cell(LABELS, 3, "NA"), 8, "")},
        [
            "warning: t.csv, line 5, column 'y': the target is missing in 2 of 60 rows; they are left out\n"
            '  fix: fill it in, or remove these rows; words such as "None" and "NA" count as missing: '
            "rename them if they are a class"
        ],
    ),
    "numbers and words": (
        {"a": [str(i % 20) if i % 3 else "abc"[i // 3 % 3] * 3 for i in range(ROWS)]},
        [
            "note: t.csv, column 'a': 87% of the values are numbers; learned as categories\n"
            "  fix: if it is a quantity, empty the cells that are no number"
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
    "a class with one row": (
        {"y": with_cell(LABELS, 11, "maybe")},
        [
            "error: t.csv, line 13, column 'y': class 'maybe' has 1 row, the split needs 2: "
            "one for each of training, validation\n"
            "  fix: add rows of the class, remove it, or merge it with another"
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
    "missing values": (
        {"a": with_cell(NOISE * 2 + NOISE**2, 6, ""), "b": with_cell(["u", "v", "w"] * 20, 6, "?")},
        ["note: t.csv: values are missing in 'a' (1.7%), 'b' (1.7%); the network is told which"],
    ),
    "split column": (
        {"split": ["train", "train", "test"] * 20},
        ["note: t.csv: split by its column 'split'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FINDINGS)
def test_each_finding_in_its_words(tmp_path, case):
    columns, expected = FINDINGS[case]
    path = csv_of(tmp_path, columns)
    assert said(check(path, target="y"), path) == expected


def test_clean_data_are_left_alone(tmp_path):
    columns = {
        "a": NOISE**2,
        "b": [i % 5 for i in range(ROWS)],
        "c": ["u", "v", "w"] * 20,
        "d": [i % 3 == 0 for i in range(ROWS)],
    }
    path = csv_of(tmp_path, columns)
    assert said(check(path, target="y"), path) == []


def test_what_is_kept_is_kept_without_a_warning(tmp_path):
    path = csv_of(tmp_path, {"a": list(range(ROWS)), "b": [{"no": 0, "yes": 1}[label] for label in LABELS]})
    result = check(path, target="y", keep=["a", "b"])
    assert said(result, path) == []
    assert [column.name for column in result.schema.inputs] == ["noise", "a", "b"]
    assert said(check(path, target="y", drop=["a", "b"]), path) == []


def test_an_absent_target_is_an_error_with_the_nearest_name(tmp_path):
    path = csv_of(tmp_path, {"price": NOISE + 1})
    result = check(path, target="prise")
    assert result.schema is None
    assert said(result, path) == [
        "error: t.csv: target column 'prise' is absent (did you mean 'price'?); expected one "
        "of noise, y, price\n"
        "  fix: name a column that the data have"
    ]


def test_a_header_that_is_data(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("".join(f"{x},{i % 3 + 4},{i * 7 % 2}\n" for i, x in enumerate(NOISE)))
    assert said(check(str(path)), str(path))[0] == (
        "warning: t.csv: all column names are numbers: the first row seems to be data\n"
        "  fix: put a line with the column names above it"
    )


def test_a_frame_s_missing_target_is_no_word():
    frame = pl.DataFrame({"noise": NOISE, "y": with_cell(LABELS, 3, None)})
    assert said(check(frame, target="y")) == [
        "warning: <frame>, row 3, column 'y': the target is missing in 1 of 60 rows; they are left out\n"
        "  fix: fill it in, or remove these rows"
    ]


def test_nothing_to_learn_from(tmp_path):
    path = csv_of(tmp_path, {"noise": [1] * ROWS, "a": ["NA"] * ROWS})
    assert said(check(path, target="y"), path)[0] == (
        "error: t.csv: no column is left to learn from: 'noise' (every row holds the same value); "
        "'a' (every value is missing)\n"
        '  fix: name the columns to learn from: keep=["..."]'
    )
    path = tmp_path / "y.csv"
    path.write_text("y\n1\n2\n")
    assert "there is no column beside the target\n  fix: add columns to learn from" in str(check(str(path)))


def test_the_only_column_is_kept_with_a_warning(tmp_path):
    words = (
        "column '{}': kept although it is doubtful (equals the target): "
        "there is no other column to learn from\n"
    )
    x = np.arange(1.0, 51.0) ** 2
    fix = "  fix: add columns to learn from"
    assert said(check(({"a": x}, x * 2))) == ["note: <arrays>, " + words.format("a") + fix]
    pl.DataFrame({"a": x, "y": x * 2}).write_csv(tmp_path / "t.csv")
    assert said(check(str(tmp_path / "t.csv")), str(tmp_path / "t.csv")) == [
        "warning: t.csv, " + words.format("a") + fix
    ]


def test_a_function_of_the_target_is_doubted_unless_time_explains_it():
    x = RANDOM.normal(size=(100, 2))
    y = np.exp(x[:, 0])
    assert said(check((x, y))) == [
        "warning: <arrays>, column 'x0': rises and falls with the target in every row: it may "
        "give the answer away\n"
        '  fix: to leave it out: drop=["x0"]'
    ]
    assert said(check((x, y), keep=["x0"])) == []
    order = np.argsort(y)
    assert said(check((x[order], y[order]))) == []


ARRAYS = {
    "nan": (
        lambda x, y: (with_nan(x), y),
        "error: <arrays>, row 4, column 'x1': NaN in 1 row\n"
        "  fix: fill the gaps in, or say that they are meant: allow_missing=True",
    ),
    "infinity": (
        lambda x, y: (with_nan(x, np.inf), y),
        "error: <arrays>, row 4, column 'x1': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "target nan": (
        lambda x, y: (x, np.where(np.arange(ROWS) == 5, np.nan, x[:, 0] + x[:, 1])),
        "error: <arrays>, row 5, column 'target': the target is NaN in 1 of 60 rows\n"
        "  fix: remove these rows, or fill them in",
    ),
    "an integer too large": (
        lambda x, y: (np.where(np.arange(ROWS)[:, None] == 9, 2**60, (x * 9).astype(np.int64)), y),
        "error: <arrays>, row 9, column 'x0': the integer 1152921504606846976 does not fit: "
        "beyond ±2^53 neighbors become one number\n"
        '  fix: leave it out with drop=["x0"], or scale it down; codes belong in a text column',
    ),
}


def with_nan(x: np.ndarray, value: float = np.nan) -> np.ndarray:
    x = x.copy()
    x[4, 1] = value
    return x


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_are_held_to_more(case):
    make, expected = ARRAYS[case]
    x = np.random.default_rng(1).normal(size=(ROWS, 2))
    result = check(make(x, np.arange(ROWS) % 2))
    assert str(result.errors[0]) == expected
    with pytest.raises(DataError) as caught:
        result.raise_errors()
    assert str(caught.value) == expected.removeprefix("error: ") + "".join(
        f"\n  {'also' if i == 0 else '    '}: {f.where}: {f.message}" for i, f in enumerate(result.errors[1:])
    )


def test_missing_numbers_in_arrays_may_be_meant():
    x = with_nan(np.random.default_rng(1).normal(size=(ROWS, 2)))
    result = check((x, np.arange(ROWS) % 2), allow_missing=True)
    assert said(result) == ["note: <arrays>: values are missing in 'x1' (1.7%); the network is told which"]
    assert not check((pl.DataFrame(x), np.arange(ROWS) % 2)).errors


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


def test_many_categories_are_noted(monkeypatch):
    monkeypatch.setattr("lamina.modalities.table.check.MOST_CATEGORIES", 5)
    result = check({"a": [f"c{i % 7}" for i in range(ROWS)], "b": NOISE, "y": LABELS}, "y")
    assert said(result) == ["note: <frame>, column 'a': 7 categories: the 5 most frequent are told apart"]


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
    result = check(read(pl.DataFrame({"a": NOISE, "y": LABELS, "w": weights})), target="y", weight="w")
    assert str(result.errors[0]) == f"error: <frame>, {expected}"


def test_splits_that_cannot_be_made():
    frame = pl.DataFrame(
        {"a": NOISE, "y": LABELS, "part": with_cell(["train"] * ROWS, 9, "trian"), "when": ["x"] * ROWS}
    )
    result = check(read(frame), target="y", split="part")
    assert str(result.errors[0]) == (
        "error: <frame>, row 9, column 'part': not a word for a split; expected train, valid "
        "or test, got 'trian'"
    )
    result = check(read(frame.with_columns(part=pl.lit("test"))), target="y", split="part")
    assert str(result.errors[0]) == (
        "error: <frame>, column 'part': no row is marked train\n"
        "  fix: mark the rows to learn from with the word train"
    )
    result = check(read(frame), target="y", time="when", drop=["part"])
    assert "row 0, column 'when': a time is needed in every row to split by it" in str(result.errors[0])


def test_labels_of_the_test_part_that_training_lacks():
    frame = pl.DataFrame(
        {"a": NOISE, "y": with_cell(LABELS, 59, "new"), "split": ["train"] * 40 + ["test"] * 20}
    )
    assert str(check(frame, "y").errors[0]) == (
        "error: <frame>, row 59, column 'y': label 'new' of the test rows is in no training row\n"
        "  fix: split otherwise, or remove the rows of this class"
    )


def test_duplicates_across_a_split():
    x = np.random.default_rng(0).normal(size=(200, 3))
    x[150:] = x[:50]
    table = {"a": x[:, 0], "b": x[:, 1], "y": x[:, 2], "split": ["train"] * 150 + ["test"] * 50}
    assert said(check(table, "y"))[0] == (
        "warning: <frame>, row 150: 41 of 80 validation and test rows equal a training row, "
        "which flatters the metrics\n"
        "  fix: remove the copies"
    )
    del table["split"]
    found = said(check(table, "y"))[0]
    assert found.startswith("warning: <arrays>, row ")
    assert found.endswith('  fix: remove the copies, or keep them on one side with group="..."')
    few = {name: np.append(values[:149], values[0]) for name, values in table.items()}
    assert all(text.startswith("note: ") for text in said(check(few, "y")))


def test_rows_that_only_look_alike_are_no_duplicates():
    frame = pl.DataFrame({"name": [f"Mrs. Person {i}" for i in range(200)],
                          "age": [i % 20 for i in range(200)],
                          "x": [i % 20 / 3 for i in range(200)],
                          "y": [i % 20 // 10 for i in range(200)]})  # fmt: skip
    assert not [f for f in check(frame, "y").findings if f.code == "duplicates"]
    counted = frame.drop("name").with_columns(
        pl.int_range(200).alias("row"), pl.Series("u", np.arange(200) // 2 / 7)
    )
    assert [f.code for f in check(counted, "y").warnings] == ["identifier"]


def test_a_few_combinations_are_no_duplicates():
    frame = pl.DataFrame(
        {"a": ["u", "v", "w"] * 40, "b": ["p", "q"] * 60, "y": [i % 5 % 2 for i in range(120)]}
    )
    assert not [f for f in check(frame, "y").findings if f.code == "duplicates"]


TRAINING = pl.DataFrame({"a": NOISE, "c": ["u", "v", "w"] * 20, "y": LABELS})
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


def test_clean_test_data_are_left_alone():
    assert said(check(TRAINING, "y", test_data=TRAINING.with_columns(pl.col("a") + 9))) == []


def test_nan_in_test_arrays():
    x = np.random.default_rng(0).normal(size=(ROWS, 2))
    result = check((x, np.arange(ROWS) % 2), test_data=(with_nan(x + 9), np.arange(ROWS) % 2))
    assert said(result)[0] == (
        "error: <arrays>, row 4, column 'x1': NaN in 1 row, none in training\n  fix: fill the gaps in"
    )


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


def test_too_few_rows():
    result = check({"a": [1.5], "y": [2.5]}, "y", task="regression")
    assert "error: <arrays>: 1 row with a target: nothing to learn from\n" in str(result)


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
        match=r"unknown key 'tasc' \(did you mean 'task'\?\); expected one of allow_missing, drop",
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


def test_numbers_beyond_single_precision():
    words = "the number -1.5e+300 does not fit: single precision ends at ±3.4e+38"
    for values in (with_cell(NOISE, 3, -1.5e300), with_cell(list(map(str, NOISE)), 3, "-1.5e300")):
        result = check(pl.DataFrame({"a": values, "b": NOISE, "y": LABELS}, strict=False), "y")
        assert said(result)[0] == (
            f"error: <frame>, row 3, column 'a': {words}\n"
            "  fix: replace it by a number, or leave the cell empty"
        )
    target = with_cell(NOISE + 3, 3, -1.5e300)
    assert said(check(pl.DataFrame({"a": NOISE, "y": target}), "y"))[0] == (
        f"error: <frame>, row 3, column 'y': {words}\n  fix: remove these rows, or scale the target down"
    )
    other = TRAINING.with_columns(a=pl.Series(with_cell(NOISE, 3, -1.5e300)))
    assert said(check(TRAINING, "y", test_data=other))[0].startswith(
        f"error: <frame>, row 3, column 'a': {words}"
    )


def test_integers_too_large_among_words():
    digits = with_cell(with_cell([str(i * 7) for i in range(ROWS)], 3, "-" + "9" * 20), 5, "n. a.")
    words = (
        f"error: <frame>, row 3, column '{{}}': the integer -{'9' * 20} does not fit: "
        "beyond ±2^53 neighbors become one number\n  fix: "
    )
    fix = 'leave it out with drop=["a"], or scale it down; codes belong in a text column'
    assert said(check({"a": digits, "b": NOISE, "y": LABELS}, "y"))[0] == words.format("a") + fix
    assert said(check({"a": NOISE, "y": digits}, "y"))[0] == words.format("y") + "scale the target down"
    floats = with_cell(with_cell([str(i * 7) for i in range(ROWS)], 3, "1.5e20"), 5, "n. a.")
    assert not check({"a": floats, "b": NOISE, "y": LABELS}, "y").errors
    rising = np.where(np.arange(ROWS) == 3, 2**60, np.arange(ROWS) * 3)
    assert said(check({"a": NOISE, "y": rising}, "y"))[0].endswith("\n  fix: scale the target down")


def test_a_split_that_fails_is_a_finding():
    frame = TRAINING.with_columns(team=pl.lit("u"))
    assert said(check(frame, "y", group="team"))[0] == (
        "error: <frame>, column 'team': all rows are of one group\n  fix: name another group column, or none"
    )


def test_group_and_time_rule_one_another_out():
    frame = TRAINING.with_columns(team=pl.Series(range(ROWS)) // 6, when=pl.Series(range(ROWS)))
    with pytest.raises(ConfigError, match="group 'team' and time 'when' ask for two different splits"):
        check(frame, "y", group="team", time="when")


def test_no_rows_held_out_are_no_copies():
    assert said(check(pl.concat([TRAINING, TRAINING]), "y", valid=0.0)) == []


def test_test_data_of_a_regression_with_dates_and_flags():
    days = [f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)]
    frame = TRAINING.with_columns(
        when=pl.Series(days), flag=pl.Series(range(ROWS)) % 3 == 0, y=pl.Series(NOISE**3 + NOISE)
    ).drop("a")
    result = check(frame, "y", test_data=frame.with_columns(pl.col("y") + 9))
    assert said(result) == []
    assert result.schema.task == "regression"


def test_faults_without_place_or_fix():
    first, second = Finding("error", "a", "broken"), Finding("error", "b", "torn", "t.csv")
    assert str(first) == "error: broken"
    with pytest.raises(DataError) as caught:
        Audit((first,), None).raise_errors()
    assert str(caught.value) == "broken"
    with pytest.raises(DataError) as caught:
        Audit((first, second), None).raise_errors()
    assert str(caught.value) == "broken\n  fix: also: t.csv: torn"
    assert str(Audit((), None, "t.csv", 3, 2)) == "t.csv: 3 rows, 2 columns\nnothing to report"
    assert of_error(DataError("torn", received=3), "c").message == "torn; got 3"
