"""Curves."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lamina.core.page import Line, Series
from lamina.report.figures.axes import color_of, draw_mark, draw_reference, finish, finite, legend, name_of

HEIGHT = 300
LONGEST_ABOVE = 40  # letters of title and legend that fit above a panel of half the page's width


def height(panel: Line) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    return HEIGHT


def draw(ax: Axes, panel: Line) -> None:
    """Draw curves, their bars of error and the places that are marked.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    for series in panel.series:
        if series.dashed:
            draw_reference(ax, series)
        else:
            _curve(ax, series)
    finish(ax, panel)
    named = [series.name for series in panel.series if series.name]
    if len(named) > 1:
        if sum(map(len, (panel.title, *named))) <= LONGEST_ABOVE:
            place = {"loc": "lower right", "bbox_to_anchor": (1.02, 0.99), "ncols": len(named)}
            ax.legend(**place, columnspacing=1.2, handlelength=1.4)
        else:
            # the search for the best place does not see bars of error
            legend(ax, "best" if all(s.low is None for s in panel.series) else "lower right")
    for mark in panel.marks:
        color = next((s.color for s in reversed(panel.series) if _passes(s, mark.x, mark.y)), "blue")
        draw_mark(ax, mark, color_of(color), room=_room(panel, mark.y))


def _curve(ax: Axes, series: Series) -> None:
    x, y = finite(series)
    color, name = color_of(series.color), name_of(series.name)
    if series.low is None or series.high is None:
        # gaps stay gaps
        ax.plot(series.x, series.y, color=color, label=name, marker="o" if len(y) < 3 else None)
        return
    low, high = (np.asarray(end, np.float64).ravel() for end in (series.low, series.high))
    middle = np.asarray(series.y, np.float64).ravel()
    good = np.isfinite(middle + low + high)
    reach = np.abs(np.stack([low, high]) - middle)[:, good]
    x = np.asarray(series.x, np.float64).ravel()[good]
    ax.errorbar(x, middle[good], yerr=reach, color=color, marker="o", elinewidth=1.2, label=name)


def _passes(series: Series, x: float, y: float | None) -> bool:
    return y is not None and bool(np.any((np.asarray(series.x) == x) & (np.asarray(series.y) == y)))


def _room(panel: Line, y: float | None) -> float:
    """Return where a text stands clear of the curves: opposite to the half in which its dot is."""
    values = np.concatenate([finite(series)[1] for series in panel.series] or [np.empty(0)])
    if y is None or not len(values):
        return 0.94
    return 0.06 if y > (values.min() + values.max()) / 2 else 0.94
