"""Targets as arrays, and labels back as they were given."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.casting import cast, fit_target

from lamina.core.errors import ArtifactError, DataError
from lamina.data import AbstractTable, Schema, read
from lamina.tasks import AbstractTarget
from lamina.tasks.prediction.targets import ClassTarget, FlagTarget, NumberTarget


def fitted_to(table: AbstractTable, target, rows=None, **keys) -> AbstractTarget:
    """The target of the task that is asked for or guessed, fitted to some rows, all without."""
    found = cast(table, target, **keys)
    rows = np.arange(table.height) if rows is None else rows
    return fit_target(found.task, found.claims.table, found.schema, rows)


def fitted(y, **keys) -> tuple[AbstractTarget, np.ndarray]:
    table = read(np.random.default_rng(0).normal(size=(len(y), 2)), y=y)
    names = [name for name in table.names if name.startswith("target")]
    target = fitted_to(table, names, **keys)
    return target, target.transform(table)


def restored(target: AbstractTarget) -> AbstractTarget:
    return type(target).restore(json.loads(json.dumps(target.to_json())), "target")


def one_hot(codes: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities of a model that is sure."""
    return np.eye(classes)[codes]


LABELS = {
    "texts": np.array(["b", "a", "c"] * 4),
    "objects": np.array(["b", "a", "c"] * 4, object),
    "integers": np.array([7, 3, 5] * 4),
    "small integers": np.array([7, 3, 5] * 4, np.int8),
    "booleans": np.array([True, False] * 6),
    "floats": np.array([0.5, 2.0] * 6),
    "single floats": np.array([0.5, 2.0] * 6, np.float32),
    "list of texts": ["b", "a", "c"] * 4,
    "pandas": pd.Series(["b", "a", "c"] * 4),
    "polars": pl.Series(["b", "a", "c"] * 4),
    "numbers as texts": np.array(["01", "1", "02"] * 4),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_come_back_as_given(case):
    given = LABELS[case]
    target, codes = fitted(given, task="classification")
    assert codes.dtype == np.int32
    assert codes.min() == 0
    for one in (target, restored(target)):
        back = one.predictions(one_hot(codes, len(one.labels)))
        np.testing.assert_array_equal(back, np.asarray(given))
        if isinstance(given, np.ndarray):
            assert back.dtype == given.dtype
        assert one.labels == target.labels
        assert len(one.labels) == len(set(np.asarray(given).tolist()))


def test_labels_are_sorted_python_values():
    target, _ = fitted(np.array([7, 3, 5] * 20))
    assert target.labels == (3, 5, 7)
    assert all(type(label) is int for label in target.labels)


def test_regression_is_standardized_and_comes_back():
    y = np.random.default_rng(0).normal(100, 7, 50)
    target, values = fitted(y)
    assert isinstance(target, NumberTarget)
    assert values.shape == (50, 1)
    assert values.dtype == np.float32
    assert abs(values.mean()) < 1e-6
    assert abs(values.std() - 1) < 1e-6
    np.testing.assert_allclose(target.predictions(target.in_unit(values)), y, rtol=1e-6)
    np.testing.assert_array_equal(restored(target).in_unit(values), target.in_unit(values))
    assert target.unit == y.std()
    assert target.labels == ()


def test_several_targets():
    y = np.random.default_rng(0).normal(size=(50, 2))
    target, values = fitted(y)
    assert values.shape == (50, 2)
    np.testing.assert_allclose(target.predictions(target.in_unit(values)), y, rtol=1e-5, atol=1e-6)
    assert target.unit == 1.0
    flags = (y > 0).astype(int)
    target, values = fitted(flags)
    assert isinstance(target, FlagTarget)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(target.predictions(values), flags)
    assert target.predictions(values).dtype == np.int64


def test_each_quantile_of_each_target_is_in_its_own_unit():
    target = NumberTarget(("a", "b"), np.array([1.0, 2.0]), np.array([10.0, 100.0]))
    found = target.in_unit(np.ones((3, 2, 4)))
    assert found.shape == (3, 2, 4)
    assert found[:, 0].min() == found[:, 0].max() == 11.0
    assert found[:, 1].min() == found[:, 1].max() == 102.0


def test_targets_are_measured_in_their_own_unit():
    y = np.array([3.0, 5.0, 8.0, 10.0] * 10)
    target, _ = fitted(y, task="regression")
    table = read(np.zeros((3, 2)), y=[1.0, 5.0, 9.0])
    np.testing.assert_allclose(target.measured(table)[:, 0], [1.0, 5.0, 9.0], rtol=1e-6)
    classes, codes = fitted(["a", "b"] * 10)
    np.testing.assert_array_equal(classes.measured(read(np.zeros((2, 2)), y=["b", "a"])), [1, 0])
    np.testing.assert_array_equal(classes.in_unit(codes), codes)


def test_captions():
    assert fitted(["cat", "dog"] * 10)[0].caption(1) == "dog"
    assert fitted([True, False] * 10)[0].caption(np.int32(0)) == "False"
    flags = FlagTarget(("warm", "wet", "windy"))
    assert flags.caption(np.array([1.0, 0.0, 1.0])) == "warm windy"
    assert flags.caption(np.zeros(3)) == "–"
    assert fitted(np.linspace(0.5, 99.5, 50))[0].caption(np.array([12345.678])) == "1.235e+04"


def test_fitting_sees_the_training_rows_only():
    table = read(np.zeros((6, 1)), y=[1.0, 2.5, 3.0, 100.0, 200.0, 350.0])
    target = fitted_to(table, "target", np.array([0, 1, 2]), task="regression")
    assert target.mean[0] == pytest.approx(6.5 / 3)
    assert target.transform(table, np.array([3])).shape == (1, 1)
    classes = ClassTarget.fit(
        read({"a": [1, 2, 3], "y": ["u", "v", "w"]}), Schema((), (), ("y",), "multiclass"), np.array([2, 0])
    )
    assert classes.labels == ("u", "w")


def test_a_constant_has_the_unit_one():
    target = NumberTarget.fit(read({"y": [2.5] * 4}), Schema((), (), ("y",), "regression"))
    assert (target.mean.tolist(), target.std.tolist()) == ([2.5], [1.0])


def test_labels_in_another_type_are_known_again(tmp_path):
    table = read({"a": list(range(6)), "y": ["0", "1", "2"] * 2})
    assert fitted_to(table, "y").transform(read({"y": [2, 0]})).tolist() == [2, 0]
    flags = read({"a": list(range(4)), "y": [True, False] * 2})
    assert fitted_to(flags, "y").transform(read({"y": ["true", "False"]})).tolist() == [1, 0]


def test_labels_that_training_never_saw(tmp_path):
    table = read({"a": list(range(6)), "y": ["cat", "dog"] * 3})
    path = tmp_path / "test.csv"
    path.write_text("a,y\n1,cat\n2,cow\n")
    with pytest.raises(DataError) as caught:
        fitted_to(table, "y").transform(read(path))
    assert str(caught.value) == (
        f"{path}, line 3, column 'y': label that training never saw; expected one of 'cat', 'dog', "
        "got 'cow'\n"
        "  fix: correct the label, remove the rows, or train with rows of this class"
    )


def test_missing_and_absent_targets(tmp_path):
    table = read({"a": list(range(6)), "y": ["cat", "dog"] * 3, "z": [0.5, 1.5, 2.5] * 2})
    target = fitted_to(table, "y")
    with pytest.raises(DataError) as caught:
        target.transform(read({"y": ["cat", None, None]}))
    assert str(caught.value) == (
        "<frame>, row 1, column 'y': the target is missing (2 such rows)\n"
        "  fix: fill it in, or remove the rows"
    )
    with pytest.raises(DataError, match=r"target column 'y' is absent"):
        target.transform(read({"x": [1]}))
    target = fitted_to(table, "z", task="regression")
    with pytest.raises(DataError, match=r"row 1, column 'z': the target is missing \(1 such row\)"):
        target.transform(read({"z": [1.0, None], "w": ["a", "b"]}))
    with pytest.raises(DataError) as caught:
        target.transform(read({"z": [1.0, float("inf")]}))
    assert str(caught.value) == (
        "<arrays>, row 1, column 'z': the target is not a number to learn; got inf\n"
        "  fix: correct or remove the row, or choose a classification task"
    )
    with pytest.raises(DataError, match=r"target column 'wet' is absent"):
        FlagTarget(("warm", "wet")).transform(read({"warm": [1, 0]}))


NAMES = {"names": ["a"]}
STORED = {
    "classes of two columns": (
        lambda: ClassTarget.restore({"names": ["a", "b"], "labels": [0, 1], "dtype": ""}, "target"),
        "target.names: has the wrong form; expected 1 for this task, got ['a', 'b']",
    ),
    "one class": (
        lambda: ClassTarget.restore(NAMES | {"labels": ["x"], "dtype": ""}, "target"),
        "target.labels: has the wrong form; expected 2 or more for this task, got ['x']",
    ),
    "three classes for two": (
        lambda: ClassTarget.restore(NAMES | {"labels": [0, 1, 2], "dtype": ""}, "target", count=2),
        "target.labels: has the wrong form; expected 2 for this task, got [0, 1, 2]",
    ),
    "no flags": (
        lambda: FlagTarget.restore({"names": []}, "target"),
        "target.names: has the wrong form; expected one at least, got []",
    ),
    "a mean too many": (
        lambda: NumberTarget.restore(NAMES | {"mean": [0.5, 1.0], "std": [1.0]}, "target"),
        "target.mean: has the wrong form; expected 1 for this task, got [0.5, 1.0]",
    ),
    "no numbers": (
        lambda: NumberTarget.restore({"names": [], "mean": [], "std": []}, "target"),
        "target.names: has the wrong form; expected one at least, got []",
    ),
}


@pytest.mark.parametrize("case", STORED)
def test_stored_targets_are_checked(case):
    make, message = STORED[case]
    with pytest.raises(ArtifactError) as caught:
        make()
    assert str(caught.value).split("\n")[0] == message


@pytest.mark.parametrize(
    "change", [{"labels": [[1]]}, {"dtype": "O8"}, {"names": "a"}, {"labels": None}, {"more": 1}]
)
def test_stored_classes_of_another_form(change):
    with pytest.raises(ArtifactError):
        ClassTarget.restore(NAMES | {"labels": [0, 1], "dtype": "int64"} | change, "target")
    with pytest.raises(ArtifactError):
        NumberTarget.restore(NAMES | {"mean": [0.0], "std": [0.0]}, "target")
