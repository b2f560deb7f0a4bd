"""A signal over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from lamina.core.page import Numbers, Wave
from lamina.report.figures.axes import draw_mark, finish
from lamina.report.figures.canvas import BLUE, ORANGE

HEIGHT = 180
MOST = 1500  # corners of the line; a page is half as many pixels wide


def height(panel: Wave) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    return HEIGHT


def draw(ax: Axes, panel: Wave) -> None:
    """Draw the signal, stretches behind it shaded.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    samples = np.nan_to_num(np.asarray(panel.samples, np.float64).ravel())
    ax.plot(*_outline(samples, panel.rate), color=BLUE, linewidth=1)
    ax.margins(y=0.3 if any(mark.text for mark in panel.marks) else 0.05)
    ax.set_xlim(0, max(len(samples), 1) / panel.rate)
    finish(ax, panel)
    for mark in panel.marks:
        draw_mark(ax, mark, ORANGE)


def _outline(samples: Numbers, rate: float) -> tuple[Numbers, Numbers]:
    """Return times and values; of a long signal the lowest and highest value of each stretch."""
    if len(samples) <= MOST:
        return np.arange(len(samples)) / rate, samples
    starts = np.linspace(0, len(samples), MOST // 2 + 1).astype(int)[:-1]
    ends = np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)
    return np.repeat(starts, 2) / rate, ends.ravel()
