"""Targets as arrays, and labels back as they were given."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from lamina.core.errors import DataError, NotFittedError
from lamina.data import TargetEncoder, infer_schema, read


def fitted(y, **keys) -> tuple[TargetEncoder, np.ndarray]:
    table = read(np.random.default_rng(0).normal(size=(len(y), 2)), y=y)
    names = [name for name in table.names if name.startswith("target")]
    encoder = TargetEncoder().fit(table, infer_schema(table, target=names, **keys))
    return encoder, encoder.transform(table)


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
    encoder, codes = fitted(given, task="classification")
    assert codes.dtype == np.int32
    assert codes.min() == 0
    for one in (encoder, TargetEncoder.from_json(json.loads(json.dumps(encoder.to_json())))):
        back = one.inverse(codes)
        np.testing.assert_array_equal(back, np.asarray(given))
        if isinstance(given, np.ndarray):
            assert back.dtype == given.dtype
        assert one.labels == encoder.labels
        assert one.classes == len(set(np.asarray(given).tolist()))


def test_labels_are_sorted_python_values():
    encoder, _ = fitted(np.array([7, 3, 5] * 20))
    assert encoder.labels == (3, 5, 7)
    assert all(type(label) is int for label in encoder.labels)


def test_regression_is_standardized_and_comes_back():
    y = np.random.default_rng(0).normal(100, 7, 50)
    encoder, values = fitted(y)
    assert values.shape == (50, 1)
    assert values.dtype == np.float32
    assert abs(values.mean()) < 1e-6
    assert abs(values.std() - 1) < 1e-6
    np.testing.assert_allclose(encoder.inverse(values), y, rtol=1e-6)
    stored = TargetEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    np.testing.assert_array_equal(stored.inverse(values), encoder.inverse(values))
    assert encoder.labels == ()
    assert encoder.classes == 1


def test_several_targets():
    y = np.random.default_rng(0).normal(size=(50, 2))
    encoder, values = fitted(y)
    assert values.shape == (50, 2)
    np.testing.assert_allclose(encoder.inverse(values), y, rtol=1e-5, atol=1e-6)
    flags = (y > 0).astype(int)
    encoder, values = fitted(flags)
    assert encoder.task == "multilabel"
    assert values.dtype == np.float32
    np.testing.assert_array_equal(encoder.inverse(values), flags)


def test_fitting_sees_the_training_rows_only():
    table = read(np.zeros((6, 1)), y=[1.0, 2.5, 3.0, 100.0, 200.0, 350.0])
    schema = infer_schema(table, target="target", task="regression")
    encoder = TargetEncoder().fit(table, schema, np.array([0, 1, 2]))
    assert encoder.mean[0] == pytest.approx(6.5 / 3)
    assert encoder.transform(table, np.array([3])).shape == (1, 1)


def test_labels_in_another_type_are_known_again(tmp_path):
    table = read({"a": list(range(6)), "y": ["0", "1", "2"] * 2})
    encoder = TargetEncoder().fit(table, infer_schema(table, target="y"))
    assert encoder.transform(read({"y": [2, 0]})).tolist() == [2, 0]
    flags = read({"a": list(range(4)), "y": [True, False] * 2})
    encoder = TargetEncoder().fit(flags, infer_schema(flags, target="y"))
    assert encoder.transform(read({"y": ["true", "False"]})).tolist() == [1, 0]


def test_labels_that_training_never_saw(tmp_path):
    table = read({"a": list(range(6)), "y": ["cat", "dog"] * 3})
    encoder = TargetEncoder().fit(table, infer_schema(table, target="y"))
    path = tmp_path / "test.csv"
    path.write_text("a,y\n1,cat\n2,cow\n")
    with pytest.raises(DataError) as caught:
        encoder.transform(read(path))
    assert str(caught.value) == (
        f"{path}, line 3, column 'y': label that training never saw; expected one of 'cat', 'dog', "
        "got 'cow'\n"
        "  fix: correct the label, remove the rows, or train with rows of this class"
    )


def test_missing_and_absent_targets(tmp_path):
    table = read({"a": list(range(6)), "y": ["cat", "dog"] * 3, "z": [0.5, 1.5, 2.5] * 2})
    encoder = TargetEncoder().fit(table, infer_schema(table, target="y"))
    with pytest.raises(DataError) as caught:
        encoder.transform(read({"y": ["cat", None, None]}))
    assert str(caught.value) == (
        "<frame>, row 1, column 'y': the target is missing (2 such rows)\n"
        "  fix: fill it in, or remove the rows"
    )
    with pytest.raises(DataError, match=r"target column 'y' is absent"):
        encoder.transform(read({"x": [1]}))
    encoder = TargetEncoder().fit(table, infer_schema(table, target="z", task="regression"))
    with pytest.raises(DataError, match=r"row 1, column 'z': the target is missing \(1 such row\)"):
        encoder.transform(read({"z": [1.0, None], "w": ["a", "b"]}))
    with pytest.raises(DataError) as caught:
        encoder.transform(read({"z": [1.0, float("inf")]}))
    assert str(caught.value) == (
        "<arrays>, row 1, column 'z': the target is not a number to learn; got inf\n"
        "  fix: correct or remove the row, or choose a classification task"
    )


def test_an_encoder_must_be_fitted():
    with pytest.raises(NotFittedError):
        TargetEncoder().transform(read([[1]]))
