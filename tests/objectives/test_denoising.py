"""Diffusion and flow matching: targets, weights, levels, the bound, guidance; and a network that fits."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, RowSampleInputs
from lamina.core.random import make_key
from lamina.models import build
from lamina.objectives.denoising import AbstractDenoisingObjective
from lamina.objectives.diffusion import PREDICTIONS, DiffusionObjective
from lamina.objectives.flow_matching import FlowMatchingObjective
from lamina.objectives.likelihood_bound import gray_doubt
from lamina.objectives.samples import Sampling
from lamina.train import TrainConfig, train

ROW = RowSampleInputs((1, 1))
STD = 0.5
KEY = make_key(0)
EVERY = [
    *(DiffusionObjective(ROW, prediction=name) for name in PREDICTIONS),
    DiffusionObjective(ROW, gamma=None),
    FlowMatchingObjective(ROW),
    FlowMatchingObjective(ROW, times="uniform"),
]
every = pytest.mark.parametrize("objective", EVERY, ids=str)


def ideal(objective: AbstractDenoisingObjective) -> Any:
    """The model that knows that the data are N(0, 0.5²), in terms of what the objective predicts."""

    def model(x: Any, level: Any, label: Any, *, key: Any = None, train: bool = False) -> Any:
        alpha, sigma = (gain[:, None] for gain in objective.path.gains(level))
        data = alpha * STD**2 / (alpha**2 * STD**2 + sigma**2) * x
        noise = (x - alpha * data) / sigma
        return objective.target(data, noise, alpha, sigma)

    return model


def batch_of(count: int, seed: int = 0) -> dict[str, Any]:
    x = STD * np.random.default_rng(seed).normal(size=(count, 2))
    return {
        "x": x.astype(np.float32),
        "y": np.full(count, -1, np.int32),
        "weight": np.ones(count, np.float32),
    }


@every
def test_the_target_means_the_sample(objective: AbstractDenoisingObjective):
    random = np.random.default_rng(0)
    x, noise = random.normal(size=(2, 7, 2))
    alpha, sigma = (gain[:, None] for gain in objective.path.gains(np.linspace(0.05, 0.95, 7)))
    target = objective.target(x, noise, alpha, sigma)
    np.testing.assert_allclose(
        objective.denoised(alpha * x + sigma * noise, target, alpha, sigma), x, rtol=1e-5, atol=1e-6
    )


def test_weights_are_those_of_min_snr_whatever_is_predicted():
    alpha, sigma = DiffusionObjective(ROW).path.gains(np.linspace(0.05, 0.95, 9))
    snr = alpha**2 / sigma**2
    # an error d of x is an error d·scale of what is predicted
    scales = {"v": 1 / sigma, "epsilon": alpha / sigma, "data": np.ones_like(sigma)}
    for name, scale in scales.items():
        weight = DiffusionObjective(ROW, prediction=name).weight(alpha, sigma)
        np.testing.assert_allclose(weight * scale**2, np.minimum(snr, 5.0), rtol=1e-5)
        assert (DiffusionObjective(ROW, prediction=name, gamma=None).weight(alpha, sigma) == 1).all()


@every
def test_losses_are_finite_at_both_ends(objective: AbstractDenoisingObjective):
    for level in (0.0, 1.0):
        alpha, sigma = (jnp.asarray(gain, jnp.float32) for gain in objective.path.gains(np.array(level)))
        assert np.isfinite(objective.weight(alpha, sigma))
        assert np.isfinite(objective.denoised(jnp.ones(1), jnp.ones(1), alpha, sigma)).all()


@pytest.mark.slow
def test_levels_of_a_batch_lie_in_equal_shares():
    seen: list[Any] = []

    def model(x: Any, level: Any, label: Any, **called: Any) -> Any:
        seen.append((level, label))
        return x

    space = RowSampleInputs((1, 1), labels=3)
    batch = {**batch_of(64), "y": np.ones(64, np.int32)}
    objectives = [
        DiffusionObjective(space, hidden=0.25),
        FlowMatchingObjective(space, times="uniform", hidden=0.25),
    ]
    for objective in objectives:
        objective.losses(model, batch, key=KEY)
        level, label = seen[-1]
        assert (np.floor(64 * np.asarray(level)) == np.arange(64)).all()
        assert 4 <= (np.asarray(label) == -1).sum() <= 28
        objective.evaluate(model, batch, key=KEY)
        assert (np.asarray(seen[-1][1]) == 1).all()
    FlowMatchingObjective(space).losses(model, batch, key=KEY)
    times = np.asarray(seen[-1][0])
    logits = np.log(times / (1 - times))
    assert abs(logits.mean()) < 0.05 and abs(logits.std() - 1) < 0.05


@every
def test_the_density_of_levels_is_that_of_what_is_drawn(objective: AbstractDenoisingObjective):
    uniform = np.linspace(0.05, 0.95, 500, dtype=np.float32)
    level = np.asarray(objective.level(jnp.asarray(uniform)), np.float64)
    middle = 0.5 * (level[1:] + level[:-1])
    np.testing.assert_allclose(
        np.asarray(objective.density(jnp.asarray(middle))), np.diff(uniform) / np.diff(level), rtol=5e-3
    )


@pytest.mark.slow
@every
def test_answers_are_the_loss_of_evaluation_and_the_entropy(objective: AbstractDenoisingObjective):
    """With the ideal denoiser the bound is tight: bits of the density of N(0, 0.5²)."""
    batch, model = batch_of(20_000), ideal(objective)
    answers = np.asarray(
        jax.jit(lambda x: objective.answer(model, x))({"sample": batch["x"], "label": batch["y"]})
    )
    sums = jax.jit(lambda batch: objective.evaluate(model, batch, key=KEY))(batch)
    found = objective.metrics(answers, batch["y"])
    assert found["loss"] == pytest.approx(float(sums["loss"] / sums["weight"]), rel=0.04)
    entropy = 0.5 * math.log2(2 * math.pi * math.e * STD**2)
    assert found["bits_per_dimension"] == pytest.approx(entropy, abs=0.04)
    few = {"sample": batch["x"][5:8], "label": batch["y"][5:8]}
    np.testing.assert_allclose(objective.answer(model, few), answers[5:8], rtol=2e-3, atol=2e-3)


def test_gray_values_that_are_seen_clearly_need_no_bits():
    assert gray_doubt(1e-4) == 0
    assert gray_doubt(2 / 255) == pytest.approx(math.log(math.sqrt(2 * math.pi * math.e)), abs=0.02)


@pytest.mark.parametrize(
    "objective",
    [
        DiffusionObjective(ROW, prediction="epsilon"),
        DiffusionObjective(ROW),
        FlowMatchingObjective(ROW),
    ],
    ids=str,
)
def test_samples_have_the_law_of_the_data(objective: AbstractDenoisingObjective):
    steps = {"ddpm": 250, "heun": 81}
    names = objective.samplers if getattr(objective, "prediction", "v") == "v" else objective.samplers[:1]
    for name in names:
        sampling = Sampling(steps.get(name, 60), sampler=name)
        draw = jax.jit(
            lambda sampling=sampling: objective.sample(
                ideal(objective), jnp.full(8000, -1, jnp.int32), sampling, key=KEY
            )
        )
        found = np.asarray(draw())
        assert found.shape == (8000, 2)
        np.testing.assert_allclose(found.std(axis=0), STD, atol=0.03)
        np.testing.assert_allclose(found.mean(axis=0), 0.0, atol=0.02)


def test_guidance_goes_beyond_the_class_and_is_not_asked_for_at_one():
    space, asked = RowSampleInputs((1, 1), labels=2), []
    objective = FlowMatchingObjective(space)

    def model(x: Any, level: Any, label: Any, **called: Any) -> Any:
        asked.append(len(x))
        goal = jnp.where(label == 1, 1.0, 0.0)[:, None]  # a single point for each class, 0 for any
        return (x - goal) / jnp.maximum(level, 1e-6)[:, None]

    labels = jnp.array([1, -1], jnp.int32)
    ends = [objective.sample(model, labels, Sampling(8, guidance=g), key=KEY) for g in (1.0, 3.0)]
    np.testing.assert_allclose(ends[0], [[1, 1], [0, 0]], atol=1e-4)
    np.testing.assert_allclose(ends[1], [[3, 3], [0, 0]], atol=1e-4)
    assert asked == [2, 4]


def test_denoised_images_stay_between_black_and_white():
    space = ImageSampleInputs(2, 2, 1)
    objective = FlowMatchingObjective(space)
    found = objective.sample(
        lambda x, level, label: -100.0 * x, jnp.array([-1], jnp.int32), Sampling(4), key=KEY
    )
    assert float(jnp.abs(found).max()) <= 1.0


def test_bytes_mean_the_same_in_half_precision():
    space = ImageSampleInputs(2, 2, 1)
    x = np.array([0, 100, 200, 255], np.uint8).reshape(1, 2, 2, 1)
    batch = {"x": x, "y": np.array([-1], np.int32), "weight": np.ones(1, np.float32)}
    low = {**batch, "x": jnp.asarray(x).astype(jnp.bfloat16)}
    objective = DiffusionObjective(space)
    losses = [
        objective.losses(lambda x, level, label, **called: 0 * x, b, key=KEY)["all"][0] for b in (batch, low)
    ]
    np.testing.assert_allclose(*losses)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DiffusionObjective(ROW, prediction="x"),
            "no such prediction; expected one of v, epsilon, data",
        ),
        (lambda: DiffusionObjective(ROW, gamma=0.0), "gamma is out of range; expected > 0"),
        (lambda: DiffusionObjective(ROW, hidden=2.0), "hidden is out of range; expected 0 to 1"),
        (lambda: FlowMatchingObjective(ROW, times="late"), "no such times; expected logit_normal or uniform"),
    ],
)
def test_arguments_out_of_range_are_refused(make: Any, message: str):
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_sampler_of_another_method_is_refused():
    with pytest.raises(ConfigError, match="no such sampler; expected one of midpoint, heun, euler, dpm"):
        FlowMatchingObjective(ROW).sample(
            lambda *a: a[0], jnp.zeros(1, jnp.int32), Sampling(sampler="ddpm"), key=KEY
        )


def eight_gaussians(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points around eight places on a circle, and the number of the place."""
    random = np.random.default_rng(seed)
    place = random.integers(0, 8, count)
    angle = place * math.pi / 4
    center = 1.4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (center + 0.1 * random.normal(size=(count, 2))).astype(np.float32), place.astype(np.int32)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DiffusionObjective, FlowMatchingObjective])
