"""Losses of a game against closed forms on a linear critic, parts, modes, resumption."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.random import make_key
from lamina.core.tree import named_arrays
from lamina.models import build
from lamina.objectives.adversarial import (
    HingeObjective,
    RelativisticObjective,
    Sides,
    WassersteinObjective,
    with_slopes,
)
from lamina.objectives.energy import energy_score, energy_score_of_class, samples_to_judge, shrunk
from lamina.objectives.samples import Sampling
from lamina.train import TrainConfig, TrainResult, train
from lamina.train.safeguard.checkpoint import Checkpoints

PLANE = RowSampleInputs((1, 1))
OBJECTIVES = {
    "hinge": HingeObjective(PLANE),
    "wasserstein": WassersteinObjective(PLANE, penalty=3.0),
    "relativistic": RelativisticObjective(PLANE, penalty=3.0),
}
W = np.float32([0.6, -2.0])
RNG = np.random.default_rng(0)
REAL, FAKE = (RNG.normal(size=(5, 2)).astype(np.float32) for _ in range(2))
WEIGHT = np.float32([1, 1, 0, 2, 1])
SIDES = Sides(*map(jnp.asarray, (REAL, FAKE, np.full(5, -1), WEIGHT)), make_key(0))
D_REAL, D_FAKE = REAL @ W, FAKE @ W


def linear(x: Any, label: Any) -> Any:
    return x @ jnp.asarray(W)


def mean(values: Any) -> float:
    return float(np.average(values, weights=WEIGHT))


def softplus(x: Any) -> Any:
    return np.log1p(np.exp(x))


STEEP = float(np.sum(W**2))  # |∇D|² of the linear critic, everywhere
EXPECTED = {
    "hinge": (
        mean(np.maximum(0, 1 - D_REAL)) + mean(np.maximum(0, 1 + D_FAKE)),
        -mean(D_FAKE),
    ),
    "wasserstein": (mean(D_FAKE) - mean(D_REAL) + 3 * (np.sqrt(STEEP) - 1) ** 2, -mean(D_FAKE)),
    "relativistic": (
        mean(softplus(D_FAKE - D_REAL)) + 3 / 2 * (STEEP + STEEP),
        mean(softplus(D_REAL - D_FAKE)),
    ),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_on_a_linear_critic_have_closed_forms(name: str):
    objective = OBJECTIVES[name]
    loss, metrics = objective.critic_loss(linear, SIDES)
    assert float(loss) == pytest.approx(EXPECTED[name][0], rel=1e-5)
    assert all(np.isfinite(float(value)) for value in metrics.values())
    assert float(objective.generator_loss(linear, SIDES)) == pytest.approx(EXPECTED[name][1], rel=1e-5)


def test_the_penalties_are_differentiable_in_the_critic():
    """Of a critic (wᵀx)² / 2 the squared slope is (wᵀx)²·|w|², whose gradient in w is known."""

    def penalty(w: Any) -> Any:
        return with_slopes(lambda x, label: (x @ w) ** 2 / 2, SIDES.real, SIDES.label)[1].sum()

    found = jax.grad(penalty)(jnp.asarray(W))
    by_hand = 2 * (D_REAL @ REAL) * STEEP + 2 * np.sum(D_REAL**2) * W
    np.testing.assert_allclose(found, by_hand, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "space"),
    [("gan-mlp", PLANE), ("dcgan", ImageSampleInputs(8, 8, 1)), ("r3gan", ImageSampleInputs(8, 8, 1))],
)
def test_second_derivatives_of_critics_are_those_of_differences(name: str, space: Any):
    """The gradient of the penalty, through our kernels, against two values of it."""
    critic = build(name, inputs=space, outputs=0, size=16, seed=0).critic
    x = jnp.asarray(np.random.default_rng(1).normal(size=(6, *space.shape)).astype(np.float32))

    @jax.jit
    def penalty(critic: Any) -> Any:
        return with_slopes(lambda x, label: critic(x, label, train=True), x, jnp.full(6, -1))[1].sum()

    slope = jax.jit(jax.grad(penalty))(critic)
    step = 1e-2 / np.sqrt(sum(float((g**2).sum()) for g in jax.tree.leaves(slope)))
    ends = [penalty(jax.tree.map(lambda p, g, s=sign: p + s * step * g, critic, slope)) for sign in (1, -1)]
    rise = float(ends[0] - ends[1]) / (2 * step)
    assert rise == pytest.approx(sum(float((g**2).sum()) for g in jax.tree.leaves(slope)), rel=0.03)


# --- the energy score ----------------------------------------------------------------------------


def test_the_energy_score_against_loops():
    x, g = RNG.normal(size=(4, 2, 3)), RNG.normal(size=(5, 2, 3))
    among = np.mean([np.linalg.norm(g[j] - g[k]) for j in range(5) for k in range(5) if j != k])
    expected = [2 * np.mean([np.linalg.norm(a - b) for b in g]) - among for a in x]
    found = energy_score(jnp.asarray(x, jnp.float32), jnp.asarray(g, jnp.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_energy_score_is_least_for_samples_like_the_data():
    x = jnp.asarray(RNG.normal(size=(4000, 1)).astype(np.float32))
    scores = [
        float(energy_score(x, mean + std * x[:1000]).mean()) for mean, std in ((0, 1), (0.5, 1), (0, 0.5))
    ]
    assert scores[0] < min(scores[1:])


def test_large_images_are_averaged_before_they_are_compared():
    x = RNG.normal(size=(2, 66, 33, 3)).astype(np.float32)
    found = np.asarray(shrunk(jnp.asarray(x)))
    assert found.shape == (2, 22, 16, 3)
    np.testing.assert_allclose(found[:, 1, 2], x[:, 3:6, 4:6].mean((1, 2)), rtol=1e-5)
    assert shrunk(jnp.ones((2, 28, 28, 1))).shape == (2, 28, 28, 1)


# --- inside training -----------------------------------------------------------------------------

RING = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1) * np.sqrt(2)
STD = 0.07


def rows(x: np.ndarray, labels: np.ndarray | None = None) -> dict[str, np.ndarray]:
    labels = np.full(len(x), -1, np.int32) if labels is None else labels.astype(np.int32)
    return {"x": x.astype(np.float32), "y": labels, "weight": np.ones(len(x), np.float32)}


def ring(count: int, seed: int = 0, *, labeled: bool = False) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    mode = chance.integers(8, size=count)
    return rows(RING[mode] + STD * chance.normal(size=(count, 2)), mode % 2 if labeled else None)


TINY = TrainConfig(
    epochs=2, steps_per_epoch=6, batch_size=32, lr=1e-3, optimizer="adam", momentum=0.0, beta2=0.99,
    early_stopping=False, ema=0.9, chunk=3,
)  # fmt: skip


def tiny(objective: Any, *, spectral: bool = True, **keys: Any) -> TrainResult:
    model = build("gan-mlp", inputs=objective.space, outputs=2, size=8, depth=1, latent=4, spectral=spectral)
    labeled = bool(objective.space.labels)
    return train(
        model, objective, ring(256, labeled=labeled), ring(64, 1, labeled=labeled), **{"config": TINY, **keys}
    )


@pytest.fixture(scope="module", params=OBJECTIVES)
def found(request: Any) -> tuple[str, TrainResult]:
    return request.param, tiny(OBJECTIVES[request.param])


@pytest.mark.slow
def test_history_and_answers(found: tuple[str, TrainResult]):
    name, result = found
    history, objective = result.history, OBJECTIVES[name]
    assert all(np.isfinite(values).all() for values in history.values()), history
    assert {"train_critic_loss", "train_generator_loss", "valid_energy", "valid_critic"} <= set(history)
    valid = ring(64, 1)
    answers = objective.answer(
        result.model, {"sample": jnp.asarray(valid["x"]), "label": jnp.asarray(valid["y"])}
    )
    assert answers.shape == (64, 2)
    means = objective.metrics(np.asarray(answers), valid["y"])
    assert means["energy"] == pytest.approx(history["valid_energy"][-1], rel=1e-5), "the same noise each time"
    assert means["critic"] == pytest.approx(history["valid_critic"][-1], rel=1e-4, abs=1e-6)


def test_the_average_of_the_generator_is_the_result(found: tuple[str, TrainResult]):
    _, result = found
    average = named_arrays(result.state.average)
    assert any(path.startswith("generator.") for path in average)
    for path, array in average.items():
        np.testing.assert_array_equal(named_arrays(result.model)[path], array)
    path = "generator.head.weight"
    assert not np.allclose(named_arrays(result.state.model)[path], average[path], atol=1e-5)


def test_running_vectors_of_the_critic_are_written(found: tuple[str, TrainResult]):
    first = named_arrays(build("gan-mlp", inputs=PLANE, outputs=2, size=8, depth=1, latent=4, spectral=True))
    last = named_arrays(found[1].state.model)
    paths = [path for path in first if "running_" in path and first[path].size > 1]
    assert paths and all(not np.array_equal(first[path], last[path]) for path in paths)


@pytest.mark.slow
def test_each_part_moves_its_own_parameters_alone():
    """The generator's turn comes at every fifth step: the first moves both, the second the critic alone."""
    states = [
        named_arrays(stopped(WassersteinObjective(PLANE, critic_steps=5), calls, chunk=1).state.model)
        for calls in (1, 2)
    ]
    first = named_arrays(build("gan-mlp", inputs=PLANE, outputs=2, size=8, depth=1, latent=4, spectral=True))
    assert changed(first, states[0]) == {path.split(".")[0] for path in first} == {"critic", "generator"}
    assert changed(*states) == {"critic"}


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Which networks of a game have another array than before."""
    return {path.split(".")[0] for path in before if not np.array_equal(before[path], after[path])}


def stopped(objective: Any, chunks: int, **keys: Any) -> TrainResult:
    """A run that is interrupted after so many chunks."""
    numbers = iter(range(1, 99))
    return tiny(
        objective,
        should_stop=lambda: "interrupted" if next(numbers) == chunks else None,
        config=dataclasses.replace(TINY, **keys),
    )


def bits(result: TrainResult) -> list[bytes]:
    return [np.asarray(array).tobytes() for array in named_arrays(result.state).values()]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_game_stopped_in_mid_epoch_resumes_with_the_same_bits(tmp_path: Any, name: str):
    """Optimizers of both parts, the average, running vectors and random numbers: all are in the state."""
    whole = tiny(OBJECTIVES[name])
    killed = stopped(OBJECTIVES[name], 3)
    assert killed.steps == 8, "in the middle of the second epoch"
    Checkpoints(tmp_path).write(killed.snapshot)
    resumed = tiny(OBJECTIVES[name], resume=Checkpoints(tmp_path).latest())
    assert bits(resumed) == bits(whole)
    assert resumed.history["train_critic_loss"] == whole.history["train_critic_loss"]
    assert resumed.history["valid_energy"] == whole.history["valid_energy"]


def covered(points: np.ndarray) -> np.ndarray:
    """Share of the points within three standard deviations of each mode."""
    return (np.linalg.norm(points[:, None] - RING, axis=-1) < 3 * STD).mean(axis=0)


def samples(objective: Any, model: Any, labels: np.ndarray, **keys: Any) -> np.ndarray:
    drawn = jax.jit(lambda m, y: objective.sample(m, y, Sampling(**keys), key=make_key(5)))
    return np.asarray(drawn(model, jnp.asarray(labels, jnp.int32)))


@pytest.mark.slow
def test_all_modes_of_a_ring_are_found_and_classes_are_kept_apart():
    """Even and odd modes are two classes of four modes each."""
    objective = RelativisticObjective(RowSampleInputs((1, 1), labels=2), penalty=0.01)
    config = TrainConfig(
        epochs=4, steps_per_epoch=500, batch_size=256, lr=2e-3, optimizer="adam", momentum=0.0, beta2=0.99,
        early_stopping=False, ema=0.99, schedule="cosine",
    )  # fmt: skip
    model = build("gan-mlp", inputs=objective.space, outputs=2, size=64, depth=2, latent=2)
    result = train(model, objective, ring(8192, labeled=True), ring(512, 1, labeled=True), config=config)
    for label, modes in ((0, slice(0, None, 2)), (1, slice(1, None, 2))):
        shares = covered(samples(objective, result.model, np.full(2048, label)))
        assert shares[modes].min() > 0.2 / len(shares[modes]), (label, shares.round(3))
        assert shares[modes].sum() > 0.6, (label, shares.round(3))
    near = samples(objective, result.model, np.zeros(512), temperature=0.01)
    assert near.std(axis=0).max() < 0.3, "cold noise gives samples that are nearly alike"


def test_samples_to_judge_are_the_same_each_time():
    objective = OBJECTIVES["hinge"]
    model = build("gan-mlp", inputs=PLANE, outputs=2, size=8, depth=1, latent=4)
    first, second = (samples_to_judge(objective, model) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (1, 256, 2)


def test_examples_are_judged_by_samples_of_their_class():
    x, g = RNG.normal(size=(3, 2)), RNG.normal(size=(4, 5, 2))
    label = np.array([2, -1, 0])
    x, g = (jnp.asarray(side, jnp.float32) for side in (x, g))
    expected = [float(energy_score(x[n : n + 1], g[label[n] + 1])[0]) for n in range(3)]
    np.testing.assert_allclose(energy_score_of_class(x, jnp.asarray(label), g), expected, rtol=1e-4)


@pytest.mark.slow
def test_bytes_of_images_are_learned_from():
    """Uint8 images in a batch, a convolutional critic inside the inner gradient, taps that leave it."""
    space = ImageSampleInputs(8, 8, 1)
    chance = np.random.default_rng(0)
    images = (
        np.repeat(chance.integers(0, 256, (64, 1, 1, 1)), 64, axis=1).reshape(64, 8, 8, 1).astype(np.uint8)
    )
    data = {"x": images, "y": np.full(64, -1, np.int32), "weight": np.ones(64, np.float32)}
    model = build("dcgan", inputs=space, outputs=64, size=4, latent=4)
    config = dataclasses.replace(TINY, epochs=1)
    result = train(model, WassersteinObjective(space, critic_steps=2), data, data, config=config)
    assert np.isfinite(result.history["valid_energy"]).all() and result.skipped == 0
    made = samples(WassersteinObjective(space), result.model, np.full(3, -1))
    assert made.shape == (3, 8, 8, 1) and np.abs(made).max() <= 1
