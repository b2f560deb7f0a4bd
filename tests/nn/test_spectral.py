"""Spectral normalization against NumPy's singular values, and what a batch's spread adds."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina import nn
from lamina.core.errors import ConfigError
from lamina.core.taps import observe
from lamina.nn.spectral import largest_singular_value
from lamina.train.step.statistics import with_statistics


def largest(weight: Any) -> float:
    return float(np.linalg.svd(np.reshape(weight, (len(weight), -1)), compute_uv=False)[0])


@pytest.mark.parametrize(
    "layer",
    [
        nn.Linear(7, 5, key=0),
        nn.Conv(3, 6, kernel_size=4, stride=2, padding=1, key=0),
        nn.Embedding(6, 4, key=0),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_the_first_vector_is_already_near(layer: Any):
    found, left = largest_singular_value(
        jnp.asarray(layer.weight), nn.SpectralNorm(layer, key=1).running_left
    )
    assert float(found) == pytest.approx(largest(layer.weight), rel=0.02)
    assert float(jnp.linalg.norm(left)) == pytest.approx(1, rel=1e-5)


def test_the_running_vector_converges_to_the_largest_singular_value():
    wrapped = nn.SpectralNorm(nn.Linear(7, 5, bias=False, key=0), key=1)
    weight = np.array(wrapped.layer.weight)
    step = jax.jit(observe(lambda layer, x: layer(x, train=True), "*running_*"))
    for _ in range(60):
        y, seen = step(wrapped, jnp.eye(7))
        wrapped = with_statistics(wrapped, seen, ("*",))
    np.testing.assert_allclose(np.asarray(y), weight.T / largest(weight), rtol=1e-5)
    assert largest(np.asarray(wrapped(jnp.eye(7)))) == pytest.approx(1, rel=1e-5), "in evaluation too"


def test_the_gradient_takes_the_vectors_as_fixed():
    """d/dW of s·σ with σ = uᵀWv is s·u vᵀ, of the largest singular pair."""
    weight = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    u, _, v = np.linalg.svd(weight)
    slope = jax.grad(lambda w: largest_singular_value(w, jnp.asarray(u[:, 0]))[0])(jnp.asarray(weight))
    np.testing.assert_allclose(slope, np.outer(u[:, 0], v[0]), atol=1e-5)


def test_evaluation_taps_nothing():
    wrapped = nn.SpectralNorm(nn.Linear(3, 2, key=0), key=1)
    assert observe(wrapped, "*running_*", strict=False)(jnp.ones((1, 3)))[1] == {}


def test_the_spread_of_a_group_by_hand():
    x = np.random.default_rng(0).normal(size=(6, 3, 2, 4)).astype(np.float32)
    y = np.asarray(nn.MinibatchStd(3)(jnp.asarray(x)))
    assert y.shape == (6, 3, 2, 5)
    np.testing.assert_array_equal(y[..., :4], x)
    for first in (0, 3):
        expected = np.sqrt(x[first : first + 3].var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(y[first : first + 3, ..., 4], expected, rtol=1e-5)


def test_a_group_that_does_not_divide_the_batch_is_smaller():
    y = nn.MinibatchStd(4)(jnp.array([[1.0], [3.0], [5.0], [5.0], [0.0], [2.0]]))
    np.testing.assert_allclose(y[:, 1], np.repeat(y[::3, 1], 3), rtol=1e-6)
    with pytest.raises(ConfigError, match="group is out of range"):
        nn.MinibatchStd(0)
