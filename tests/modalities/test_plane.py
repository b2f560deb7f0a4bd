"""Maps of vectors."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.page import Points
from lamina.modalities.plane import COLORS, plane_plot, principal_plane

VECTORS = np.random.default_rng(0).normal(size=(40, 6)) * np.array([9.0, 4.0, 1.0, 1.0, 0.5, 0.1]) + 3


def test_the_plane_is_that_of_the_covariance():
    places, share = principal_plane(VECTORS)
    values, directions = np.linalg.eigh(np.cov(VECTORS.T))
    expected = (VECTORS - VECTORS.mean(0)) @ directions[:, ::-1][:, :2]
    np.testing.assert_allclose(np.abs(places), np.abs(expected), atol=1e-9)
    assert share == pytest.approx(values[-2:].sum() / values.sum())
    mirrored, _ = principal_plane(VECTORS[::-1])
    np.testing.assert_allclose(mirrored[::-1], places, atol=1e-9)


def test_vectors_that_do_not_differ_stand_in_one_place():
    places, share = principal_plane(np.ones((5, 3)))
    assert not places.any() and share == 0
    assert principal_plane(np.arange(4.0)[:, None])[0].shape == (4, 2)


def test_a_map_colors_the_largest_groups():
    names = [f"g{number}" for number in range(9)]
    groups = [names[min(row // 3, 8)] for row in range(40)]
    plot = plane_plot(VECTORS, groups, name="map", title="Map", note="All rows.")
    assert plot is not None and plot.note.startswith(
        "All rows. Principal components of their vectors; the two hold"
    )
    (panel,) = plot.panels
    assert isinstance(panel, Points)
    assert [series.name for series in panel.series] == ["g8", "g0", "g1", "g2", "g3", "g4", "others"]
    assert [series.color for series in panel.series] == [*COLORS, "muted"]
    assert sum(len(series.x) for series in panel.series) == 40


def test_a_map_in_a_given_order_or_without_groups():
    plot = plane_plot(VECTORS, ["b", "a"] * 20, order=("a", "x", "b"), name="map", title="Map", note="")
    assert plot is not None
    assert [series.name for series in plot.panels[0].series] == ["a", "b"]
    alone = plane_plot(VECTORS, name="map", title="Map", note="")
    assert alone is not None and len(alone.panels[0].series) == 1


def test_rows_may_have_names():
    plot = plane_plot(VECTORS, name="map", title="Map", note="", named={3: "third", 0: "first"})
    assert plot is not None
    (panel,) = plot.panels
    assert [mark.text for mark in panel.marks] == ["third", "first"]
    assert [(mark.x, mark.y) for mark in panel.marks] == [
        tuple(principal_plane(VECTORS)[0][row]) for row in (3, 0)
    ]


def test_what_cannot_be_drawn_is_not():
    assert plane_plot(VECTORS[:2], name="map", title="Map", note="") is None
    assert plane_plot(np.full((9, 3), np.nan), name="map", title="Map", note="") is None
