"""Likelihoods of values, against SciPy and as probabilities."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from lamina.objectives.likelihoods import (
    bernoulli_nats,
    bits_per_dimension,
    gaussian_nats,
    logistic_nats,
    normal_divergence,
)

LEVELS = np.arange(256, dtype=np.float32) / np.float32(127.5) - np.float32(1)


@pytest.mark.parametrize("mean", [-1.4, -0.99, 0.1, 1.0])
@pytest.mark.parametrize("log_scale", [-7.0, -4.0, 0.5])
def test_probabilities_of_256_levels_sum_to_one(mean: float, log_scale: float):
    nats = logistic_nats(jnp.full(256, mean), jnp.asarray(LEVELS), jnp.full(256, log_scale))
    assert np.isfinite(nats).all()
    assert float(jnp.exp(-nats).sum()) == pytest.approx(1, abs=1e-4)


def test_a_level_has_the_probability_of_its_bin():
    mean, scale = 0.3, 0.05
    found = logistic_nats(jnp.full(256, mean), jnp.asarray(LEVELS), jnp.full(256, np.log(scale)))
    edges = np.concatenate([[-np.inf], (LEVELS[1:] + LEVELS[:-1]).astype(np.float64) / 2, [np.inf]])
    near = np.abs(LEVELS - mean) < 0.4
    chances = np.diff(stats.logistic.cdf(edges, mean, scale))
    np.testing.assert_allclose(np.exp(-np.asarray(found))[near], chances[near], rtol=2e-3)


def test_the_gradient_of_an_impossible_level_is_finite_and_points_to_it():
    slope = jax.grad(lambda m: logistic_nats(m, jnp.array(1.0), jnp.array(-7.0)))(jnp.array(-1.0))
    assert np.isfinite(slope) and slope < 0


def test_the_others_are_those_of_scipy():
    random = np.random.default_rng(0)
    z, x, scale = (random.normal(size=9).astype(np.float32) for _ in range(3))
    black_or_white = np.sign(x)
    expected = -stats.bernoulli.logpmf(black_or_white > 0, 1 / (1 + np.exp(-z.astype(np.float64))))
    np.testing.assert_allclose(bernoulli_nats(z, black_or_white), expected, rtol=1e-5)
    np.testing.assert_allclose(gaussian_nats(z, x, scale), -stats.norm.logpdf(x, z, np.exp(scale)), rtol=1e-4)
    assert float(bits_per_dimension(jnp.array(3 * np.log(2)), 3)) == pytest.approx(1)


def test_the_divergence_is_that_of_its_integral():
    mean, log_variance = 0.7, -1.2
    q, p = stats.norm(mean, np.exp(log_variance / 2)), stats.norm()
    z = np.linspace(-12, 12, 200_001)
    expected = np.trapezoid(q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), z)
    found = normal_divergence(jnp.array(mean), jnp.array(log_variance))
    assert float(found) == pytest.approx(expected, rel=1e-4)
    assert float(normal_divergence(jnp.array(0.0), jnp.array(0.0))) == 0
