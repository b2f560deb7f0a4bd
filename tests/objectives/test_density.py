"""The density of rows is learned: two moons beside categories."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.models import build
from lamina.objectives.density import DensityObjective
from lamina.objectives.samples import Sampling
from lamina.train import TrainConfig, train


def moons(count: int, seed: int) -> dict[str, np.ndarray]:
    """Two moons, each a class, and a category that says the side, wrong in one row of ten."""
    random = np.random.default_rng(seed)
    label, angle = random.integers(2, size=count), random.uniform(0, np.pi, count)
    x, y = np.cos(angle), np.sin(angle)
    place = np.stack([np.where(label, 1 - x, x) - 0.5, np.where(label, 0.5 - y, y) - 0.25], axis=1)
    place += random.normal(0, 0.08, place.shape)
    side = (place[:, 0] > 0) ^ (random.random(count) < 0.1)
    rows = np.concatenate([place * 1.5, np.eye(2)[side.astype(int)]], axis=1).astype(np.float32)
    return {"x": rows, "y": label.astype(np.int32), "weight": np.ones(count, np.float32)}


SPACE = RowSampleInputs((1, 1, 2), labels=2)


@pytest.fixture(scope="module")
def learned() -> tuple[Any, Any]:
    objective = DensityObjective(SPACE)
    model = build("spline-flow", inputs=SPACE, outputs=0, size=32, depth=4, seed=0)
    config = TrainConfig(
        epochs=20, steps_per_epoch=40, batch_size=256, lr=4e-3, schedule="cosine", ema=0.98,
        early_stopping=False,
    )  # fmt: skip
    return objective, train(model, objective, moons(4000, 0), config=config).model


def drawn(objective: Any, model: Any, labels: np.ndarray, **keys: Any) -> np.ndarray:
    sampling = Sampling(**keys)
    draw = jax.jit(lambda model, key: objective.sample(model, jnp.asarray(labels), sampling, key=key))
    return np.asarray(draw(model, jax.random.PRNGKey(0)))


def distance_to_moons(x: np.ndarray, label: np.ndarray) -> np.ndarray:
    """How far each point lies from the middle line of its moon."""
    angle = np.linspace(0, np.pi, 200)
    first = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], 1) * 1.5
    second = np.stack([0.5 - np.cos(angle), 0.25 - np.sin(angle)], 1) * 1.5
    lines = np.stack([first, second])[label]
    return np.sqrt(((x[:, None, :2] - lines) ** 2).sum(2)).min(1)


@pytest.mark.slow
def test_two_moons_are_learned(learned: tuple[Any, Any]):
    objective, model = learned
    fresh = moons(2000, 1)
    asked = {"sample": jnp.asarray(fresh["x"]), "label": jnp.asarray(fresh["y"])}
    answers = np.asarray(jax.jit(objective.answer)(model, asked))
    noise, side = np.log(0.12 * np.sqrt(2 * np.pi * np.e)), 0.325  # entropies of what is around the line
    best = np.log(1.5 * np.pi) + noise + side
    assert objective.metrics(answers, np.zeros(2000))["loss"] == pytest.approx(best, abs=0.15)
    labels = np.repeat(np.array([0, 1], np.int32), 1000)
    x = drawn(objective, model, labels)
    assert np.quantile(distance_to_moons(x, labels), 0.95) < 0.4
    agrees = (x[:, 3] == 1) == (x[:, 0] > 0)
    assert agrees.mean() == pytest.approx(0.9, abs=0.04)
    any_class = drawn(objective, model, np.full(2000, -1, np.int32))
    nearest = np.stack([distance_to_moons(any_class, np.full(2000, c)) for c in (0, 1)])
    assert nearest.argmin(0).mean() == pytest.approx(0.5, abs=0.1)
    assert np.quantile(nearest.min(0), 0.9) < 0.4


@pytest.mark.slow
def test_temperature_draws_probable_rows(learned: tuple[Any, Any]):
    objective, model = learned
    labels = np.zeros(500, np.int32)
    cold, warm = (drawn(objective, model, labels, temperature=t) for t in (0.3, 1.0))
    density = [float(model.log_density(jnp.asarray(x), jnp.asarray(labels)).mean()) for x in (cold, warm)]
    assert density[0] > density[1]


def test_noise_moves_numbers_alone_and_weights_count():
    seen = []

    class Model:
        def log_density(self, x: Any, label: Any, **keys: Any) -> Any:
            seen.append((np.asarray(x), np.asarray(label)))
            return -jnp.arange(4.0)

        __call__ = log_density

    x = jnp.tile(jnp.array([[0.0, 0.0, 0.0, 1.0]]), (4, 1))
    batch = {"x": x, "y": jnp.array([0, 1, 0, 1]), "weight": jnp.array([1.0, 1.0, 1.0, 0.0])}
    objective = DensityObjective(SPACE, noise=0.5, hidden=1.0)
    loss, _ = objective.losses(Model(), batch, key=0)["all"]
    assert float(loss) == pytest.approx(3 / 4)
    assert (seen[0][0][:, :2] != 0).all()
    np.testing.assert_array_equal(seen[0][0][:, 2:], x[:, 2:])
    assert (seen[0][1] == -1).all()
    sums = objective.evaluate(Model(), batch, key=0)
    assert float(sums["loss"]) == 3.0 and float(sums["weight"]) == 3.0
    assert (seen[1][1] == np.array([0, 1, 0, 1])).all() and (seen[1][0] == x).all()


@pytest.mark.parametrize(
    ("space", "options", "message"),
    [
        (SPACE, {"hidden": 1.5}, "hidden is out of range"),
        (SPACE, {"noise": -1.0}, "noise is out of range"),
        (ImageSampleInputs(4, 4, 1), {}, "a density is learned of rows"),
    ],
)
def test_arguments_are_checked(space: Any, options: dict[str, float], message: str):
    with pytest.raises(ConfigError, match=message):
        DensityObjective(space, **options)
