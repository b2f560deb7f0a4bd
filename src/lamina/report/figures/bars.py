"""Bars: one a name, or a histogram."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lamina.core.page import Bars
from lamina.core.wording import plain
from lamina.report.figures.axes import color_of, draw_mark, finish
from lamina.report.figures.canvas import INK, MUTED

HISTOGRAM, HEAD, EACH = 300, 76, 24
LONGEST_NAME = 56


def height(panel: Bars) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    return HISTOGRAM if panel.edges is not None else HEAD + EACH * len(panel.values)


def draw(ax: Axes, panel: Bars) -> None:
    """Draw bars from left to right, one a name; upright ones where edges are given.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    if panel.edges is None:
        _named(ax, panel)
    else:
        _histogram(ax, panel)
    for mark in panel.marks:
        draw_mark(ax, mark)


def _histogram(ax: Axes, panel: Bars) -> None:
    edges = np.asarray(panel.edges, np.float64)
    width = np.diff(edges)
    middle = edges[:-1] + width / 2
    ax.bar(middle, panel.values, 0.92 * width, color=color_of(panel.color), alpha=0.75)
    finish(ax, panel)


def _named(ax: Axes, panel: Bars) -> None:
    values = np.nan_to_num(np.asarray(panel.values, np.float64))
    places = np.arange(len(values))[::-1]
    ax.barh(places, values, height=0.62, color=color_of(panel.color))
    if panel.spread is not None:
        reach = np.nan_to_num(np.asarray(panel.spread, np.float64))
        ax.errorbar(values, places, xerr=reach, fmt="none", ecolor=INK, elinewidth=1.5)
    ax.grid(visible=False, axis="y")
    if (values < 0).any() or panel.spread is not None:
        ax.axvline(0, color=MUTED, linewidth=1)
    finish(ax, panel)
    names = [plain(name, LONGEST_NAME) for name in panel.names]
    ax.set_yticks(places, names or [""] * len(places))
    ax.set_ylim(-0.6, len(values) - 0.4)
    ax.tick_params(axis="y", length=0)
