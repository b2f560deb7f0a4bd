"""Decoded outputs of rows of unequal length, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lamina.data.ragged import Ragged
from lamina.network.network import predict_batches


@dataclass(frozen=True)
class Copying:
    """An objective that answers each position with its id."""

    decoded_type = np.float32

    def answer(self, model: Any, x: Any) -> Any:
        return x["ids"][..., None]


def test_batches_of_short_rows_are_filled_up_as_those_of_long_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lamina.network.network.LARGEST_BATCH", 8)
    lengths = np.array([3] * 8 + [20] * 5)
    ids = Ragged(np.arange(lengths.sum(), dtype=np.int32), np.cumsum(lengths), length=32, fill=-1)
    found = predict_batches(Copying(), None, {"ids": ids})  # type: ignore[arg-type]
    assert found.shape == (13, 32, 1)
    np.testing.assert_array_equal(found[..., 0], ids.take(np.arange(13)))
