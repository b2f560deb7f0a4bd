"""What an objective says of itself: parts, monitor, pick, point, intervals, shown and score."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.objectives import (
    AbstractObjective,
    BinaryObjective,
    MulticlassObjective,
    MultilabelObjective,
    Part,
    QuantileObjective,
    RegressionObjective,
)
from lamina.objectives.base import gather, over_members, with_members
from lamina.objectives.metrics import (
    accuracy,
    auc,
    classification_intervals,
    multilabel_intervals,
    multilabel_metrics,
    r2,
    regression_intervals,
    rmse,
)

OBJECTIVES = [
    BinaryObjective(),
    MulticlassObjective(3),
    MultilabelObjective(2),
    RegressionObjective(1),
    RegressionObjective(2),
    QuantileObjective(1, (0.1, 0.5, 0.9)),
    QuantileObjective(2, (0.25, 0.5)),
]
every = pytest.mark.parametrize("objective", OBJECTIVES, ids=str)


def test_a_part_moves_everything_at_every_step_unless_told():
    assert Part() == Part(paths=("*",), every=1, lr=1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Part().every = 2  # type: ignore[misc]


@every
def test_ordinary_objectives_have_one_part_and_cannot_be_changed(objective: AbstractObjective):
    assert dict(objective.parts) == {"all": Part()}
    with pytest.raises(TypeError):
        objective.parts["more"] = Part()  # type: ignore[index]
    with pytest.raises(TypeError):
        objective.monitor["more"] = True  # type: ignore[index]
    assert hash(objective) == hash(dataclasses.replace(objective))  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("objective", "width"), list(zip(OBJECTIVES, [1, 3, 2, 1, 2, 3, 4], strict=True)), ids=str
)
def test_out_features(objective: AbstractObjective, width: int):
    assert objective.out_features == width


@every
def test_what_may_decide_what_is_best(objective: AbstractObjective):
    if isinstance(objective, RegressionObjective | QuantileObjective):
        assert dict(objective.monitor) == {"loss": False, "mse": False}
    else:
        assert dict(objective.monitor) == {"loss": False, "accuracy": True}


@every
def test_what_people_watch(objective: AbstractObjective):
    shown = objective.shown
    assert shown.logged.removeprefix("valid_") in objective.monitor
    if isinstance(objective, RegressionObjective | QuantileObjective):
        assert (shown.name, shown.logged) == ("rmse", "valid_mse")
        assert shown.show(0.25, 10.0) == 5.0, "back in the target's unit"
        assert shown.show(-1e-9, 10.0) == 0.0, "rounding below zero is no number"
        assert math.isnan(shown.show(float("nan"), 1.0)) or shown.show(float("nan"), 1.0) == 0.0
    else:
        assert (shown.name, shown.logged) == ("accuracy", "valid_accuracy")
        assert shown.show(0.75, 123.0) == 0.75


# --- pick ----------------------------------------------------------------------------------------


def test_pick_gathers_every_array_of_a_tree():
    chance = np.random.default_rng(0)
    arrays = {
        "x": {"table": chance.normal(size=(9, 4)).astype(np.float32), "codes": np.arange(18).reshape(9, 2)},
        "y": np.arange(9, dtype=np.int32),
        "weight": chance.random(9).astype(np.float32),
    }
    ids = np.array([8, 0, 3, 3], np.int32)
    batch = jax.jit(lambda arrays, ids: RegressionObjective().pick(arrays, ids, key=None))(arrays, ids)
    for found, array in zip(jax.tree.leaves(batch), jax.tree.leaves(arrays), strict=True):
        np.testing.assert_array_equal(found, array[ids])
        assert found.dtype == jax.dtypes.canonicalize_dtype(array.dtype)


@pytest.mark.parametrize("shape", [(6,), (6, 2), (6, 2, 3, 1)])
def test_gather_is_one_gather_without_bounds_checks(shape: tuple[int, ...]):
    array, ids = np.random.default_rng(1).normal(size=shape).astype(np.float32), np.array([5, 1, 1])
    np.testing.assert_array_equal(jax.jit(gather)(array, ids), array[ids])
    names = [equation.primitive.name for equation in jax.make_jaxpr(gather)(array, ids).eqns]
    assert names.count("gather") == 1 and "select_n" not in names


# --- members -------------------------------------------------------------------------------------


def test_members_stand_between_examples_and_features():
    outputs = jnp.zeros((5, 3, 2))
    assert with_members(jnp.zeros((5, 2)), outputs, features=1).shape == (5, 1, 2)
    assert with_members(jnp.zeros(5), outputs, features=0).shape == (5, 1)
    assert with_members(jnp.zeros((5, 2)), jnp.zeros((5, 2)), features=1).shape == (5, 2)
    values = np.arange(30.0, dtype=np.float32).reshape(5, 3, 2)
    np.testing.assert_allclose(over_members(jnp.asarray(values), 5), values.mean((1, 2)))


# --- point, score, intervals ---------------------------------------------------------------------


def decoded_of(objective: AbstractObjective, rows: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Decoded outputs that know something, targets, and weights."""
    chance = np.random.default_rng(2)
    weights = chance.integers(1, 4, rows).astype(float)
    if isinstance(objective, BinaryObjective | MulticlassObjective):
        classes = 2 if isinstance(objective, BinaryObjective) else 3
        targets = chance.integers(classes, size=rows)
        decoded = chance.dirichlet(np.ones(classes), size=rows)
        decoded[np.arange(rows), targets] += 0.4
        return decoded / decoded.sum(-1, keepdims=True), targets, weights
    if isinstance(objective, MultilabelObjective):
        targets = chance.integers(2, size=(rows, 2))
        return np.clip(0.3 * targets + 0.7 * chance.random((rows, 2)), 0, 1), targets, weights
    targets = chance.normal(size=(rows, objective.targets))  # type: ignore[attr-defined]
    decoded = targets + 0.3 * chance.normal(size=targets.shape)
    if isinstance(objective, QuantileObjective):
        middle = objective.median
        spread = (np.arange(len(objective.quantiles)) - middle) * 0.5
        decoded = decoded[..., None] + spread
    return decoded, targets, weights


