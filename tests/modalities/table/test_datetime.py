"""Dates as calendar features."""

from __future__ import annotations

import numpy as np

from lamina.modalities.table.datetime import calendar


def test_calendar():
    moments = (
        np.array(["2024-02-29T18:00", "1969-12-31T00:00"], "datetime64[s]").astype(np.int64).astype(float)
    )
    parts = calendar(moments)
    np.testing.assert_array_equal(parts["year"], [2024, 1969])
    np.testing.assert_allclose(parts["month"] * 12 / (2 * np.pi), [1, 11])
    np.testing.assert_allclose(parts["day of week"] * 7 / (2 * np.pi), [3, 2])  # Thursday, Wednesday
    np.testing.assert_allclose(parts["day of year"] * 365.25 / (2 * np.pi), [59, 364])
    np.testing.assert_allclose(parts["hour"] * 24 / (2 * np.pi), [18, 0])
