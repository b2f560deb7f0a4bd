"""What every task keeps: weights, members, sums over batches, answers that mean something."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina.tasks
from lamina.core.errors import ConfigError
from lamina.models import build
from lamina.tasks import (
    AbstractTask,
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    QuantileTask,
    RegressionTask,
)
from lamina.train import TrainConfig, train

TASKS = [
    *(BinaryTask(loss) for loss in ("cross_entropy", "focal", "perceptron")),
    BinaryTask(smoothing=0.1),
    *(MulticlassTask(3, loss) for loss in ("cross_entropy", "focal", "perceptron")),
    MulticlassTask(3, smoothing=0.1),
    MultilabelTask(4),
    *(RegressionTask(1, loss) for loss in ("mse", "mae", "huber")),
    RegressionTask(3),
    QuantileTask(1, (0.1, 0.5, 0.9)),
    QuantileTask(2, (0.25, 0.5, 0.75)),
]
ROWS, KEY = 12, jax.random.PRNGKey(0)

every = pytest.mark.parametrize("task", TASKS, ids=str)


def batch_of(task: AbstractTask, rows: int = ROWS, seed: int = 0) -> dict[str, Any]:
    """Outputs of a network that passes on what it gets, with targets and weights."""
    random = np.random.default_rng(seed)
    classes = {"binary": 2, "multiclass": 3}.get(task.kind)
    columns = getattr(task, "targets", None) or getattr(task, "labels", 1)
    if classes:
        y = np.resize(np.arange(classes, dtype=np.int32), rows)
    elif task.kind == "multilabel":
        y = random.integers(0, 2, (rows, columns)).astype(np.float32)
    else:
        y = random.normal(size=(rows, columns)).astype(np.float32)
    x = random.normal(size=(rows, task.outputs)).astype(np.float32)
    return {"x": jnp.asarray(x), "y": jnp.asarray(y), "weight": jnp.ones(rows)}


def passed_on(x: Any, *, key: Any, train: bool) -> Any:
    return x


def loss_of(task: AbstractTask, batch: Any) -> Any:
    return task.losses(passed_on, batch, key=KEY)["all"][0]


def test_every_task_stands_here():
    concrete = {thing for thing in vars(lamina.tasks).values() if isinstance(thing, type)} - {AbstractTask}
    assert {type(task) for task in TASKS} == {kind for kind in concrete if issubclass(kind, AbstractTask)}


@every
def test_loss_is_a_finite_number_with_a_finite_gradient(task: AbstractTask):
    batch = batch_of(task)
    value, gradient = jax.value_and_grad(lambda x: loss_of(task, {**batch, "x": x}))(batch["x"])
    assert value.shape == ()
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@every
def test_loss_is_finite_far_out(task: AbstractTask):
    batch = batch_of(task)
    value, gradient = jax.value_and_grad(lambda x: loss_of(task, {**batch, "x": x}))(1e4 * batch["x"])
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@every
def test_going_down_the_gradient_lowers_the_loss(task: AbstractTask):
    batch = batch_of(task)
    x, loss = batch["x"], jax.value_and_grad(lambda x: loss_of(task, {**batch, "x": x}))
    for _ in range(50):
        x = x - 0.3 * loss(x)[1]
    assert loss(x)[0] < 0.95 * loss(batch["x"])[0]


@every
def test_weight_two_is_the_row_twice(task: AbstractTask):
    batch = batch_of(task)
    half = ROWS // 2
    heavy = {**batch, "weight": jnp.where(jnp.arange(ROWS) < half, 2.0, 0.0)}
    twice = jax.tree.map(lambda a: jnp.concatenate([a[:half], a[:half]]), batch)
    np.testing.assert_allclose(loss_of(task, heavy), loss_of(task, twice), rtol=1e-5)
    np.testing.assert_allclose(*(task.evaluate(b["x"], b)["loss"] for b in (heavy, twice)), rtol=1e-5)


@every
def test_members_are_judged_one_by_one_and_answer_together(task: AbstractTask):
    batch, other = batch_of(task), batch_of(task, seed=1)["x"]
    both = jnp.stack([batch["x"], other], axis=1)
    alone = [loss_of(task, {**batch, "x": x}) for x in (batch["x"], other)]
    np.testing.assert_allclose(loss_of(task, {**batch, "x": both}), np.mean(alone), rtol=1e-5)
    if isinstance(task, QuantileTask):  # sorted after the mean, not before
        expected = task.decode((batch["x"] + other) / 2)
    else:
        expected = (task.decode(batch["x"]) + task.decode(other)) / 2
    np.testing.assert_allclose(task.decode(both), expected, rtol=1e-5, atol=1e-6)


@every
def test_sums_over_batches_are_the_whole_and_filling_rows_count_nothing(task: AbstractTask):
    batch = batch_of(task)
    whole = task.evaluate(batch["x"], batch)
    first, second = (jax.tree.map(lambda a, p=part: a[p], batch) for part in (slice(5), slice(5, None)))
    filled = jax.tree.map(lambda a: jnp.concatenate([a, jnp.zeros((3, *a.shape[1:]), a.dtype)]), second)
    parts = [task.evaluate(part["x"], part) for part in (first, filled)]
    assert set(whole) >= {"loss", "weight"}
    for name, value in whole.items():
        np.testing.assert_allclose(parts[0][name] + parts[1][name], value, rtol=1e-5)


@every
def test_answers_are_float32_whatever_the_precision(task: AbstractTask):
    batch = batch_of(task)
    answers = task.decode(batch["x"].astype(jnp.bfloat16))
    assert answers.dtype == jnp.float32
    if task.kind in ("binary", "multiclass"):
        np.testing.assert_allclose(answers.sum(-1), 1, rtol=1e-5)
    if task.kind != "regression":
        assert answers.min() >= 0
        assert answers.max() <= 1
    assert np.isfinite(loss_of(task, {**batch, "x": batch["x"].astype(jnp.bfloat16)}))


def right_outputs(task: AbstractTask, y: Any) -> Any:
    """Outputs that say exactly what is true, with confidence."""
    if task.kind == "multiclass":
        return 40.0 * jax.nn.one_hot(y, 3)
    if task.kind == "binary":
        return 40.0 * (2.0 * y.astype(jnp.float32) - 1)[:, None]
    if task.kind == "multilabel":
        return 40.0 * (2.0 * y - 1)
    return jnp.repeat(y, task.outputs // y.shape[1], axis=1)


LIKELIHOODS = [
    *(BinaryTask(smoothing=share) for share in (0.0, 0.1)),
    *(MulticlassTask(3, smoothing=share) for share in (0.0, 0.1)),
    *(MultilabelTask(4, smoothing=share) for share in (0.0, 0.1)),
]


@pytest.mark.parametrize("task", LIKELIHOODS, ids=str)
def test_the_loss_that_is_monitored_is_the_one_that_is_learned(task: AbstractTask):
    batch = batch_of(task)
    sums = task.evaluate(batch["x"], batch)
    np.testing.assert_allclose(sums["loss"] / sums["weight"], loss_of(task, batch), rtol=1e-5)


@pytest.mark.parametrize("task", [task for task in LIKELIHOODS if task.smoothing], ids=str)
def test_no_answer_is_better_than_the_smoothed_label(task: AbstractTask):
    """Whose loss is its entropy; a surer answer and a less sure one are both worse."""
    batch = batch_of(task, rows=30)
    classes = 3 if task.kind == "multiclass" else 2
    true, other = 1 - 0.1 + 0.1 / classes, 0.1 / classes
    entropy = -true * np.log(true) - (classes - 1) * other * np.log(other)
    best = right_outputs(task, batch["y"]) / 40.0 * np.log(true / other)
    if task.kind != "multiclass":  # one logit for two answers
        assert float(np.abs(best).max()) == pytest.approx(np.log(true / other))
    losses = [task.evaluate(best * factor, batch)["loss"] / 30 for factor in (0.5, 1.0, 2.0)]
    assert float(losses[1]) == pytest.approx(entropy, rel=1e-5)
    assert losses[1] < min(losses[0], losses[2])


@every
def test_the_truth_gets_the_best_metrics(task: AbstractTask):
    batch = batch_of(task, rows=30)
    outputs = right_outputs(task, batch["y"])
    if not getattr(task, "smoothing", 0):  # else confidence has its price: see the test below
        assert float(task.evaluate(outputs, batch)["loss"]) == pytest.approx(0, abs=1e-4)
    found = task.metrics(np.asarray(task.decode(outputs), np.float64), np.asarray(batch["y"]))
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
def test_a_task_is_a_key_of_a_compiled_program(task: AbstractTask):
    copy = dataclasses.replace(task)  # type: ignore[type-var]
    assert (copy, hash(copy)) == (task, hash(task))
    traces = []
    compiled = jax.jit(lambda task, x: traces.append(1) or task.decode(x), static_argnums=0)
    for one in (task, copy):
        compiled(one, batch_of(task)["x"])
    assert len(traces) == 1


def test_losses_of_other_tasks_are_refused():
    for make in (
        lambda: BinaryTask("mse"),
        lambda: MulticlassTask(3, "mae"),
        lambda: RegressionTask(1, "focal"),
    ):
        with pytest.raises(ConfigError, match="this task has no such loss; expected one of"):
            make()


@pytest.mark.parametrize("levels", [(0.5, 0.1), (0.1, 0.9), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), ()])
def test_quantiles_in_disorder_are_refused(levels: tuple[float, ...]):
    with pytest.raises(ConfigError, match="quantiles are out of order or range"):
        QuantileTask(1, levels)


@pytest.mark.parametrize("task", [BinaryTask(), *TASKS[-1:], MulticlassTask(3), MultilabelTask(4)], ids=str)
def test_eight_samples_are_learned_by_heart(task: AbstractTask):
    rows = jax.tree.map(np.asarray, batch_of(task, rows=8))
    rows["x"] = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    model = build("mlp", inputs=(5,), outputs=task.outputs, size=32)
    config = TrainConfig(epochs=300, lr=0.02, schedule="cosine", early_stopping=False)
    losses = train(model, task, rows, rows, config=config).history["valid_loss"]
    assert losses[-1] < 0.05 < losses[0]
