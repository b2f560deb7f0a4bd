"""What every task keeps: weights, members, sums over batches, answers that mean something."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.contracts.test_dense_objectives import DENSE

import lamina.objectives
from lamina.core.errors import ConfigError
from lamina.core.random import make_key
from lamina.models import build
from lamina.objectives import (
    AbstractObjective,
    BinaryObjective,
    MulticlassObjective,
    MultilabelObjective,
    QuantileObjective,
    RegressionObjective,
)
from lamina.train import TrainConfig, train

TASKS = [
    *(BinaryObjective(loss) for loss in ("cross_entropy", "focal", "perceptron")),
    BinaryObjective(smoothing=0.1),
    *(MulticlassObjective(3, loss) for loss in ("cross_entropy", "focal", "perceptron")),
    MulticlassObjective(3, smoothing=0.1),
    MultilabelObjective(4),
    *(RegressionObjective(1, loss) for loss in ("mse", "mae", "huber")),
    RegressionObjective(3),
    QuantileObjective(1, (0.1, 0.5, 0.9)),
    QuantileObjective(2, (0.25, 0.5, 0.75)),
]
ROWS, KEY = 12, make_key(0)

every = pytest.mark.parametrize("task", TASKS, ids=str)


def batch_of(task: AbstractObjective, rows: int = ROWS, seed: int = 0) -> dict[str, Any]:
    """Outputs of a network that passes on what it gets, with targets and weights."""
    random = np.random.default_rng(seed)
    classes = {BinaryObjective: 2, MulticlassObjective: 3}.get(type(task))
    columns = getattr(task, "targets", None) or getattr(task, "labels", 1)
    if classes:
        y = np.resize(np.arange(classes, dtype=np.int32), rows)
    elif isinstance(task, MultilabelObjective):
        y = random.integers(0, 2, (rows, columns)).astype(np.float32)
    else:
        y = random.normal(size=(rows, columns)).astype(np.float32)
    x = random.normal(size=(rows, task.out_features)).astype(np.float32)
    return {"x": x, "y": y, "weight": np.ones(rows, np.float32)}


def passed_on(x: Any, *, key: Any = None, train: bool = False) -> Any:
    return x


class Judged(NamedTuple):
    """All that a task says of a batch."""

    loss: Any
    gradient: Any
    answers: Any
    sums: dict[str, Any]


def loss_of(task: AbstractObjective, batch: dict[str, Any]) -> Any:
    return task.losses(passed_on, batch, key=KEY)["all"][0]


def sums_of(task: AbstractObjective, batch: dict[str, Any]) -> dict[str, Any]:
    return task.evaluate(passed_on, batch, key=KEY)


@functools.partial(jax.jit, static_argnums=0)
def compiled_judge(task: AbstractObjective, batch: dict[str, Any]) -> Judged:
    loss, gradient = jax.value_and_grad(lambda x: loss_of(task, {**batch, "x": x}))(batch["x"])
    return Judged(loss, gradient, task.decode(batch["x"]), sums_of(task, batch))


def judge(task: AbstractObjective, batch: dict[str, Any], x: Any = None) -> Judged:
    """What the task says of the batch, or of other outputs ``x`` for its targets."""
    return jax.device_get(compiled_judge(task, batch if x is None else {**batch, "x": x}))


@functools.partial(jax.jit, static_argnums=0)
def loss_and_answers(task: AbstractObjective, batch: dict[str, Any]) -> tuple[Any, Any]:
    return loss_of(task, batch), task.decode(batch["x"])


def test_every_task_stands_here():
    concrete = {thing for thing in vars(lamina.objectives).values() if isinstance(thing, type)} - {
        AbstractObjective
    }
    of_pixels = {type(task) for task in DENSE}  # their contract is in the file beside
    assert {type(task) for task in TASKS} | of_pixels == {
        kind for kind in concrete if issubclass(kind, AbstractObjective)
    }


@every
def test_loss_is_a_finite_number_with_a_finite_gradient(task: AbstractObjective):
    found = judge(task, batch_of(task))
    assert found.loss.shape == ()
    assert np.isfinite(found.loss)
    assert np.isfinite(found.gradient).all()
    assert np.abs(found.gradient).max() > 0


@every
def test_loss_is_finite_far_out(task: AbstractObjective):
    batch = batch_of(task)
    found = judge(task, batch, 1e4 * batch["x"])
    assert np.isfinite(found.loss)
    assert np.isfinite(found.gradient).all()


@every
def test_going_down_the_gradient_lowers_the_loss(task: AbstractObjective):
    batch = batch_of(task)
    x = batch["x"]
    for _ in range(50):
        x = x - 0.3 * judge(task, batch, x).gradient
    assert judge(task, batch, x).loss < 0.95 * judge(task, batch).loss


@every
def test_weight_two_is_the_row_twice(task: AbstractObjective):
    batch = batch_of(task)
    half = ROWS // 2
    weight = np.where(np.arange(ROWS) < half, 2.0, 0.0).astype(np.float32)
    heavy = judge(task, {**batch, "weight": weight})
    twice = judge(task, {name: np.concatenate([a[:half], a[:half]]) for name, a in batch.items()})
    np.testing.assert_allclose(heavy.loss, twice.loss, rtol=1e-5)
    np.testing.assert_allclose(heavy.sums["loss"], twice.sums["loss"], rtol=1e-5)


@every
def test_members_are_judged_one_by_one_and_answer_together(task: AbstractObjective):
    batch, other = batch_of(task), batch_of(task, seed=1)["x"]
    both = np.stack([batch["x"], other], axis=1)
    loss, answers = loss_and_answers(task, {**batch, "x": both})
    alone = [judge(task, batch), judge(task, batch, other)]
    np.testing.assert_allclose(loss, np.mean([one.loss for one in alone]), rtol=1e-5)
    if isinstance(task, QuantileObjective):  # sorted after the mean, not before
        expected = judge(task, batch, (batch["x"] + other) / 2).answers
    else:
        expected = (alone[0].answers + alone[1].answers) / 2
    np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-6)


@every
def test_sums_over_batches_are_the_whole_and_filling_rows_count_nothing(task: AbstractObjective):
    batch = batch_of(task)
    whole = judge(task, batch).sums
    first = {name: a[:5] for name, a in batch.items()}
    filled = {name: np.concatenate([a[5:], np.zeros_like(a[:5])]) for name, a in batch.items()}
    parts = [jax.jit(sums_of, static_argnums=0)(task, first), judge(task, filled).sums]
    assert set(whole) >= {"loss", "weight"}
    for name, value in whole.items():
        np.testing.assert_allclose(parts[0][name] + parts[1][name], value, rtol=1e-5)


@every
def test_answers_are_float32_whatever_the_precision(task: AbstractObjective):
    batch = batch_of(task)
    loss, answers = jax.device_get(loss_and_answers(task, {**batch, "x": batch["x"].astype(jnp.bfloat16)}))
    assert answers.dtype == np.float32
    if isinstance(task, BinaryObjective | MulticlassObjective):
        np.testing.assert_allclose(answers.sum(-1), 1, rtol=1e-5)
    if not isinstance(task, RegressionObjective | QuantileObjective):
        assert answers.min() >= 0
        assert answers.max() <= 1
    assert np.isfinite(loss)


def right_outputs(task: AbstractObjective, y: np.ndarray) -> np.ndarray:
    """Outputs that say exactly what is true, with confidence."""
    if isinstance(task, MulticlassObjective):
        return 40.0 * np.eye(3, dtype=np.float32)[y]
    if isinstance(task, BinaryObjective):
        return 40.0 * (2.0 * y.astype(np.float32) - 1)[:, None]
    if isinstance(task, MultilabelObjective):
        return 40.0 * (2.0 * y - 1)
    return np.repeat(y, task.out_features // y.shape[1], axis=1)


LIKELIHOODS = [
    *(BinaryObjective(smoothing=share) for share in (0.0, 0.1)),
    *(MulticlassObjective(3, smoothing=share) for share in (0.0, 0.1)),
    *(MultilabelObjective(4, smoothing=share) for share in (0.0, 0.1)),
]


@pytest.mark.parametrize("task", LIKELIHOODS, ids=str)
def test_the_loss_that_is_monitored_is_the_one_that_is_learned(task: AbstractObjective):
    found = judge(task, batch_of(task))
    np.testing.assert_allclose(found.sums["loss"] / found.sums["weight"], found.loss, rtol=1e-5)


@pytest.mark.parametrize("task", [task for task in LIKELIHOODS if task.smoothing], ids=str)
def test_no_answer_is_better_than_the_smoothed_label(task: AbstractObjective):
    """Whose loss is its entropy; a surer answer and a less sure one are both worse."""
    batch = batch_of(task)
    classes = 3 if isinstance(task, MulticlassObjective) else 2
    true, other = 1 - 0.1 + 0.1 / classes, 0.1 / classes
    entropy = -true * math.log(true) - (classes - 1) * other * math.log(other)
    best = right_outputs(task, batch["y"]) / 40.0 * math.log(true / other)
    if not isinstance(task, MulticlassObjective):  # one logit for two answers
        assert np.abs(best).max() == pytest.approx(math.log(true / other))
    losses = [judge(task, batch, best * factor).sums["loss"] / ROWS for factor in (0.5, 1.0, 2.0)]
    assert losses[1] == pytest.approx(entropy, rel=1e-5)
    assert losses[1] < min(losses[0], losses[2])


@every
def test_the_truth_gets_the_best_metrics(task: AbstractObjective):
    batch = batch_of(task)
    right = judge(task, batch, right_outputs(task, batch["y"]))
    if not getattr(task, "smoothing", 0):  # else confidence has its price: see the test above
        assert right.sums["loss"] == pytest.approx(0, abs=1e-4)
    found = task.metrics(right.answers.astype(np.float64), batch["y"])
    best = {
        "accuracy": 1,
        "f1": 1,
        "auc": 1,
        "balanced_accuracy": 1,
        "rmse": 0,
        "mae": 0,
        "r2": 1,
        "coverage": 1,
    }
    assert set(found) & set(best)
    for name in set(found) & set(best):
        assert found[name] == pytest.approx(best[name], abs=1e-6), name


@every
def test_a_task_is_a_key_of_a_compiled_program(task: AbstractObjective):
    copy = dataclasses.replace(task)  # type: ignore[type-var]
    assert (copy, hash(copy)) == (task, hash(task))
    traces = []
    counted = jax.jit(lambda task, x: traces.append(1) or task.decode(x), static_argnums=0)
    for one in (task, copy):
        counted.lower(one, batch_of(task)["x"])
    assert len(traces) == 1


def test_losses_of_other_tasks_are_refused():
    for make in (
        lambda: BinaryObjective("mse"),
        lambda: MulticlassObjective(3, "mae"),
        lambda: RegressionObjective(1, "focal"),
    ):
        with pytest.raises(ConfigError, match="this objective has no such loss; expected one of"):
            make()


@pytest.mark.parametrize("levels", [(0.5, 0.1), (0.1, 0.9), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), ()])
def test_quantiles_in_disorder_are_refused(levels: tuple[float, ...]):
    with pytest.raises(ConfigError, match="quantiles are out of order or range"):
        QuantileObjective(1, levels)


@pytest.mark.parametrize(
    "task", [BinaryObjective(), *TASKS[-1:], MulticlassObjective(3), MultilabelObjective(4)], ids=str
)
def test_eight_samples_are_learned_by_heart(task: AbstractObjective):
    rows = batch_of(task, rows=8)
    rows["x"] = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    model = build("mlp", inputs=(5,), outputs=task.out_features, size=32, depth=1)
    config = TrainConfig(epochs=300, lr=0.02, schedule="cosine", early_stopping=False)
    losses = train(model, task, rows, rows, config=config).history["valid_loss"]
    assert losses[-1] < 0.05 < losses[0]
