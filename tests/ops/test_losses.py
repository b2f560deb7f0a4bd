"""Losses: values and gradients against plain formulas in float64, and against PyTorch where it is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

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
    ours, formula, z = CASES[name]
    argument = jnp.asarray(z, jnp.float32)
    np.testing.assert_allclose(ours(argument), formula(z), rtol=1e-5, atol=1e-6)
    gradient = jax.grad(lambda a: ours(a).sum())(argument)
    np.testing.assert_allclose(gradient, slopes(formula, z), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_leading_axes_broadcast(name: str):
    ours, _, z = CASES[name]
    argument = jnp.asarray(z, jnp.float32)
    stacked = jax.vmap(ours)(jnp.stack([argument, 2 * argument]))
    np.testing.assert_allclose(stacked[1], ours(2 * argument), rtol=1e-6)


@pytest.mark.parametrize("loss", [cross_entropy, focal_loss, perceptron_loss])
def test_gradients_are_finite_at_certainty(loss: Callable):
    """Where the network is as right, or as wrong, as it can be."""
    z = jnp.array([[500.0, -500.0], [-500.0, 500.0], [0.0, 0.0]])
    value, gradient = jax.value_and_grad(lambda a: loss(a, jnp.array([0, 0, 0])).sum())(z)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_an_absolute_error_of_zero_pulls_nowhere():
    assert float(jax.grad(LOSSES["mae"])(jnp.array(2.0), jnp.array(2.0))) == 0.0


def test_against_pytorch():
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    labels, targets = torch.tensor(LABELS), torch.tensor(TARGETS)
    pairs: list[tuple[Any, Any, np.ndarray]] = [
        (CASES["cross_entropy"][0], partial(f.cross_entropy, target=labels, reduction="none"), LOGITS),
        (
            CASES["cross_entropy, smoothed"][0],
            partial(f.cross_entropy, target=labels, reduction="none", label_smoothing=0.3),
            LOGITS,
        ),
        (
            CASES["binary_cross_entropy"][0],
            partial(f.binary_cross_entropy_with_logits, target=torch.tensor(FLAGS), reduction="none"),
            VALUES,
        ),
        (CASES["mse"][0], partial(f.mse_loss, target=targets, reduction="none"), VALUES),
        (CASES["mae"][0], partial(f.l1_loss, target=targets, reduction="none"), VALUES),
        (CASES["huber"][0], partial(f.huber_loss, target=targets, reduction="none"), VALUES),
    ]
    for ours, theirs, z in pairs:
        leaf = torch.tensor(z, requires_grad=True)
        value = theirs(leaf)
        value.sum().backward()
        np.testing.assert_allclose(ours(jnp.asarray(z, jnp.float32)), value.detach(), rtol=1e-5, atol=1e-6)
        gradient = jax.grad(lambda a, ours=ours: ours(a).sum())(jnp.asarray(z, jnp.float32))
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-5, atol=1e-6)
