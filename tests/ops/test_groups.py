"""Groups of features: errors, probabilities and draws of rows, against NumPy group by group."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from lamina.ops.groups import drawn_groups, group_chances, group_losses

GROUPS = (1, 3, 1, 2, 3)
RANDOM = np.random.default_rng(0)
OUTPUTS = RANDOM.normal(size=(6, sum(GROUPS))).astype(np.float32)


def row() -> np.ndarray:
    x = np.zeros_like(OUTPUTS)
    for start, width in starts():
        if width == 1:
            x[:, start] = RANDOM.normal(size=6)
        else:
            x[np.arange(6), start + RANDOM.integers(0, width, 6)] = 1
    return x


def starts() -> list[tuple[int, int]]:
    return [(sum(GROUPS[:place]), width) for place, width in enumerate(GROUPS)]


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


def test_losses_are_squares_of_numbers_and_cross_entropies_of_categories():
    x = row()
    expected = []
    for start, width in starts():
        z, own = OUTPUTS[:, start : start + width], x[:, start : start + width]
        expected.append((z - own)[:, 0] ** 2 if width == 1 else -(own * np.log(softmax(z))).sum(1))
    found = jax.jit(lambda z, x: group_losses(z, x, GROUPS))(OUTPUTS, x)
    np.testing.assert_allclose(found, np.stack(expected, 1), rtol=1e-5, atol=1e-6)


def test_numbers_may_have_a_loss_of_their_own():
    found = group_losses(jnp.asarray(OUTPUTS), jnp.asarray(row()), GROUPS, of_numbers=lambda z, x: 0 * z + 7)
    np.testing.assert_allclose(np.asarray(found)[:, [0, 2]], 7)


def test_chances_of_categories_sum_to_one_and_numbers_stay():
    found = np.asarray(group_chances(jnp.asarray(OUTPUTS), GROUPS))
    for start, width in starts():
        own = OUTPUTS[:, start : start + width]
        expected = own if width == 1 else softmax(own)
        np.testing.assert_allclose(found[:, start : start + width], expected, rtol=1e-5)


def test_draws_are_one_category_each_as_often_as_their_chance():
    outputs = jnp.asarray(np.repeat(OUTPUTS[:1], 4000, axis=0))
    drawn = np.asarray(jax.jit(lambda z: drawn_groups(z, GROUPS, key=1))(outputs))
    for start, width in starts():
        own = drawn[:, start : start + width]
        if width == 1:
            np.testing.assert_array_equal(own, OUTPUTS[:1, start : start + 1].repeat(4000, 0))
            continue
        np.testing.assert_array_equal(np.sort(own, 1), np.eye(width)[[-1]].repeat(4000, 0))
        np.testing.assert_allclose(own.mean(0), softmax(OUTPUTS[0, start : start + width]), atol=0.03)
    third = drawn[:, 1:4].argmax(1), drawn[:, 7:10].argmax(1)
    assert np.abs(np.corrcoef(*third)[0, 1]) < 0.06, "groups of one width are drawn apart"
