"""The losses of masks and instances, against values worked out here."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.objectives.instances import distance_maps, instances_of
from lamina.objectives.segmentation import (
    DISTANCE_SHARE,
    InstanceObjective,
    SegmentationObjective,
    soft_dice,
)

KEY = make_key(0)


class Saying:
    """A model that always says the same."""

    def __init__(self, outputs: np.ndarray):
        self.outputs = jnp.asarray(outputs, jnp.float32)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        return self.outputs


def batch_of(y: np.ndarray, weight: tuple[float, ...]) -> dict[str, Any]:
    return {"x": jnp.zeros((len(y), 1)), "y": jnp.asarray(y), "weight": jnp.asarray(weight, jnp.float32)}


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


# --- Dice ----------------------------------------------------------------------------------------


def test_soft_dice_by_hand():
    probabilities = jnp.array([[[[0.5], [0.5]], [[1.0], [0.0]]]])
    targets = jnp.array([[[[1.0], [0.0]], [[1.0], [0.0]]]])
    assert soft_dice(probabilities, targets).tolist() == [[pytest.approx(1 - (2 * 1.5 + 1) / (4 + 1))]]


@pytest.mark.parametrize(("stated", "loss"), [(1.0, 0.0), (0.0, 1 - 1 / 17)])
def test_soft_dice_of_right_and_wrong(stated: float, loss: float):
    maps = jnp.full((1, 4, 4, 1), stated)
    assert soft_dice(maps, jnp.ones((1, 4, 4, 1)))[0, 0] == pytest.approx(loss)


def test_soft_dice_of_nothing_is_no_loss():
    empty = jnp.zeros((2, 3, 3, 2))
    assert soft_dice(empty, empty).tolist() == [[0.0, 0.0]] * 2
    assert np.isfinite(jax.grad(lambda maps: soft_dice(maps, empty).sum())(empty)).all()


# --- classes -------------------------------------------------------------------------------------


def test_loss_of_classes_is_cross_entropy_and_dice_by_weight():
    random = np.random.default_rng(0)
    logits, codes = random.normal(size=(2, 3, 4, 3)), random.integers(0, 3, (2, 3, 4))
    maps = np.eye(3)[codes]
    stated = log_softmax(logits)
    entropy = -(maps * stated).sum(-1).mean((1, 2))
    both = (np.exp(stated) * maps).sum((1, 2))
    dice = 1 - (2 * both + 1) / (np.exp(stated).sum((1, 2)) + maps.sum((1, 2)) + 1)
    each, weight = entropy + dice.mean(-1), (1.0, 3.0)
    objective = SegmentationObjective(3)
    loss = objective.losses(Saying(logits), batch_of(maps.astype(np.float32), weight), key=KEY)["all"][0]
    assert loss == pytest.approx((each * weight).mean(), rel=1e-5)
    sums = objective.evaluate(Saying(logits), batch_of(codes.astype(np.uint8), weight), key=KEY)
    assert sums["loss"] == pytest.approx((each * weight).sum(), rel=1e-5) and sums["weight"] == 4


def test_iou_of_each_image_is_the_mean_over_classes_that_occur():
    codes = np.array([[[0, 0], [1, 1]], [[0, 0], [0, 0]]], np.uint8)
    said = np.array([[[0, 1], [1, 1]], [[0, 0], [0, 0]]])
    sums = SegmentationObjective(3).evaluate(Saying(np.eye(3)[said]), batch_of(codes, (1, 2)), key=KEY)
    assert sums["iou"] == pytest.approx((1 / 2 + 2 / 3) / 2 + 2 * 1.0)


def test_codes_become_maps_and_are_decoded_again():
    objective = SegmentationObjective(3)
    codes = np.random.default_rng(0).integers(0, 3, (5, 2, 4)).astype(np.uint8)
    arrays = {"x": np.arange(5.0, dtype=np.float32), "y": codes, "weight": np.ones(5, np.float32)}
    picked = objective.pick(arrays, jnp.array([4, 0]), key=None)
    assert picked["y"].shape == (2, 2, 4, 3) and picked["x"].tolist() == [4.0, 0.0]
    decoded = objective.decode(picked["y"])
    assert decoded.dtype == jnp.uint8 == objective.decoded_type
    assert (np.asarray(decoded) == codes[[4, 0]]).all()
    assert objective.point(np.asarray(decoded)) is not None and objective.out_features == 3


def test_what_decides_and_is_shown():
    classes, instances = SegmentationObjective(2), InstanceObjective()
    assert dict(classes.monitor) == {"loss": False, "iou": True} and classes.shown.logged == "valid_iou"
    assert dict(instances.monitor) == {"loss": False, "dice": True} and instances.shown.logged == "valid_dice"
    codes = np.array([[[0, 1], [1, 1]]], np.uint8)
    assert classes.score.name == "iou" and classes.score.measure(codes, codes, None) == 1.0


# --- instances -----------------------------------------------------------------------------------


def squares() -> np.ndarray:
    labels = np.zeros((2, 16, 16), np.int32)
    labels[:, 2:8, 2:8] = 1
    labels[0, 10:15, 9:14] = 2
    return labels


def maps_of(labels: np.ndarray) -> np.ndarray:
    return np.stack([distance_maps(mask) for mask in labels])


def sure(maps: np.ndarray) -> np.ndarray:
    """Outputs of a model that knows everything."""
    return np.stack([np.where(maps[..., 0] > 0, 30.0, -30.0), maps[..., 1] / 255.0], axis=-1)


def test_loss_of_instances_by_hand():
    maps = maps_of(squares())
    inside = maps[..., 0] / 255.0
    outputs = np.stack([np.zeros_like(inside), np.full_like(inside, 0.25)], axis=-1)
    dice = 1 - (2 * 0.5 * inside.sum((1, 2)) + 1) / (128 + inside.sum((1, 2)) + 1)
    off = np.abs(0.25 - maps[..., 1] / 255.0).mean((1, 2))
    each = np.log(2) + dice + DISTANCE_SHARE * off
    objective = InstanceObjective()
    ids = jnp.arange(2)
    weight = np.array([1.0, 3.0], np.float32)
    picked = objective.pick({"x": np.zeros((2, 1), np.float32), "y": maps, "weight": weight}, ids, key=None)
    assert picked["y"].dtype == jnp.float32 and float(picked["y"].max()) == 1.0
    loss = objective.losses(Saying(outputs), picked, key=KEY)["all"][0]
    assert loss == pytest.approx((each * weight).mean(), rel=1e-5)
    sums = objective.evaluate(Saying(outputs), batch_of(maps, (1, 3)), key=KEY)
    assert sums["loss"] == pytest.approx((each * weight).sum(), rel=1e-5)


def test_what_is_perfect_has_no_loss_and_comes_back_whole():
    labels = squares()
    objective, maps = InstanceObjective(), maps_of(labels)
    sums = objective.evaluate(Saying(sure(maps)), batch_of(maps, (1, 1)), key=KEY)
    assert sums["loss"] == pytest.approx(0.0, abs=1e-5) and sums["dice"] == pytest.approx(2.0)
    decoded = np.asarray(objective.decode(jnp.asarray(sure(maps), jnp.float32)))
    assert decoded.dtype == np.uint8 and (decoded == maps).all()
    found = objective.point(decoded)
    assert found.tolist() == [instances_of(one).tolist() for one in maps]
    assert objective.point(found) is found
    metrics = objective.metrics(decoded, labels)
    assert metrics == dict.fromkeys(("ap50", "ap75", "iou", "dice"), 1.0)
    assert objective.score.measure(labels, decoded, None) == 1.0
    assert set(objective.intervals(decoded, labels)) == set(metrics)


def test_outputs_outside_the_range_are_clipped():
    outputs = jnp.array([[[[100.0, 7.0], [-100.0, -7.0]]]])
    assert InstanceObjective().decode(outputs).tolist() == [[[[255, 255], [0, 0]]]]


def test_small_instances_are_dropped_as_asked():
    maps = maps_of(squares())
    counts = [int(InstanceObjective(smallest).point(maps)[0].max()) for smallest in (8, 30, 100)]
    assert counts == [2, 1, 0]
