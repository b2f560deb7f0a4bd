"""Dropout: its share, its scale, and that no two masks are alike."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_key
from lamina.core.random import make_key
from lamina.nn import Dropout, Linear, Sequential, Stack

ONES = np.ones((400, 250), np.float32)


@jax.jit
def trained(layer: Any, seed: Any) -> jax.Array:
    return layer(ONES, key=jax.random.PRNGKey(seed), train=True)


def mask(rate: float, seed: int) -> np.ndarray:
    return np.asarray(trained(Dropout(rate), seed)) != 0


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
def test_share_and_scale(rate: float):
    y = np.asarray(trained(Dropout(rate), 1))
    std = np.sqrt(rate * (1 - rate) / y.size)
    assert abs((y == 0).mean() - rate) < 5 * std
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)
    for axis in (0, 1):  # no row and no column is favored
        share = (y == 0).mean(axis)
        expected = np.sqrt(rate * (1 - rate) / y.shape[axis])
        assert share.std() == pytest.approx(expected, rel=0.25)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_masks_of_different_keys_have_nothing_in_common():
    """Keys that are near each other too: training counts its steps."""
    first = mask(0.5, 0)
    for seed in (1, 2, 3, 2**16, 2**31 - 1):
        assert abs(correlation(first, mask(0.5, seed))) < 5 / np.sqrt(first.size)
    at_step = jax.jit(lambda step: Dropout(0.5)(ONES, key=hashed_key(0, step), train=True))
    folded = [np.asarray(at_step(step)) != 0 for step in range(4)]
    for step in range(3):
        assert abs(correlation(folded[step], folded[step + 1])) < 5 / np.sqrt(first.size)


def test_neighbors_in_a_mask_have_nothing_in_common():
    one = mask(0.5, 0).astype(float)
    for shift, axis in ((1, 0), (1, 1), (2, 1), (7, 1)):
        moved = np.roll(one, shift, axis)
        assert abs(correlation(one, moved)) < 5 / np.sqrt(one.size)


def test_layers_of_one_network_drop_different_places():
    layers = Sequential([Dropout(0.5), Dropout(0.5)])
    y = np.asarray(trained(layers, 0))
    assert (y != 0).mean() == pytest.approx(0.25, abs=0.01)  # 0.5 if both masks were one
    stack = Stack(lambda key: Dropout(0.5), depth=3, key=0)
    y = np.asarray(trained(stack, 0))
    assert (y != 0).mean() == pytest.approx(0.125, abs=0.01)


def test_nothing_is_dropped_in_prediction_or_at_rate_zero():
    assert Dropout(0.5)(ONES) is ONES
    assert Dropout(0.0)(ONES, train=True) is ONES


def test_faults_are_said():
    with pytest.raises(ConfigError, match="dropout rate is out of range"):
        Dropout(1.0)
    net = Sequential([Linear(2, 2, key=0), Dropout(0.5)])
    with pytest.raises(ConfigError, match=r"layers\.1: dropout needs a key while training"):
        jax.eval_shape(functools.partial(net, train=True), ONES[:1, :2])


def test_gradient_passes_where_values_passed():
    def loss(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        y = Dropout(0.25)(x, key=make_key(0), train=True)
        return y.sum(), y

    gradient, y = jax.jit(jax.grad(loss, has_aux=True))(np.ones(1000, np.float32))
    np.testing.assert_allclose(gradient, y)
