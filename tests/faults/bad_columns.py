"""Columns, archives and keys that cannot be learned from, each with the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.faults.bad_files import (
    LABELS,
    NOISE,
    ROWS,
    Case,
    X,
    Y,
    archive,
    both,
    fault,
    frame,
    table,
    with_cell,
)

from lamina.core.errors import ConfigError


def at(x: np.ndarray, value: float) -> np.ndarray:
    x = x.copy()
    x[4, 1] = value
    return x


def numpy(message: str, **arrays: Any) -> Case:
    return Case(archive(**arrays), f"t.npz{message}", data="t.npz", target=None)


def config(message: str, **keys: Any) -> Case:
    return Case(table(), message, keys=keys, kind=ConfigError, by_check=False)


COLUMNS = {
    "target absent": fault(
        table(),
        "t.csv: target column 'yy' is absent (did you mean 'y'?); expected one of a, y\n"
        "  fix: name a column that the data have",
        target="yy",
    ),
    "target constant": fault(
        table(y=["yes"] * ROWS),
        "t.csv, column 'y': the target is 'yes' in every row: there is nothing to learn\n"
        "  fix: name another target, or add rows with other values",
    ),
    "numeric target constant": fault(
        table(y=[1.5] * ROWS),
        "t.csv, column 'y': the target is 1.5 in every row: there is nothing to learn\n"
        "  fix: name another target, or add rows with other values",
    ),
    "target missing everywhere": fault(
        table(y=["NA"] * ROWS),
        "t.csv, column 'y': the target is missing in every row\n"
        "  fix: name another target, or fill it in",
    ),
    "target known in one row": fault(
        table(y=with_cell([""] * ROWS, 3, 2.5)),
        "t.csv: 1 row with a target: nothing to learn from\n"
        "  fix: give at least two rows, better some hundreds",
        keys={"task": "regression"},
    ),
    "a class too small": fault(
        table(y=with_cell(LABELS, 11, "maybe")),
        "t.csv, line 13, column 'y': class 'maybe' has 1 row, the split needs 2: "
        "one for each of training, validation\n"
        "  fix: add rows of the class; or leave such classes out: rare=drop; "
        "or make them one class: rare=merge",
    ),
    "a class too small for three parts": fault(
        table(y=with_cell(with_cell(LABELS, 11, "maybe"), 12, "maybe")),
        "t.csv, line 13, column 'y': class 'maybe' has 2 rows, the split needs 3: "
        "one for each of training, validation, test\n"
        "  fix: add rows of the class; or leave such classes out: rare=drop; "
        "or make them one class: rare=merge",
        keys={"test": 0.2},
    ),
    "a test label unseen": fault(
        both(table(), table("s.csv", y=with_cell(LABELS, 7, "yess"))),
        "s.csv, line 9, column 'y': label 'yess' is in no training row (did you mean 'yes'?)\n"
        "  fix: correct the label, remove the rows, or train with rows of this class",
        test="s.csv",
    ),
    "a label unseen in the part that trains": fault(
        table(y=with_cell(LABELS, 59, "new"), split=["train"] * 40 + ["test"] * 20),
        "t.csv, line 61, column 'y': label 'new' of the test rows is in no training row\n"
        "  fix: split otherwise, or remove the rows of this class",
    ),
    "a column absent in the test data": fault(
        both(table(), lambda: frame().rename({"a": "A2"}).write_csv("s.csv")),
        "s.csv: column 'a' is absent\n  fix: give the test data the columns of the training data",
        test="s.csv",
    ),
    "test data of another type": fault(
        both(table(), table("s.csv", a=["x"] * ROWS)),
        "s.csv, line 2, column 'a': numeric in training, here 'x'\n  fix: correct the column",
        test="s.csv",
    ),
    "infinity": fault(
        table(a=with_cell(NOISE, 7, "inf")),
        "t.csv, line 9, column 'a': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "infinity in the target": fault(
        table(b=NOISE, a=["u", "v"] * 30, y=with_cell([i * i / 7 for i in range(ROWS)], 7, "-inf")),
        "t.csv, line 9, column 'y': infinity in 1 row\n"
        "  fix: remove these rows, or scale the target down",
    ),
    "infinity in the test data": fault(
        both(table(), table("s.csv", a=with_cell(NOISE, 7, "inf"))),
        "s.csv, line 9, column 'a': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
        test="s.csv",
    ),
    "a number beyond single precision": fault(
        table(a=with_cell(NOISE, 7, 1.5e300)),
        "t.csv, line 9, column 'a': the number 1.5e+300 does not fit: single precision ends at ±3.4e+38\n"
        "  fix: replace it by a number, or leave the cell empty",
    ),
    "a target beyond single precision": fault(
        table(y=with_cell([x + 3 for x in NOISE], 7, -1.5e300)),
        "t.csv, line 9, column 'y': the number -1.5e+300 does not fit: single precision ends at ±3.4e+38\n"
        "  fix: remove these rows, or scale the target down",
    ),
    "an integer too large": fault(
        table(b=with_cell([i % 7 for i in range(ROWS)], 7, 2**53 + 1)),
        "t.csv, line 9, column 'b': the integer 9007199254740993 does not fit: "
        "beyond ±2^53 neighbors become one number\n"
        '  fix: leave it out with drop=["b"], or scale it down; codes belong in a text column',
    ),
    "an integer of 71 bits": fault(
        table(b=with_cell([str(i % 7) for i in range(ROWS)], 7, str(2**70))),
        "t.csv, line 9, column 'b': the integer 1180591620717411303424 does not fit: "
        "beyond ±2^53 neighbors become one number\n"
        '  fix: leave it out with drop=["b"], or scale it down; codes belong in a text column',
    ),
    "an integer too large as target": fault(
        table(y=with_cell([i * 3 for i in range(ROWS)], 7, -(2**53) - 1)),
        "t.csv, line 9, column 'y': the integer -9007199254740993 does not fit: "
        "beyond ±2^53 neighbors become one number\n  fix: scale the target down",
    ),
    "words for regression": fault(
        table(),
        f"t.csv, line 2, column 'y': regression learns numbers, got {LABELS[0]!r}\n"
        "  fix: correct the column, or choose task=multiclass",
        keys={"task": "regression"},
    ),
    "three classes for two": fault(
        table(y=["u", "v", "w"] * 20),
        "t.csv, column 'y': 3 classes where a binary task has 2\n  fix: choose task=multiclass",
        keys={"task": "binary"},
    ),
    "nothing to learn from": fault(
        table(a=[1] * ROWS),
        "t.csv: no column is left to learn from: 'a' (every row holds the same value)\n"
        '  fix: name the columns to learn from: keep=["..."]',
    ),
    "a weight below zero": fault(
        table(w=with_cell([1.5] * ROWS, 7, -1)),
        "t.csv, line 9, column 'w': a weight is a number of 0 or more, got -1.0\n"
        "  fix: correct the weight; 0 leaves the row out",
        keys={"weight": "w"},
    ),
    "a group absent": fault(
        table(team=["u", "v"] * 30),
        "t.csv: group column 'taem' is absent (did you mean 'team'?); expected one of a, y, team\n"
        "  fix: name a column that the data have",
        keys={"group": "taem"},
    ),
    "a single group": fault(
        table(team=["u"] * ROWS),
        "t.csv, column 'team': all rows are of one group\n  fix: name another group column, or none",
        keys={"group": "team"},
    ),
    "a time missing": fault(
        table(when=with_cell([f"2024-01-{i % 28 + 1:02d}" for i in range(ROWS)], 7, "")),
        "t.csv, line 9, column 'when': a time is needed in every row to split by it; "
        "expected a number or a date, got None\n"
        "  fix: write the times alike, best as 2025-01-31 or 2025-01-31 12:00:00",
        keys={"time": "when"},
    ),
    "a word that is no part": fault(
        table(part=with_cell(["train", "test"] * 30, 7, "tset")),
        "t.csv, line 9, column 'part': not a word for a split; expected train, valid or test, got 'tset'",
        keys={"split": "part"},
    ),
    "no row to train on": fault(
        table(part=["test"] * ROWS),
        "t.csv, column 'part': no row is marked train\n"
        "  fix: mark the rows to learn from with the word train",
        keys={"split": "part"},
    ),
    "group and time together": fault(
        table(team=["u", "v"] * 30, when=list(range(ROWS))),
        "group 'team' and time 'when' ask for two different splits; expected one of the two\n"
        "  fix: leave time out to keep groups together, or group to validate on the last rows",
        keys={"group": "team", "time": "when"},
        kind=ConfigError,
    ),
}  # fmt: skip

NOT_A_TABLE = "; expected numbers of shape (rows, columns), got "
ARCHIVES = {
    "NaN in an archive": numpy(
        ", row 4, column 'x1': NaN in 1 row\n"
        "  fix: fill the gaps in, or say that they are meant: allow_missing=True",
        X=at(X, np.nan), y=Y,
    ),
    "infinity in an archive": numpy(
        ", row 4, column 'x1': infinity in 1 row\n"
        "  fix: replace it by a number, or leave the cell empty",
        X=at(X, np.inf), y=Y,
    ),
    "NaN in the target of an archive": numpy(
        ", row 5, column 'target': the target is NaN in 1 of 60 rows\n"
        "  fix: remove these rows, or fill them in",
        X=X, y=np.where(np.arange(ROWS) == 5, np.nan, X[:, 0] + X[:, 1]),
    ),
    "an integer too large in an archive": numpy(
        ", row 4, column 'x1': the integer 1152921504606846976 does not fit: "
        "beyond ±2^53 neighbors become one number\n"
        '  fix: leave it out with drop=["x1"], or scale it down; codes belong in a text column',
        X=at((X * 9).astype(np.int64), 2**60), y=Y,
    ),
    "five axes in an archive": numpy(
        f", array 'X': not a table of numbers{NOT_A_TABLE}float64 of shape (60, 2, 1, 1, 1)\n"
        "  fix: flatten all axes but the first",
        X=X[:, :, None, None, None], y=Y,
    ),
    "no images in an archive": numpy(
        ", array 'X': these are no levels of brightness; expected 0 to 255, or 0 to 1, got -9 to 9\n"
        "  fix: scale them to 0 to 255; for a table, flatten them: X.reshape(len(X), -1)",
        X=np.linspace(-9, 9, 240).reshape(60, 2, 2), y=Y,
    ),
    "fewer targets than rows": numpy(
        ": X and y do not fit; expected y of shape (60,), got (59,)", X=X, y=Y[:-1]
    ),
    "parts of different widths": numpy(
        ": the parts have different numbers of columns; got train: 2, test: 1",
        x_train=X, y_train=Y, x_test=X[:, :1], y_test=Y,
    ),
    "no inputs": numpy(
        ": there is no array of inputs; expected X and y, or x_train, y_train, x_test, y_test, "
        "got a (60, 2)\n  fix: numpy.savez(path, X=inputs, y=targets)",
        a=X,
    ),
    "objects": numpy(
        ": holds arrays of Python objects\n  fix: save numbers and fixed-width texts only",
        X=X.astype(object), y=Y,
    ),
}  # fmt: skip

LISTED = "\n  fix: `lamina fit --help` lists every key"
CONFIGS = {
    "an unknown key": config(f"unknown key 'epohcs' (did you mean 'epochs'?){LISTED}", epohcs=3),
    "a value out of range": config("epochs is out of range; expected >= 0, got -3", epochs=-3),
    "a value of another type": config(
        "epochs cannot be read; expected a whole number, got 'many'", epochs="many"
    ),
    "an unknown word": config(
        "preset is out of range (did you mean 'fast'?); expected one of fast, balanced, best, got 'fats'",
        preset="fats",
    ),
    "an unknown model": config(
        "unknown model 'mpl' (did you mean 'mlp'?); expected one of {models}", model="mpl"
    ),
    "a key that the model does not have": config(
        "key 'bins' belongs to model=spline-flow; this run's model is logistic\n  fix: leave it out",
        model="logistic", bins=3,
    ),
    "shares that leave nothing": config(
        "the shares are out of range; expected valid and test from 0, together below 1, "
        "got valid=0.6, test=0.4",
        valid=0.6, test=0.4,
    ),
    "a seed below 0": config("seed is out of range; expected >= 0, got -1", seed=-1),
    "a seed of 70 bits": config(
        f"seed is out of range; expected 0 or more, below 2^63, got {2**70}", seed=2**70
    ),
}  # fmt: skip
