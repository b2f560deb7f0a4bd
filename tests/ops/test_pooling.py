"""The gradient of the largest value, window by window."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.pooling import max_pool


@pytest.mark.parametrize(
    ("kernel", "stride"), [((2, 2), (2, 2)), ((2, 3), (2, 3)), ((3, 3), (2, 2)), ((2, 2), (3, 4))]
)
def test_only_the_winner_gets_the_gradient_whether_or_not_windows_reach_the_border(kernel, stride):
    x = np.random.default_rng(0).normal(size=(2, 7, 8, 3)).astype(np.float32)
    wide = {"window_dimensions": (1, *kernel, 1), "window_strides": (1, *stride, 1), "padding": "VALID"}

    def ours(x):
        return (max_pool(x, kernel=kernel, stride=stride, padding=((0, 0), (0, 0))) ** 2).sum()

    def by_xla(x):
        return (jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, **wide) ** 2).sum()

    np.testing.assert_allclose(jax.jit(jax.grad(ours))(x), jax.jit(jax.grad(by_xla))(x), rtol=1e-6)
