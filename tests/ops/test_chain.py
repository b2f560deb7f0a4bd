"""Sums and best paths of linear chains, against all paths counted one by one."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.chain import best_path, log_partition, path_score

CLASSES, TIME = 3, 4
LENGTHS = (4, 2, 1)
RANDOM = np.random.default_rng(3)
SCORES = RANDOM.normal(size=(len(LENGTHS), TIME, CLASSES)).astype(np.float32) * 2
PAIRS = RANDOM.normal(size=(CLASSES, CLASSES)).astype(np.float32) * 2
PRESENT = np.arange(TIME)[None] < np.array(LENGTHS)[:, None]


def score(row: int, path: tuple[int, ...]) -> float:
    single = sum(SCORES[row, at, own] for at, own in enumerate(path))
    return float(single + sum(PAIRS[before, own] for before, own in itertools.pairwise(path)))


def paths(row: int) -> dict[tuple[int, ...], float]:
    """Every path of a row with its score."""
    return {path: score(row, path) for path in itertools.product(range(CLASSES), repeat=LENGTHS[row])}


def test_the_sum_is_over_all_paths():
    found = log_partition(jnp.array(SCORES), jnp.array(PAIRS), jnp.array(PRESENT))
    wanted = [np.log(sum(np.exp(value) for value in paths(row).values())) for row in range(len(LENGTHS))]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_gradient_is_the_share_of_paths_through_a_class():
    pairs, present = jnp.array(PAIRS), jnp.array(PRESENT)
    shares = jax.grad(lambda s: log_partition(s, pairs, present).sum())(jnp.array(SCORES))
    for row, length in enumerate(LENGTHS):
        own = paths(row)
        total = sum(np.exp(value) for value in own.values())
        for at, name in itertools.product(range(length), range(CLASSES)):
            through = sum(np.exp(value) for path, value in own.items() if path[at] == name)
            assert float(shares[row, at, name]) == pytest.approx(through / total, abs=1e-5)
        assert not np.asarray(shares[row, length:]).any()


def test_the_best_path_is_best_and_its_score_is_found():
    best = np.asarray(best_path(jnp.array(SCORES), jnp.array(PAIRS), jnp.array(PRESENT)))
    assert best.dtype == np.int32
    found = path_score(jnp.array(SCORES), jnp.array(PAIRS), jnp.array(best), jnp.array(PRESENT))
    for row, length in enumerate(LENGTHS):
        own = paths(row)
        wanted = max(own, key=lambda path: own[path])
        assert tuple(best[row, :length].tolist()) == wanted
        assert float(found[row]) == pytest.approx(own[wanted], rel=1e-5)


def test_far_apart_scores_stay_finite():
    scores = jnp.array([[[0.0, -500.0], [-500.0, 0.0], [0.0, 0.0]]])
    pairs = jnp.array([[0.0, -30.0], [-30.0, 0.0]])
    present = jnp.ones((1, 3), bool)
    value, slope = jax.value_and_grad(lambda s: log_partition(s, pairs, present).sum())(scores)
    assert float(value) == pytest.approx(-30.0, abs=1e-3) and np.isfinite(slope).all()


def test_one_position_is_a_softmax():
    scores = jnp.array([[[1.0, 2.0]]])
    found = log_partition(scores, jnp.zeros((2, 2)), jnp.ones((1, 1), bool))
    assert float(found[0]) == pytest.approx(float(jnp.log(jnp.exp(1.0) + jnp.exp(2.0))))
    assert best_path(scores, jnp.zeros((2, 2)), jnp.ones((1, 1), bool)).tolist() == [[1]]
