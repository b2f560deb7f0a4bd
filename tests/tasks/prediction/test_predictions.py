"""What `lamina predict` writes: the names of the columns and what stands in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina.core.inputs import TableInputs
from lamina.core.keys import make_keys
from lamina.data import read
from lamina.objectives import BinaryObjective, MulticlassObjective, QuantileObjective, RegressionObjective
from lamina.tasks import AbstractTarget, Prediction, task_named
from lamina.tasks.base import Examples
from lamina.tasks.prediction.classes import class_weights
from lamina.tasks.prediction.targets import ClassTarget, FlagTarget, NumberTarget

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
ONE, TWO = np.array([1.5]), np.array([1.5, 2.5])


def predicted(name: str, target: AbstractTarget, decoded: np.ndarray, **keys: Any) -> Prediction:
    task = task_named(name)
    objective = task.objective(TableInputs(1), target, make_keys(task.keys, keys))
    return task.predict(decoded, read({"x": np.arange(len(decoded))}), objective, target)


def lists(columns: Any) -> dict[str, list]:
    return {name: column.tolist() for name, column in columns.items()}


@pytest.mark.parametrize("name", ["binary", "multiclass"])
def test_classes_and_their_probabilities(name: str):
    found = predicted(name, ClassTarget("y", ("no", "yes")), PROBABILITIES)
    assert lists(found.columns) == {"prediction": ["no", "yes", "no"]}
    assert lists(found.probabilities) == {
        "probability_no": [0.9, 0.2, 0.5],
        "probability_yes": [0.1, 0.8, 0.5],
    }


def test_flags_and_their_probabilities():
    found = predicted("multilabel", FlagTarget(("warm", "wet")), PROBABILITIES)
    assert lists(found.columns) == {"prediction_warm": [1, 0, 0], "prediction_wet": [0, 1, 0]}
    assert lists(found.probabilities) == {
        "probability_warm": [0.9, 0.2, 0.5],
        "probability_wet": [0.1, 0.8, 0.5],
    }


def test_numbers():
    found = predicted("regression", NumberTarget(("price",), ONE, ONE), np.array([[7.0], [8.0]]))
    assert lists(found.columns) == {"prediction": [7.0, 8.0]} and found.probabilities == {}
    found = predicted("regression", NumberTarget(("u", "v"), TWO, TWO), np.array([[7.0, 1.0], [8.0, 2.0]]))
    assert lists(found.columns) == {"prediction_u": [7.0, 8.0], "prediction_v": [1.0, 2.0]}


def test_quantiles_stand_behind_their_median():
    decoded = np.array([[[1.0, 2.0, 4.0]], [[3.0, 5.0, 9.0]]])
    one = predicted("regression", NumberTarget(("price",), ONE, ONE), decoded, quantiles="0.9,0.5,0.1")
    assert lists(one.columns) == {
        "prediction": [2.0, 5.0],
        "quantile_0.1": [1.0, 3.0],
        "quantile_0.5": [2.0, 5.0],
        "quantile_0.9": [4.0, 9.0],
    }
    decoded = np.concatenate([decoded, decoded + 10], axis=1)
    two = predicted("regression", NumberTarget(("u", "v"), TWO, TWO), decoded, loss="quantile")
    assert list(two.columns) == [
        "prediction_u", "prediction_v",
        "quantile_u_0.05", "quantile_u_0.5", "quantile_u_0.95",
        "quantile_v_0.05", "quantile_v_0.5", "quantile_v_0.95",
    ]  # fmt: skip
    assert two.columns["prediction_v"].tolist() == [12.0, 15.0]
    assert two.columns["quantile_v_0.95"].tolist() == [14.0, 19.0]


@pytest.mark.parametrize(
    ("name", "keys", "expected"),
    [
        ("binary", {}, BinaryObjective()),
        ("binary", {"loss": "focal", "label_smoothing": 0.1}, BinaryObjective("focal", smoothing=0.1)),
        ("multiclass", {"loss": "perceptron"}, MulticlassObjective(2, "perceptron")),
        ("regression", {}, RegressionObjective(1)),
        ("regression", {"loss": "huber"}, RegressionObjective(1, "huber")),
        ("regression", {"loss": "quantile"}, QuantileObjective(1, (0.05, 0.5, 0.95))),
        ("regression", {"quantiles": (0.9, 0.1, 0.5)}, QuantileObjective(1, (0.1, 0.5, 0.9))),
    ],
)
def test_the_keys_choose_the_objective(name: str, keys: dict[str, Any], expected: Any):
    task = task_named(name)
    target = NumberTarget(("y",), ONE, ONE) if name == "regression" else ClassTarget("y", ("no", "yes"))
    assert task.objective(TableInputs(1), target, make_keys(task.keys, keys)) == expected


def test_balanced_classes_have_the_same_total_weight():
    y, weight = np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 1.0, 2.0], np.float32)
    task, target = task_named("multiclass"), ClassTarget("y", ("u", "v", "w"))
    examples = Examples({"x": np.zeros((4, 1)), "y": y, "weight": weight}, 4)
    assert task.weighted(examples, target, task.keys()) is examples
    found = task.weighted(examples, target, task.keys(class_weight="balanced")).arrays["weight"]
    assert found.dtype == np.float32
    assert found[:3].sum() == pytest.approx(found[3]) == pytest.approx(2.0)
    np.testing.assert_allclose(class_weights(y, 3, weight), found / weight)
    nobody = class_weights(y, 2, np.zeros(4))
    assert nobody.tolist() == [0.0] * 4
