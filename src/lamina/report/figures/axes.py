"""What the panels of all kinds share: title, labels, ticks, lines of reference, marks."""

from __future__ import annotations

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import (
    EngFormatter,
    LogFormatter,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
    StrMethodFormatter,
)

from lamina.core.page import AbstractPanel, Axis, Mark, Numbers, Series
from lamina.core.wording import plain
from lamina.report.figures.canvas import BLUE, COLORS, DASHES, MUTED, PAPER

ROUND = [1, 2, 2.5, 5, 10]  # steps between numbers that people count in
LONGEST_TITLE, LONGEST_LABEL, LONGEST_NAME = 110, 60, 40


def finish(ax: Axes, panel: AbstractPanel) -> None:
    """Write title and labels, and choose the ticks; the last thing that is done to a panel.

    Args:
        ax: where the panel was drawn.
        panel: of which title and axes are used.
    """
    ax.set_title(plain(panel.title, LONGEST_TITLE))
    ax.set(xlabel=plain(panel.x.label, LONGEST_LABEL), ylabel=plain(panel.y.label, LONGEST_LABEL))
    if panel.x.ends is not None:
        ax.set_xlim(*panel.x.ends)
    if panel.y.ends is not None:
        ax.set_ylim(*panel.y.ends)
    for axis, given, ends in (("x", panel.x, ax.get_xlim()), ("y", panel.y, ax.get_ylim())):
        _ticks(ax, axis, given, max(map(abs, ends)))


def _ticks(ax: Axes, name: str, given: Axis, most: float) -> None:
    axis = ax.xaxis if name == "x" else ax.yaxis
    if given.kind == "log":
        (ax.set_xscale if name == "x" else ax.set_yscale)("log")
        axis.set_major_formatter(_PlainLogFormatter())
        axis.set_minor_formatter(_PlainLogFormatter())
    elif given.kind == "none":
        axis.set_major_locator(MaxNLocator(1))
        axis.set_ticks([])
    elif given.kind == "percent":
        axis.set_major_formatter(PercentFormatter(1))
    elif given.kind == "integer":
        axis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    elif given.kind == "count":
        axis.set_major_locator(MaxNLocator(4 if name == "y" else 8, integer=True, steps=ROUND))
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    else:
        axis.set_major_locator(MaxNLocator(6, steps=ROUND))
        if most >= 1e4:
            axis.set_major_formatter(EngFormatter())
        axis.set_minor_formatter(NullFormatter())


class _PlainLogFormatter(LogFormatter):
    """Label the ticks that matplotlib would, as plain numbers: its mathematical text is not parsed here."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def finite(series: Series) -> tuple[Numbers, Numbers]:
    """Return the pairs of a series that are finite.

    Args:
        series: of which positions and values are used.
    """
    x, y = np.asarray(series.x, np.float64).ravel(), np.asarray(series.y, np.float64).ravel()
    good = np.isfinite(x) & np.isfinite(y)
    return x[good], y[good]


def color_of(name: str) -> str:
    """Return the color of a name; blue for one that is not known.

    Args:
        name: as in `lamina.core.page.Series`.
    """
    return COLORS.get(name, BLUE)


def name_of(name: str) -> str:
    """Return a name for the legend, which matplotlib keeps out of it if it begins with a low line.

    Args:
        name: of a series.
    """
    return plain(name, LONGEST_NAME).lstrip("_") or "_"


def draw_reference(ax: Axes, series: Series) -> None:
    """Draw a thin dashed line.

    Args:
        ax: where to draw.
        series: its corners.
    """
    ax.plot(*finite(series), color=MUTED, linewidth=1, linestyle=DASHES, label=name_of(series.name))


def legend(ax: Axes, place: Literal["best", "upper left", "lower right"]) -> None:
    """Explain what has a name, if anything has.

    Args:
        ax: where to draw.
        place: of the legend, as matplotlib calls it.
    """
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc=place)


def draw_mark(ax: Axes, mark: Mark, color: str = BLUE, *, room: float | None = None) -> None:
    """Draw a dashed line, or a stretch, with its text at the end where there is room.

    Args:
        ax: where to draw; its limits are final.
        mark: what to draw.
        color: of its dot, or of the stretch.
        room: share of the height at which its text stands; by its dot without.
    """
    left, right = ax.get_xlim()
    if mark.end is not None:
        ax.axvspan(mark.x, mark.end, color=color, alpha=0.12, linewidth=0)
    else:
        ax.axvline(mark.x, color=MUTED, linewidth=1, linestyle=DASHES)
    if mark.y is not None:
        ax.plot([mark.x], [mark.y], "o", color=color, markersize=7)
    if not mark.text:
        return
    late = mark.end is None and mark.x > (left + right) / 2
    place = mark.x if mark.end is None else (mark.x + mark.end) / 2
    ax.annotate(
        plain(mark.text, LONGEST_NAME),
        (place, 0.94 if room is None else room),
        xycoords=("data", "axes fraction"),
        xytext=((-8 if late else 8) if mark.end is None else 0, 0),
        textcoords="offset points",
        ha="center" if mark.end is not None else "right" if late else "left",
        va="center",
        color=MUTED,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 2},  # readable where a curve passes below it
    )
