"""Predictions in batches: rows of unequal length stand beside their like, and come back in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.data.ragged import Ragged
from lamina.network import network
from lamina.network.network import predict_batches


@dataclass(frozen=True)
class Sums:
    """Answers by the sum of a row, and by how wide its batch is."""

    decoded_type = np.float64

    def answer(self, model: Any, x: Any) -> Any:
        import jax.numpy as jnp

        sums = jnp.maximum(x, 0).sum(axis=1)
        return jnp.stack([sums, jnp.full_like(sums, x.shape[1])], axis=1)


def test_rows_of_unequal_length(monkeypatch: Any):
    monkeypatch.setattr(network, "LARGEST_BATCH", 8)
    random = np.random.default_rng(0)
    lengths = random.permutation([3] * 24 + [40] * 16)
    values = random.integers(0, 9, int(lengths.sum())).astype(np.int32)
    ends = np.cumsum(lengths)
    rows = Ragged(values, ends, length=48, fill=-1)
    found = predict_batches(Sums(), None, rows)  # type: ignore[arg-type]
    expected = [values[stop - length : stop].sum() for stop, length in zip(ends, lengths, strict=True)]
    np.testing.assert_array_equal(found[:, 0], expected)
    np.testing.assert_array_equal(found[:, 1], np.where(lengths == 3, 16, 48))
    whole = predict_batches(Sums(), None, rows.take(np.arange(40)))  # type: ignore[arg-type]
    np.testing.assert_array_equal(whole[:, 0], expected)
