"""Losses: values and gradients against plain formulas in float64, and against PyTorch where it is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.losses import LOSSES, cross_entropy, focal_loss, perceptron_loss, quantile_loss

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(7, 4)) * 3
LABELS = RANDOM.integers(0, 4, 7)
VALUES, TARGETS = RANDOM.normal(size=9) * 2, RANDOM.normal(size=9) * 2
FLAGS = RANDOM.uniform(size=9)
LEVELS = (0.1, 0.5, 0.8)


def probabilities(z: np.ndarray) -> np.ndarray:
    e = np.exp(z)
    return e / e.sum(-1, keepdims=True)


def of_label(table: np.ndarray) -> np.ndarray:
    return table[np.arange(len(LABELS)), LABELS]


def pinball(z: np.ndarray) -> np.ndarray:
    error = TARGETS[:7, None] - z[:, :3]
    return np.where(error > 0, np.array(LEVELS) * error, (np.array(LEVELS) - 1) * error).mean(-1)


# name -> (ours, of one argument), (the formula, of the same), the argument
CASES: dict[str, tuple[Callable, Callable, np.ndarray]] = {
    "cross_entropy": (
        lambda z: LOSSES["cross_entropy"](z, jnp.asarray(LABELS, jnp.int32)),
        lambda z: -np.log(of_label(probabilities(z))),
        LOGITS,
    ),
    "cross_entropy, smoothed": (
        lambda z: cross_entropy(z, jnp.asarray(LABELS, jnp.int32), smoothing=0.3),
        lambda z: -0.7 * np.log(of_label(probabilities(z))) - 0.3 * np.log(probabilities(z)).mean(-1),
        LOGITS,
    ),
    "focal": (
        lambda z: LOSSES["focal"](z, jnp.asarray(LABELS, jnp.int32)),
        lambda z: -((1 - of_label(probabilities(z))) ** 2) * np.log(of_label(probabilities(z))),
        LOGITS,
    ),
    "perceptron": (
        lambda z: LOSSES["perceptron"](z, jnp.asarray(LABELS, jnp.int32)),
        lambda z: z.max(-1) - of_label(z),
        LOGITS,
    ),
    "binary_cross_entropy": (
        lambda z: LOSSES["binary_cross_entropy"](z, jnp.asarray(FLAGS, jnp.float32)),
        lambda z: -FLAGS * np.log(1 / (1 + np.exp(-z))) - (1 - FLAGS) * np.log(1 / (1 + np.exp(z))),
        VALUES,
    ),
    "mse": (
        lambda z: LOSSES["mse"](z, jnp.asarray(TARGETS, jnp.float32)),
        lambda z: (z - TARGETS) ** 2,
        VALUES,
    ),
    "mae": (
        lambda z: LOSSES["mae"](z, jnp.asarray(TARGETS, jnp.float32)),
        lambda z: np.abs(z - TARGETS),
        VALUES,
    ),
    "huber": (
        lambda z: LOSSES["huber"](z, jnp.asarray(TARGETS, jnp.float32)),
        lambda z: np.where(np.abs(z - TARGETS) <= 1, 0.5 * (z - TARGETS) ** 2, np.abs(z - TARGETS) - 0.5),
        VALUES,
    ),
    "quantile": (
        lambda z: quantile_loss(z[:, :3], jnp.asarray(TARGETS[:7, None], jnp.float32), quantiles=LEVELS),
        pinball,
        LOGITS,
    ),
}


@cache
def value_and_gradient(name: str) -> Callable[[np.ndarray], tuple[jax.Array, jax.Array]]:
    """Our losses and the gradient of their sum, compiled once for all tests."""
    ours = CASES[name][0]
    return jax.jit(lambda z: (ours(z), jax.grad(lambda a: ours(a).sum())(z)))


def slopes(function: Callable, z: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Derivatives of the sum by central differences in float64."""
    found = np.zeros_like(z)
    for place in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up).sum() - function(down).sum()) / (2 * step)
    return found


def test_every_loss_stands_here():
    assert {name.partition(",")[0] for name in CASES} == set(LOSSES)


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_the_formula(name: str):
    _, formula, z = CASES[name]
    value, gradient = value_and_gradient(name)(z.astype(np.float32))
    np.testing.assert_allclose(value, formula(z), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, slopes(formula, z), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_leading_axes_broadcast(name: str):
    ours, _, z = CASES[name]
    both = np.stack([z, 2 * z]).astype(np.float32)
    stacked = np.asarray(jax.jit(jax.vmap(ours))(both))
    np.testing.assert_allclose(stacked[1], value_and_gradient(name)(both[1])[0], rtol=1e-6)


@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, perceptron_loss])
def test_gradients_are_finite_at_certainty(loss: Callable):
    """Where the network is as right, or as wrong, as it can be."""
    z = np.array([[500.0, -500.0], [-500.0, 500.0], [0.0, 0.0]], np.float32)
    value, gradient = jax.jit(jax.value_and_grad(lambda a: loss(a, jnp.array([0, 0, 0])).sum()))(z)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_an_absolute_error_of_zero_pulls_nowhere():
    assert float(jax.jit(jax.grad(LOSSES["mae"]))(jnp.array(2.0), jnp.array(2.0))) == 0.0


def test_against_pytorch():
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    labels, targets = torch.tensor(LABELS), torch.tensor(TARGETS)
    pairs = {
        "cross_entropy": partial(f.cross_entropy, target=labels),
        "cross_entropy, smoothed": partial(f.cross_entropy, target=labels, label_smoothing=0.3),
        "binary_cross_entropy": partial(f.binary_cross_entropy_with_logits, target=torch.tensor(FLAGS)),
        "mse": partial(f.mse_loss, target=targets),
        "mae": partial(f.l1_loss, target=targets),
        "huber": partial(f.huber_loss, target=targets),
    }
    for name, theirs in pairs.items():
        z = CASES[name][2]
        leaf = torch.tensor(z, requires_grad=True)
        expected = theirs(leaf, reduction="none")
        expected.sum().backward()
        value, gradient = value_and_gradient(name)(z.astype(np.float32))
        np.testing.assert_allclose(value, expected.detach(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-5, atol=1e-6)
