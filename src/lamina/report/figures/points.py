"""Pairs of numbers as points."""

from __future__ import annotations

from matplotlib.axes import Axes

from lamina.core.page import Points
from lamina.report.figures.axes import color_of, draw_reference, finish, finite, legend, name_of

HEIGHT = 400


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
    legend(ax, "best")
