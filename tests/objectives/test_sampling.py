"""Samplers against the closed form: of normal data the ideal denoiser is known, and the law of samples."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.objectives.noise_path import AbstractPath, CosinePath, LinearPath
from lamina.objectives.sampling import EVALUATIONS, SAMPLERS, Plan, sample_by

MEAN, STD = 1.5, 0.5
PATHS = {"cosine": CosinePath(), "linear": LinearPath()}
ORDERS = {"ddpm": 1, "ddim": 1, "euler": 1, "heun": 2, "midpoint": 2, "dpm": 2}
EVERY = [(name, path) for name, path in itertools.product(SAMPLERS, PATHS)]

every = pytest.mark.parametrize(("name", "path"), EVERY)


def ideal(path: AbstractPath, level: float) -> tuple[float, float]:
    """Gain and shift of E[x | x_t], which is linear in x_t."""
    alpha, sigma = path.gains(np.array(level, np.float64))
    gain = alpha * STD**2 / (alpha**2 * STD**2 + sigma**2)
    return float(gain), float(MEAN - gain * alpha * MEAN)


def law(plan: Plan, path: AbstractPath) -> tuple[float, float]:
    """Mean and standard deviation of samples: each is linear in the noises; their factors are followed."""
    x = np.zeros(2 + plan.evaluations)  # the mean, then a factor on each standard normal number
    x[1] = 1.0
    begun, before = x, np.zeros_like(x)
    for i, level in enumerate(plan.level):
        gain, shift = ideal(path, level)
        found = gain * x
        found[0] += shift
        new = plan.kept[i] * begun + plan.own[i] * x + plan.data[i] * found + plan.former[i] * before
        new[2 + i] += plan.noise[i]
        x, before = new, found
        begun = new if plan.ends[i] else begun
    return float(x[0]), float(np.linalg.norm(x[1:]))


def distance(name: str, path: AbstractPath, evaluations: int) -> float:
    """Of the law of samples to that of the data."""
    mean, std = law(SAMPLERS[name](path, evaluations), path)
    return float(np.hypot(mean - MEAN, std - STD))


@every
def test_samples_have_the_law_of_the_data_the_more_the_smaller_the_steps(name: str, path: str):
    coarse, fine = (distance(name, PATHS[path], count) for count in (64, 256))
    assert fine < 0.015
    assert coarse < 0.05
    # four times the steps: a quarter of the error, or a sixteenth
    assert coarse / fine > (3.0 if ORDERS[name] == 1 else 7.0)


@every
def test_a_second_order_sampler_needs_few_steps(name: str, path: str):
    limit = {1: 0.2, 2: 0.11}[ORDERS[name]]
    assert distance(name, PATHS[path], 16) < limit


@every
def test_no_more_evaluations_than_asked_for(name: str, path: str):
    for count in (2, 3, 10, 11):
        plan = SAMPLERS[name](PATHS[path], count)
        assert count - 1 <= plan.evaluations <= count
        assert np.isfinite(np.stack([plan.kept, plan.own, plan.data, plan.former, plan.noise])).all()
        assert plan.level[0] == 1.0
        assert (np.diff(plan.level) <= 0).all() and plan.level[-1] > 0
        assert plan.ends[-1]
    assert np.isfinite(SAMPLERS[name](PATHS[path], 1).data).all()
    assert name in EVALUATIONS


@every
def test_where_the_denoised_sample_is_always_the_same_it_is_found(name: str, path: str):
    """The denoiser of one point: ancestral noise has to vanish, the rest is a straight line or a circle."""
    plan = SAMPLERS[name](PATHS[path], 40)
    x = jnp.array([[2.0, -1.0]])
    found = sample_by(plan, lambda x, level: jnp.full_like(x, 0.25), x, key=0)
    np.testing.assert_allclose(found, np.full((1, 2), 0.25), atol=0.02)


@pytest.mark.parametrize("name", ["ddpm", "heun", "dpm"])
def test_the_loop_carries_out_the_plan(name: str):
    path = PATHS["cosine"]
    plan = SAMPLERS[name](path, 33)
    gains = jnp.asarray([ideal(path, level) for level in plan.level], jnp.float32)

    @jax.jit
    def samples() -> jax.Array:
        noise = jax.random.normal(jax.random.key(1), (20_000, 1))

        def denoiser(x: jax.Array, level: jax.Array) -> jax.Array:
            at = jnp.abs(jnp.asarray(plan.level, jnp.float32) - level).argmin()
            return gains[at, 0] * x + gains[at, 1]

        return sample_by(plan, denoiser, noise, key=2)

    mean, std = law(plan, path)
    found = np.asarray(samples())
    np.testing.assert_allclose([found.mean(), found.std()], [mean, std], atol=0.015)


def test_temperature_scales_what_is_drawn():
    plan, noise = SAMPLERS["ddpm"](PATHS["cosine"], 8), jnp.zeros((4000, 1))
    spread = [
        float(sample_by(plan, lambda x, level: 0.5 * x, noise, temperature=t, key=0).std())
        for t in (1.0, 0.5)
    ]
    assert spread[1] == pytest.approx(0.5 * spread[0], rel=1e-4)


def test_no_steps_is_an_error():
    with pytest.raises(ConfigError, match="steps is out of range; expected >= 1, got 0"):
        SAMPLERS["ddim"](PATHS["cosine"], 0)
