"""Multi-head attention gives the same however its length, padding and watchers let it be computed."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lamina.core.taps import observe
from lamina.nn import MultiHeadAttention, attention

X = np.random.default_rng(0).normal(size=(3, 9, 8)).astype(np.float32)
PRESENT = np.arange(9) < np.array([[9], [4], [1]])
LAYER = MultiHeadAttention(8, heads=2, key=0)


@pytest.mark.parametrize("present", [None, PRESENT])
def test_who_watches_sees_what_is_computed_otherwise(present: np.ndarray | None):
    y, seen = jax.jit(lambda x: observe(LAYER, "weights")(x, present=present))(X)
    np.testing.assert_allclose(jax.jit(lambda x: LAYER(x, present=present))(X), y, rtol=1e-5, atol=1e-6)
    weights = seen["weights"]
    assert weights.shape == (3, 2, 9, 9)
    if present is not None:
        assert not np.where(PRESENT[:, None, None], 0, weights).any()


def test_long_sequences_are_computed_by_blocks(monkeypatch: pytest.MonkeyPatch):
    whole = LAYER(X)
    monkeypatch.setattr(attention, "MOST_AT_ONCE", 8)
    np.testing.assert_allclose(LAYER(X), whole, rtol=1e-5, atol=1e-6)
