"""What every objective of outputs at every pixel keeps: weights, sums over batches, metrics of the truth."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.random import make_key
from lamina.objectives import AbstractObjective, InstanceObjective, SegmentationObjective
from lamina.objectives.instances import distance_maps

DENSE = [SegmentationObjective(3), InstanceObjective()]
ROWS, SIDE, KEY = 6, 16, make_key(0)
every = pytest.mark.parametrize("objective", DENSE, ids=str)


def disks() -> np.ndarray:
    """Two disks an image, numbered 1 and 2, the first of another size in each."""
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((ROWS, SIDE, SIDE), np.int32)
    for row in range(ROWS):
        labels[row][(y - 4) ** 2 + (x - 4) ** 2 <= 6 + row] = 1
        labels[row][(y - 11) ** 2 + (x - 11) ** 2 <= 14] = 2
    return labels


def stored(objective: AbstractObjective) -> dict[str, Any]:
    """Examples as a task stores them, outputs of a network that passes on what it gets."""
    labels, random = disks(), np.random.default_rng(0)
    instances = isinstance(objective, InstanceObjective)
    y = np.stack([distance_maps(one) for one in labels]) if instances else labels.astype(np.uint8)
    x = random.normal(size=(ROWS, SIDE, SIDE, objective.out_features)).astype(np.float32)
    return {"x": x, "y": y, "weight": np.ones(ROWS, np.float32)}


def picked(objective: AbstractObjective, arrays: dict[str, Any], ids: Any) -> dict[str, Any]:
    return objective.pick(jax.tree.map(jnp.asarray, arrays), jnp.asarray(ids), key=KEY)


def loss_of(objective: AbstractObjective, batch: dict[str, Any]) -> Any:
    return objective.losses(lambda x, **_: x, batch, key=KEY)["all"][0]


def sums_of(objective: AbstractObjective, arrays: dict[str, Any]) -> dict[str, Any]:
    found = objective.evaluate(lambda x: x, jax.tree.map(jnp.asarray, arrays), key=KEY)
    return {name: float(value) for name, value in found.items()}


def right(objective: AbstractObjective, y: np.ndarray) -> np.ndarray:
    """Outputs that say exactly what is true, with confidence."""
    if isinstance(objective, SegmentationObjective):
        return 40.0 * np.eye(objective.classes, dtype=np.float32)[y]
    maps = y.astype(np.float32) / 255
    return np.stack([40.0 * (2 * maps[..., 0] - 1), maps[..., 1]], axis=-1)


@every
def test_gradients_are_finite_far_out_too_and_going_down_them_lowers_the_loss(objective: AbstractObjective):
    batch = picked(objective, stored(objective), range(ROWS))
    value = jax.jit(jax.value_and_grad(lambda x: loss_of(objective, {**batch, "x": x})))
    first, gradient = value(batch["x"])
    far, steep = value(1e4 * batch["x"])
    assert np.isfinite([float(first), float(far)]).all() and np.isfinite(steep).all()
    x = batch["x"]
    for _ in range(20):
        x = x - 20.0 * value(x)[1]
    assert float(value(x)[0]) < 0.9 * float(first) and float(jnp.abs(gradient).max()) > 0


@every
def test_weight_two_is_the_image_twice(objective: AbstractObjective):
    arrays = stored(objective)
    weight = np.where(np.arange(ROWS) < ROWS // 2, 2.0, 0.0).astype(np.float32)
    heavy = loss_of(objective, picked(objective, {**arrays, "weight": weight}, range(ROWS)))
    twice = loss_of(objective, picked(objective, arrays, [*range(ROWS // 2)] * 2))
    np.testing.assert_allclose(heavy, twice, rtol=1e-5)


@every
def test_sums_over_batches_are_the_whole(objective: AbstractObjective):
    arrays = stored(objective)
    whole = sums_of(objective, arrays)
    parts = [
        sums_of(objective, {name: a[cut] for name, a in arrays.items()}) for cut in (slice(4), slice(4, None))
    ]
    assert set(whole) == {*objective.monitor, "weight"}
    for name, value in whole.items():
        np.testing.assert_allclose(parts[0][name] + parts[1][name], value, rtol=1e-5)


@every
def test_the_loss_that_is_monitored_is_the_one_that_is_learned(objective: AbstractObjective):
    arrays = stored(objective)
    sums = sums_of(objective, arrays)
    loss = loss_of(objective, picked(objective, arrays, range(ROWS)))
    np.testing.assert_allclose(sums["loss"] / sums["weight"], loss, rtol=1e-5)


@every
def test_the_truth_gets_the_best_metrics_and_its_form_stays_small(objective: AbstractObjective):
    arrays, labels = stored(objective), disks()
    decoded = np.asarray(objective.decode(jnp.asarray(right(objective, arrays["y"]))))
    assert decoded.dtype == objective.decoded_type == np.uint8
    found = objective.metrics(decoded, labels)
    assert found == pytest.approx(dict.fromkeys(found, 1.0))
    assert {"iou", "dice"} <= set(found)
    worse = objective.metrics(np.roll(decoded, 3, axis=1), labels)
    assert all(worse[name] < 0.9 for name in ("iou", "dice"))
    for name, (low, high) in objective.intervals(np.roll(decoded, 1, axis=1), labels).items():
        assert 0 <= low <= high <= 1, name


@every
def test_an_objective_is_a_key_of_a_compiled_program(objective: AbstractObjective):
    copy = dataclasses.replace(objective)  # type: ignore[type-var]
    assert (copy, hash(copy)) == (objective, hash(objective))
