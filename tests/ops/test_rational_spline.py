"""Monotone splines: increasing, with the slope of automatic differentiation, and inverted."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.rational_spline import Knots, knots_of, rational_spline, rational_spline_inverse

BOUND = 3.0


def knots(count: int, pieces: int = 5, spread: float = 1.0) -> Knots:
    random = np.random.default_rng(0)
    raw = spread * random.normal(size=(count, 3 * pieces - 1))
    return knots_of(jnp.asarray(raw, jnp.float32), bound=BOUND)


@pytest.mark.slow
def test_zeros_are_the_identity():
    x = jnp.linspace(-4, 4, 33)
    own = knots_of(jnp.zeros((33, 11)), bound=BOUND)
    y, log_slope = rational_spline(x, own)
    np.testing.assert_allclose(y, x, atol=1e-5)
    np.testing.assert_allclose(log_slope, 0, atol=1e-5)


def test_knots_lie_on_the_spline_and_its_ends_stay():
    one = knots(1)
    x = one.x[0]
    y, _ = rational_spline(x, Knots(*(jnp.repeat(part, len(x), 0) for part in one)))
    np.testing.assert_allclose(y, one.y[0], atol=1e-5)
    assert float(x[0]) == float(y[0]) == -BOUND


@pytest.mark.slow
@pytest.mark.parametrize("pieces", [1, 2, 8])
def test_inverse_and_slope(pieces: int):
    x = jnp.asarray(np.random.default_rng(1).uniform(-4, 4, 200), jnp.float32)
    own = knots(200, pieces)

    def value(x: jax.Array, one: Knots) -> jax.Array:
        return rational_spline(x[None], Knots(*(part[None] for part in one)))[0][0]

    y, log_slope = rational_spline(x, own)
    slope = jax.vmap(jax.grad(value))(x, own)
    np.testing.assert_allclose(np.exp(log_slope), slope, rtol=1e-3)
    assert (np.asarray(slope) > 0).all()
    back, log_inverse = rational_spline_inverse(y, own)
    again, _ = rational_spline(back, own)
    np.testing.assert_allclose(again, y, atol=1e-5)
    steep = np.asarray(slope) > 0.05  # where the spline is flat, rounding of y moves x far
    np.testing.assert_allclose(np.asarray(back)[steep], np.asarray(x)[steep], atol=1e-4)
    np.testing.assert_allclose(np.asarray(log_inverse)[steep], -np.asarray(log_slope)[steep], atol=0.01)
    outside = np.abs(x) >= BOUND
    np.testing.assert_array_equal(np.asarray(y)[outside], np.asarray(x)[outside])


@pytest.mark.slow
def test_gradients_are_finite_outside_and_far_from_the_identity():
    own = knots(4, spread=30.0)

    def total(raw: jax.Array, x: jax.Array) -> jax.Array:
        y, log_slope = rational_spline(x, knots_of(raw, bound=BOUND))
        back, _ = rational_spline_inverse(x, knots_of(raw, bound=BOUND))
        return (y + log_slope + back).sum()

    raw = jnp.asarray(30 * np.random.default_rng(2).normal(size=(4, 14)), jnp.float32)
    x = jnp.array([-9.0, -3.0, 0.1, 3.0])
    for slope in jax.grad(total, (0, 1))(raw, x):
        assert np.isfinite(slope).all()
    assert np.isfinite(own.x).all()
