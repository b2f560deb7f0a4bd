"""Ranges of values: along a curve, or stroke by stroke."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lamina.core.page import Band, Series
from lamina.report.figures.axes import color_of, finish, finite, legend, name_of

HEIGHT = 320


def height(panel: Band) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    return HEIGHT


def draw(ax: Axes, panel: Band) -> None:
    """Draw ranges, and points over them.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    for series in panel.series:
        (_band if panel.joined else _strokes)(ax, series)
    for series in panel.points:
        name = name_of(series.name)
        ax.plot(*finite(series), "o", color=color_of(series.color), markersize=4, label=name)
    finish(ax, panel)
    legend(ax, "upper left")


def _band(ax: Axes, series: Series) -> None:
    color, name = color_of(series.color), name_of(series.name)
    if series.low is not None and series.high is not None:
        ax.fill_between(series.x, series.low, series.high, color=color, alpha=0.18, linewidth=0)
    ax.plot(series.x, series.y, color=color, label=name)


def _strokes(ax: Axes, series: Series) -> None:
    x, y = np.asarray(series.x), np.asarray(series.y)
    low, high = (y if end is None else np.asarray(end) for end in (series.low, series.high))
    ax.vlines(x, low, high, color=color_of(series.color), alpha=0.35, linewidth=5, label=name_of(series.name))
