"""Losses, sums, gradients and predictions of every objective against plain formulas in float64."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.objectives import (
    AbstractObjective,
    BinaryObjective,
    MulticlassObjective,
    MultilabelObjective,
    QuantileObjective,
    RegressionObjective,
)

EXAMPLES, CLASSES, KEY = 7, 4, make_key(0)
WEIGHT = np.array([1.0, 2.0, 0.5, 0.0, 3.0, 1.0, 0.25])


class Passing:
    """A network that passes on what it gets, and notes how it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, bool]] = []

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        self.asked.append((key, train))
        return x


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def batch_of(x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    y = y.astype(np.int32) if np.issubdtype(y.dtype, np.integer) else y.astype(np.float32)
    return {"x": x.astype(np.float32), "y": y, "weight": WEIGHT.astype(np.float32)}


def found(objective: AbstractObjective, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Loss, its gradient by the outputs, the sums of an evaluation, and the decoded outputs."""

    @jax.jit
    def judge(batch: dict[str, Any]) -> Any:
        def loss(x: Any) -> Any:
            return objective.losses(Passing(), {**batch, "x": x}, key=KEY)["all"][0]

        value, gradient = jax.value_and_grad(loss)(batch["x"])
        sums = objective.evaluate(Passing(), batch, key=KEY)
        return {"loss": value, "gradient": gradient, "sums": sums, "decoded": objective.decode(batch["x"])}

    return jax.device_get(judge(batch_of(x, y)))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def smoothed(y: np.ndarray, classes: int, smoothing: float) -> np.ndarray:
    return np.eye(classes)[y] * (1 - smoothing) + smoothing / classes


LABELS = np.array([0, 1, 2, 3, 1, 0, 2])


# --- several classes -----------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy_of_classes(smoothing: float):
    z = random(EXAMPLES, CLASSES)
    result = found(MulticlassObjective(CLASSES, smoothing=smoothing), z, LABELS)
    targets, p = smoothed(LABELS, CLASSES, smoothing), softmax(z)
    each = -(targets * np.log(p)).sum(-1)
    assert result["loss"] == pytest.approx((WEIGHT * each).mean(), rel=1e-5)
    np.testing.assert_allclose(result["gradient"], WEIGHT[:, None] * (p - targets) / EXAMPLES, atol=1e-6)
    np.testing.assert_allclose(result["decoded"], p, rtol=1e-5)
    hits = p.argmax(-1) == LABELS
    expected = {"loss": (WEIGHT * each).sum(), "accuracy": WEIGHT[hits].sum(), "weight": WEIGHT.sum()}
    assert {name: pytest.approx(float(v), rel=1e-4) for name, v in result["sums"].items()} == expected


def test_focal_loss_of_classes():
    z = random(EXAMPLES, CLASSES)
    own = softmax(z)[np.arange(EXAMPLES), LABELS]
    expected = (WEIGHT * (1 - own) ** 2 * -np.log(own)).mean()
    assert found(MulticlassObjective(CLASSES, "focal"), z, LABELS)["loss"] == pytest.approx(
        expected, rel=1e-5
    )


def test_perceptron_loss_of_classes_moves_only_mistakes():
    z = random(EXAMPLES, CLASSES)
    z[np.arange(3), LABELS[:3]] += 5.0
    result = found(MulticlassObjective(CLASSES, "perceptron"), z, LABELS)
    own, best = z[np.arange(EXAMPLES), LABELS], z.max(-1)
    assert result["loss"] == pytest.approx((WEIGHT * (best - own)).mean(), rel=1e-5)
    right = z.argmax(-1) == LABELS
    assert right.any() and not np.abs(result["gradient"][right]).any()
    wrong = ~right & (WEIGHT > 0)
    assert (np.abs(result["gradient"][wrong]).max(-1) > 0).all()


# --- two classes ---------------------------------------------------------------------------------

YES = np.array([0, 1, 1, 0, 1, 0, 1])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_yes_and_no(smoothing: float):
    z = random(EXAMPLES, 1, seed=1)
    result = found(BinaryObjective(smoothing=smoothing), z, YES)
    target, p = YES * (1 - smoothing) + smoothing / 2, sigmoid(z[:, 0])
    each = -(target * np.log(p) + (1 - target) * np.log(1 - p))
    assert result["loss"] == pytest.approx((WEIGHT * each).mean(), rel=1e-5)
    np.testing.assert_allclose(result["gradient"][:, 0], WEIGHT * (p - target) / EXAMPLES, atol=1e-6)
    np.testing.assert_allclose(result["decoded"], np.stack([1 - p, p], -1), rtol=1e-5)
    hits = (p > 0.5) == (YES > 0)
    expected = {"loss": (WEIGHT * each).sum(), "accuracy": WEIGHT[hits].sum(), "weight": WEIGHT.sum()}
    assert {name: pytest.approx(float(v), rel=1e-4) for name, v in result["sums"].items()} == expected


@pytest.mark.parametrize("loss", ["focal", "perceptron"])
def test_other_losses_of_yes_and_no_are_those_of_two_classes(loss: str):
    z = random(EXAMPLES, 1, seed=1)
    one = found(BinaryObjective(loss), z, YES)
    two = found(MulticlassObjective(2, loss), np.concatenate([np.zeros_like(z), z], -1), YES)
    assert one["loss"] == pytest.approx(two["loss"], rel=1e-6)
    np.testing.assert_allclose(one["gradient"][:, 0], two["gradient"][:, 1], atol=1e-6)


def test_one_logit_for_yes_is_two_logits_of_classes():
    z = random(EXAMPLES, 1, seed=1)
    one = found(BinaryObjective(), z, YES)
    two = found(MulticlassObjective(2), np.concatenate([np.zeros_like(z), z], -1), YES)
    assert one["loss"] == pytest.approx(two["loss"], rel=1e-5)
    for name in ("loss", "accuracy", "weight"):
        assert one["sums"][name] == pytest.approx(two["sums"][name], rel=1e-5)
    np.testing.assert_allclose(one["decoded"], two["decoded"], rtol=1e-5)


# --- several labels ------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_of_labels_is_the_mean_over_them(smoothing: float):
    z, y = random(EXAMPLES, 3, seed=2), (random(EXAMPLES, 3, seed=3) > 0).astype(float)
    result = found(MultilabelObjective(3, smoothing=smoothing), z, y)
    target, p = y * (1 - smoothing) + smoothing / 2, sigmoid(z)
    each = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean(-1)
    assert result["loss"] == pytest.approx((WEIGHT * each).mean(), rel=1e-5)
    np.testing.assert_allclose(result["gradient"], WEIGHT[:, None] * (p - target) / 3 / EXAMPLES, atol=1e-6)
    np.testing.assert_allclose(result["decoded"], p, rtol=1e-5)
    right = ((p > 0.5) == (y > 0.5)).mean(-1)
    expected = {"loss": (WEIGHT * each).sum(), "accuracy": (WEIGHT * right).sum(), "weight": WEIGHT.sum()}
    assert {name: pytest.approx(float(v), rel=1e-4) for name, v in result["sums"].items()} == expected


# --- numbers -------------------------------------------------------------------------------------

ERRORS = {
    "mse": lambda e: e**2,
    "mae": np.abs,
    "huber": lambda e: np.where(np.abs(e) <= 1, e**2 / 2, np.abs(e) - 0.5),
}
SLOPES = {"mse": lambda e: 2 * e, "mae": np.sign, "huber": lambda e: np.clip(e, -1, 1)}


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("loss", ERRORS)
def test_errors_of_numbers(loss: str, targets: int):
    outputs, y = 2 * random(EXAMPLES, targets, seed=4), random(EXAMPLES, targets, seed=5)
    result = found(RegressionObjective(targets, loss), outputs, y)
    error = outputs - y
    each = ERRORS[loss](error).mean(-1)
    assert result["loss"] == pytest.approx((WEIGHT * each).mean(), rel=1e-5)
    slope = WEIGHT[:, None] * SLOPES[loss](error) / targets / EXAMPLES
    np.testing.assert_allclose(result["gradient"], slope, atol=1e-6)
    np.testing.assert_allclose(result["decoded"], outputs, rtol=1e-6)
    squared = (WEIGHT * (error**2).mean(-1)).sum()
    expected = {"loss": (WEIGHT * each).sum(), "mse": squared, "weight": WEIGHT.sum()}
    assert {name: pytest.approx(float(v), rel=1e-5) for name, v in result["sums"].items()} == expected


@pytest.mark.parametrize("targets", [1, 2])
def test_pinball_loss_of_quantiles(targets: int):
    levels = np.array([0.1, 0.5, 0.9])
    objective = QuantileObjective(targets, tuple(levels))
    outputs, y = random(EXAMPLES, 3 * targets, seed=6), random(EXAMPLES, targets, seed=7)
    result = found(objective, outputs, y)

    def pinball(q: np.ndarray) -> np.ndarray:
        error = y[..., None] - q
        return np.maximum(levels * error, (levels - 1) * error).mean((-1, -2))

    q = outputs.reshape(EXAMPLES, targets, 3)
    assert result["loss"] == pytest.approx((WEIGHT * pinball(q)).mean(), rel=1e-5)
    np.testing.assert_allclose(result["decoded"], np.sort(q, -1), rtol=1e-6)
    ordered = np.sort(q, -1)
    squared = (WEIGHT * ((ordered[..., 1] - y) ** 2).mean(-1)).sum()
    expected = {"loss": (WEIGHT * pinball(ordered)).sum(), "mse": squared, "weight": WEIGHT.sum()}
    assert {name: pytest.approx(float(v), rel=1e-5) for name, v in result["sums"].items()} == expected
    assert objective.median == 1 and objective.out_features == 3 * targets


# --- members -------------------------------------------------------------------------------------

MEMBERS = [
    (MulticlassObjective(CLASSES, smoothing=0.1), CLASSES, LABELS),
    (BinaryObjective(), 1, YES),
    (MultilabelObjective(3), 3, (random(EXAMPLES, 3, seed=3) > 0).astype(float)),
    (RegressionObjective(2), 2, random(EXAMPLES, 2, seed=5)),
    (QuantileObjective(1, (0.25, 0.5, 0.75)), 3, random(EXAMPLES, 1, seed=5)),
]


@pytest.mark.parametrize(("objective", "width", "y"), MEMBERS, ids=lambda v: type(v).__name__)
def test_each_member_gets_the_gradient_of_its_own_loss(
    objective: AbstractObjective, width: int, y: np.ndarray
):
    together = random(EXAMPLES, 3, width, seed=8)
    result = found(objective, together, y)
    alone = [found(objective, together[:, member], y) for member in range(3)]
    assert result["loss"] == pytest.approx(np.mean([one["loss"] for one in alone]), rel=1e-5)
    for member, one in enumerate(alone):
        np.testing.assert_allclose(result["gradient"][:, member], one["gradient"] / 3, atol=1e-7)
    if not isinstance(objective, QuantileObjective):
        mean = np.mean([one["decoded"] for one in alone], axis=0)
        np.testing.assert_allclose(result["decoded"], mean, rtol=1e-5, atol=1e-7)
    assert result["sums"]["weight"] == pytest.approx(WEIGHT.sum())


# --- how a model is asked ------------------------------------------------------------------------


@pytest.mark.parametrize(("objective", "width", "y"), MEMBERS, ids=lambda v: type(v).__name__)
def test_training_asks_with_a_key_and_evaluation_without(
    objective: AbstractObjective, width: int, y: np.ndarray
):
    model, batch = Passing(), batch_of(random(EXAMPLES, width), y)
    jax.eval_shape(lambda batch: objective.losses(model, batch, key=KEY), batch)
    jax.eval_shape(lambda batch: objective.evaluate(model, batch, key=KEY), batch)
    assert [(key is KEY, train) for key, train in model.asked] == [(True, True), (False, False)]
    assert (
        list(objective.parts)
        == ["all"]
        == list(jax.eval_shape(lambda batch: objective.losses(model, batch, key=KEY), batch))
    )
    sums = jax.eval_shape(lambda batch: objective.evaluate(model, batch, key=KEY), batch)
    assert set(sums) == {*objective.monitor, "weight"} and next(iter(objective.monitor)) == "loss"


def test_extreme_logits_overflow_nowhere():
    z = np.array([[1e4, -1e4, 0.0, 3.0]] * EXAMPLES)
    result = found(MulticlassObjective(CLASSES), z, LABELS)
    assert np.isfinite(result["loss"]) and np.isfinite(result["gradient"]).all()
    each = np.where(LABELS == 0, 0.0, 1e4 - z[0, LABELS])
    assert result["loss"] == pytest.approx((WEIGHT * each).mean(), rel=1e-5)
    binary = found(BinaryObjective(), np.full((EXAMPLES, 1), -2e4), YES)
    assert binary["loss"] == pytest.approx((WEIGHT * 2e4 * YES).mean(), rel=1e-5)
    least = -math.log(1e-12)  # an evaluation bounds what one example may cost
    assert binary["sums"]["loss"] == pytest.approx((WEIGHT * YES).sum() * least, rel=1e-4)


def test_bfloat16_outputs_are_judged_in_float32():
    z = random(EXAMPLES, CLASSES)
    batch = batch_of(z, LABELS)
    low = {**batch, "x": jnp.asarray(batch["x"], jnp.bfloat16)}
    exact = {**batch, "x": np.asarray(low["x"].astype(jnp.float32))}
    loss = jax.jit(lambda batch: MulticlassObjective(CLASSES).losses(Passing(), batch, key=KEY)["all"][0])
    assert loss(low).dtype == jnp.float32
    assert float(loss(low)) == pytest.approx(float(loss(exact)), rel=1e-6)
