"""Twice and half the size against sums over taps."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from lamina.ops.resampling import doubled, halved

X = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)


def test_doubled_is_linear_interpolation():
    padded = np.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    found = np.asarray(doubled(jnp.asarray(X)))
    assert found.shape == (2, 8, 12, 3)
    for y, x in np.ndindex(8, 12):
        taps = 0
        for down in (0, 1):
            for right in (0, 1):
                rows, columns = (y + 1) // 2 + down, (x + 1) // 2 + right
                near = [0.75 if (at % 2 == 0) == side else 0.25 for at, side in ((y, down), (x, right))]
                taps = taps + near[0] * near[1] * padded[:, rows, columns]
        np.testing.assert_allclose(found[:, y, x], taps, atol=1e-6)


def test_halved_is_the_filter_at_every_second_place():
    padded = np.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    taps = np.array([1, 3, 3, 1]) / 8
    found = np.asarray(halved(jnp.asarray(X)))
    assert found.shape == (2, 2, 3, 3)
    for y, x in np.ndindex(2, 3):
        window = padded[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4]
        expected = np.einsum("bijc,i,j->bc", window, taps, taps)
        np.testing.assert_allclose(found[:, y, x], expected, atol=1e-6)


def test_what_is_even_stays_so():
    flat = jnp.full((1, 4, 4, 1), 3.0)
    assert float(jnp.ptp(doubled(flat))) == float(jnp.ptp(halved(flat))) == 0.0