@every
def test_point_is_one_prediction_a_target(objective: AbstractObjective):
    decoded, _, _ = decoded_of(objective)
    point = objective.point(decoded)
    if isinstance(objective, QuantileObjective):
        np.testing.assert_array_equal(point, decoded[..., objective.median])
    else:
        assert point is decoded


@every
def test_score_is_the_named_metric_of_the_points(objective: AbstractObjective):
    decoded, targets, weights = decoded_of(objective)
    name, measure = objective.score
    point = objective.point(decoded)
    by_hand: dict[str, Any] = {
        "auc": lambda: auc(targets, point, weights),
        "accuracy": lambda: accuracy(targets, point.argmax(-1), weights),
        "log_loss": lambda: multilabel_metrics(targets, point, weights)["log_loss"],
        "rmse": lambda: rmse(targets, point, weights),
        "r2": lambda: r2(targets, point, weights),
    }
    names = ["auc", "accuracy", "log_loss", "rmse", "r2", "rmse", "r2"]
    assert name == names[OBJECTIVES.index(objective)]
    assert measure(targets, point, weights) == pytest.approx(by_hand[name]())
    assert measure(targets, point, None) != pytest.approx(by_hand[name]())
    assert objective.metrics(decoded, targets, weights)[name] == pytest.approx(by_hand[name]())


@every
def test_intervals_are_those_of_the_points(objective: AbstractObjective):
    decoded, targets, weights = decoded_of(objective)
    intervals = objective.intervals(decoded, targets, weights)
    if isinstance(objective, BinaryObjective | MulticlassObjective):
        expected = classification_intervals(targets, decoded, weights)
    elif isinstance(objective, MultilabelObjective):
        expected = multilabel_intervals(targets, decoded, weights)
    else:
        expected = regression_intervals(targets, objective.point(decoded), weights)
    assert intervals == expected
    metrics = objective.metrics(decoded, targets, weights)
    assert set(intervals) <= set(metrics)
    for name, (low, high) in intervals.items():
        assert low <= metrics[name] <= high, name
    assert objective.intervals(decoded, targets) != expected


def test_quantiles_measure_their_interval_with_weights():
    objective = QuantileObjective(1, (0.1, 0.5, 0.9))
    decoded = np.array([[[0.0, 1.0, 2.0]], [[0.0, 1.0, 4.0]]])
    targets = np.array([[2.0], [5.0]])  # the first just inside, the second outside
    found = objective.metrics(decoded, targets, np.array([3.0, 1.0]))
    assert found["coverage"] == 0.75 and found["interval_width"] == pytest.approx((3 * 2 + 4) / 4)
    assert found["rmse"] == pytest.approx(math.sqrt((3 * 1 + 16) / 4))
    assert objective.metrics(decoded, targets)["coverage"] == 0.5
