"""Pairs of numbers as points."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from lamina.core.page import Mark, Points
from lamina.core.wording import plain
from lamina.report.figures.axes import (
    LONGEST_NAME,
    color_of,
    draw_reference,
    finish,
    finite,
    legend,
    name_of,
)
from lamina.report.figures.canvas import MUTED

HEIGHT = 400
NAME_SIZE, OFFSET = 9, 3  # of names beside points, in points
ROOM = (1.05, 1.2)  # around a name, in its own size


def height(panel: Points) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    return HEIGHT


def draw(ax: Axes, panel: Points) -> None:
    """Draw points over lines of reference.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    alpha = 0.4 if len(panel.series) == 1 else 0.7  # points on one another; groups to be told apart
    for line in panel.lines:
        draw_reference(ax, line)
    for series in panel.series:
        x, y = finite(series)
        color, name = color_of(series.color), name_of(series.name)
        ax.scatter(x, y, s=14, color=color, alpha=alpha, linewidths=0, label=name)
    finish(ax, panel)
    _name(ax, panel.marks)
    legend(ax, "best")


def _name(ax: Axes, marks: Sequence[Mark]) -> None:
    """Write names beside their points, towards the middle, but for those that would hide an earlier one."""
    taken: list[Bbox] = []
    for mark in marks:
        if mark.y is None:
            continue
        is_left = ax.transAxes.inverted().transform(ax.transData.transform((mark.x, mark.y)))[0] < 0.5
        text = ax.annotate(
            plain(mark.text, LONGEST_NAME),
            (mark.x, mark.y),
            xytext=(OFFSET if is_left else -OFFSET, OFFSET),
            textcoords="offset points",
            ha="left" if is_left else "right",
            fontsize=NAME_SIZE,
            color=MUTED,
        )
        box = text.get_window_extent().expanded(*ROOM)
        if any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)
