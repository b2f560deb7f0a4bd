"""Normalization by the root mean square against its formula, and against automatic differentiation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ShapeError
from lamina.nn import RMSNorm
from lamina.ops.rms_norm import rms_norm

RANDOM = np.random.default_rng(0)
X = (3.0 * RANDOM.normal(size=(2, 5, 7))).astype(np.float32)
WEIGHT = RANDOM.normal(size=7).astype(np.float32)


def formula(x: Any, weight: Any) -> Any:
    return x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * weight[None, None]


def test_values_and_gradients():
    goal = RANDOM.normal(size=X.shape).astype(np.float32)

    def slopes(function: Any) -> Any:
        return jax.jit(jax.value_and_grad(lambda x, w: (function(x, w) * goal).sum(), argnums=(0, 1)))(
            X, WEIGHT
        )

    found, expected = slopes(lambda x, w: rms_norm(x, w, epsilon=1e-5)), slopes(formula)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5)


def test_bfloat16_is_summed_in_float32():
    low = rms_norm(jnp.asarray(X, jnp.bfloat16), WEIGHT, epsilon=1e-5)
    assert low.dtype == jnp.bfloat16
    np.testing.assert_allclose(low.astype(jnp.float32), formula(X, WEIGHT), rtol=0.03, atol=0.03)


def test_another_width_is_refused():
    with pytest.raises(ShapeError, match="last axis 7"):
        RMSNorm(7)(jnp.ones((2, 6)))