def test_a_network_learns_eight_gaussians(kind: Any):
    objective = kind(RowSampleInputs((1, 1), labels=8), hidden=0.5)
    x, y = eight_gaussians(8192, 0)
    model = build("denoising-mlp", inputs=objective.space, outputs=2, size=64, depth=2)
    config = TrainConfig(
        epochs=120,
        batch_size=256,
        lr=3e-3,
        schedule="cosine",
        weight_decay=0.0,
        ema=0.99,
        early_stopping=False,
    )
    rows = {"x": x, "y": y, "weight": np.ones(len(x), np.float32)}
    trained = train(model, objective, rows, config=config).model
    labels = jnp.concatenate([jnp.full(1024, -1, jnp.int32), jnp.full(256, 3, jnp.int32)])
    found = np.asarray(jax.jit(lambda m: objective.sample(m, labels, Sampling(30), key=KEY))(trained))
    centers = 1.4 * np.stack([np.cos(np.arange(8) * math.pi / 4), np.sin(np.arange(8) * math.pi / 4)], axis=1)
    apart = np.linalg.norm(found[:, None] - centers[None], axis=2)
    nearest, is_close = apart.argmin(axis=1), apart.min(axis=1) < 0.4
    assert is_close[:1024].mean() > 0.9
    shares = np.bincount(nearest[:1024][is_close[:1024]], minlength=8) / 1024
    assert shares.min() > 0.06
    assert (nearest[1024:] == 3).mean() > 0.97
    spread = found[:1024][is_close[:1024]] - centers[nearest[:1024][is_close[:1024]]]
    assert 0.07 < spread.std() < 0.15
