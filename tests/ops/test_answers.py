"""Cross-entropy of several answers against the mean of that of each, value and gradient."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.answers import answers_entropy

LOGITS = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32) * 3
ANSWERS = np.array([[1, 4, 7, -1], [0, -1, -1, -1], [8, 2, -1, -1], [-1, -1, -1, -1]], np.int32)


def plain(logits: np.ndarray, smoothing: float) -> np.ndarray:
    """The formula in float64, answer by answer."""
    logits = logits.astype(np.float64)
    scores = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    found = np.zeros(len(logits))
    for row, own in enumerate(ANSWERS):
        each = [-(1 - smoothing) * scores[row, a] - smoothing * scores[row].mean() for a in own if a >= 0]
        found[row] = np.mean(each) if each else 0.0
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_it_is_the_mean_over_the_answers(smoothing: float):
    found = answers_entropy(jnp.asarray(LOGITS), jnp.asarray(ANSWERS), smoothing=smoothing)
    np.testing.assert_allclose(found, plain(LOGITS, smoothing), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_its_gradient_is_that_of_the_formula(smoothing: float):
    weights = np.array([1.0, 2.0, 0.5, 3.0])

    def loss(logits: jax.Array) -> jax.Array:
        each = answers_entropy(logits, jnp.asarray(ANSWERS), smoothing=smoothing)
        return (each * weights.astype(np.float32)).sum()

    found, step = np.asarray(jax.jit(jax.grad(loss))(jnp.asarray(LOGITS))), 1e-5
    for row, column in np.ndindex(LOGITS.shape):
        moved = [LOGITS.astype(np.float64) for _ in range(2)]
        moved[0][row, column] += step
        moved[1][row, column] -= step
        high, low = ((plain(one, smoothing) * weights).sum() for one in moved)
        assert found[row, column] == pytest.approx((high - low) / (2 * step), abs=1e-5)
