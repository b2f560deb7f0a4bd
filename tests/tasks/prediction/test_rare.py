"""Classes with too few rows: refused, left out, or made one; from the audit to evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lamina
from lamina.cli.main import main
from lamina.core.errors import ArtifactError, ConfigError, DataError, LaminaWarning
from lamina.data import Schema, read
from lamina.data.split import SplitKeys
from lamina.tasks.prediction.multiclass import MulticlassTask
from lamina.tasks.prediction.rare import merged, select_classes
from lamina.tasks.prediction.targets import ClassTarget, RareLabels

ROWS = 60
X = np.random.default_rng(0).normal(size=ROWS)
LABELS = ["a" if x > 0 else "b" for x in X]
LABELS[5], LABELS[9] = "c", "d"
FRAME = pl.DataFrame({"x": X, "z": X[::-1], "y": LABELS})
NEW = pl.DataFrame({"x": [1.0, -1.0, 0.0], "z": [0.0, 0.0, 0.0], "y": ["a", "b", "c"]})
QUICK = {"model": "mlp", "size": 8, "preset": "fast", "epochs": 3}
SCHEMA = Schema((), (), ("y",), "multiclass", "classes")


def labels_of(table) -> list:
    column = table.labels("y")
    return [column.value(row) for row in range(len(column))]


def select(frame: pl.DataFrame, rare: str, **shares):
    return select_classes(read(frame), SCHEMA, SplitKeys(**shares), rare)


def test_the_default_refuses_and_names_the_key():
    with pytest.raises(DataError, match=r"class 'c' has 1 row(?s:.)*rare=drop(?s:.)*rare=merge"):
        lamina.fit(FRAME, target="y", **QUICK)
    selection = select(FRAME, "refuse")
    assert selection.table.height == ROWS and not selection.findings
    with pytest.raises(ConfigError, match="rare is out of range"):
        lamina.check(FRAME, "y", rare="forget")


def test_rows_of_small_classes_are_left_out_and_counted():
    selection = select(FRAME, "drop")
    assert labels_of(selection.table) == [label for label in LABELS if label in "ab"]
    assert str(selection.findings[0]) == (
        "warning: <frame>, column 'y': 2 classes have fewer than 2 rows: 'c' (1), 'd' (1); "
        "2 rows are left out, as rare=drop says"
    )
    assert selection.facts == {"left_out": ("c", "d")}


def test_small_classes_become_one_whose_name_is_free():
    selection = select(FRAME, "merge")
    assert labels_of(selection.table) == [label if label in "ab" else "(rare)" for label in LABELS]
    assert str(selection.findings[0]) == (
        "note: <frame>, column 'y': 2 classes have fewer than 2 rows: 'c' (1), 'd' (1); "
        "they are one class, '(rare)'"
    )
    taken = FRAME.with_columns(pl.Series("y", ["(rare)" if label == "a" else label for label in LABELS]))
    assert select(taken, "merge").facts == {"merged": ("c", "d"), "label": "(rare)_"}


@pytest.mark.parametrize("rare", ["drop", "merge"])
def test_what_is_small_depends_on_the_split(rare):
    frame = FRAME.with_columns(pl.Series("y", ["c" if label == "d" else label for label in LABELS]))
    assert not select(frame, rare).findings
    assert select(frame, rare, test=0.2).findings
    assert not select(FRAME, rare, valid=0.0).findings
    single = pl.DataFrame({"x": X, "y": [f"c{i}" for i in range(ROWS)]})
    assert select(single, rare).table.height == ROWS  # nothing is left to learn: the audit refuses it


def test_missing_labels_stay_missing_and_numbers_become_texts():
    codes = ["abcd".index(label) for label in LABELS]
    numbers = FRAME.with_columns(pl.Series("y", [None, *codes[1:]]))
    table = select(numbers, "merge").table
    assert labels_of(table)[0] is None
    assert set(labels_of(table)[1:]) == {"0", "1", "(rare)"}
    assert labels_of(merged(read(NEW), "y", ("c",), "rest")) == ["a", "b", "rest"]


def test_left_out_labels_in_new_data_are_refused_by_name():
    with pytest.warns(LaminaWarning, match="2 rows are left out"):
        net = lamina.fit(FRAME, target="y", rare="drop", **QUICK)
    assert net.labels == ("a", "b")
    assert net.predict(NEW).shape == (3,)
    words = r"row 2, column 'y': a class that was too small to be learned \(rare=drop\)(?s:.)*rare=merge"
    with pytest.raises(DataError, match=words):
        net.evaluate(NEW)
    with pytest.raises(DataError, match="label 'c' is in no training row"):
        lamina.fit(FRAME, target="y", rare="drop", test_data=NEW, **QUICK)


def test_merged_labels_in_new_data_count_as_the_merged_class(tmp_path: Path):
    net = lamina.fit(FRAME, target="y", rare="merge", test_data=NEW, **QUICK)
    assert net.labels == ("(rare)", "a", "b") and net.config["rare"] == "merge"
    assert net.info.test["accuracy"] == net.evaluate(NEW)["accuracy"]
    assert net.target.transform(read(NEW)).tolist() == [1, 2, 0]
    net.save(tmp_path / "net")
    again = lamina.load(tmp_path / "net")
    assert again.evaluate(NEW) == net.evaluate(NEW)
    assert again.target.to_json() == net.target.to_json()
    renamed = NEW.with_columns(pl.Series("y", ["a", "(rare)", "d"]))
    assert again.target.transform(read(renamed)).tolist() == [1, 0, 0]
    with pytest.raises(DataError, match="label that training never saw"):
        again.evaluate(NEW.with_columns(pl.Series("y", ["a", "b", "e"])))


def test_arrays_with_integers():
    y = np.array(["abcd".index(label) for label in LABELS])
    net = lamina.fit(np.c_[X, X], y, rare="merge", **QUICK)
    assert net.labels == ("(rare)", "0", "1")
    assert set(net.predict(np.c_[X, X])) <= {"(rare)", "0", "1"}
    assert 0 <= net.evaluate((np.c_[X, X], y))["accuracy"] <= 1
    with pytest.warns(LaminaWarning, match="2 rows are left out"):
        net = lamina.fit(np.c_[X, X], y, rare="drop", **QUICK)
    assert net.labels == (0, 1) and net.predict(np.c_[X, X]).dtype == y.dtype


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    FRAME.write_csv("t.csv")
    NEW.write_csv("new.csv")
    keys = [f"{name}={value}" for name, value in QUICK.items()]
    assert main(["check", "t.csv", "--target", "y"]) == 2
    assert main(["check", "t.csv", "--target", "y", "rare=drop"]) == 0
    assert "2 rows are left out" in capsys.readouterr().out
    assert main(["fit", "t.csv", "--target", "y", "--out", "run", "rare=merge", *keys]) == 0
    capsys.readouterr()
    assert main(["evaluate", "run", "new.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["accuracy"] >= 0
    assert main(["predict", "run", "new.csv", "--proba"]) == 0
    assert "probability_(rare)" in capsys.readouterr().out
    assert main(["fit", "t.csv", "--target", "x", "rare=drop", *keys]) == 2
    assert "key 'rare' belongs to task=" in capsys.readouterr().err


STORED = ClassTarget("y", ("(rare)", "a"), rare=RareLabels(("c",), "(rare)")).to_json()


def test_what_is_stored_is_checked():
    assert MulticlassTask().restore(STORED, "target").to_json() == STORED
    assert "rare" not in ClassTarget("y", ("a", "b")).to_json()
    for wrong in ({}, {**STORED["rare"], "label": "b"}, {**STORED["rare"], "merged": [1]}):
        with pytest.raises(ArtifactError):
            MulticlassTask().restore({**STORED, "rare": wrong}, "target")
