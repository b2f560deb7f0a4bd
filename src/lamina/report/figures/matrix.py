"""A grid of shaded cells."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lamina.core.page import Matrix
from lamina.core.wording import plain
from lamina.report.figures.axes import finish
from lamina.report.figures.canvas import BLUE, INK, ORANGE, PAPER

HEAD, TALLEST = 110, 700
FEW = 6  # rows or columns up to which a cell holds two lines


def height(panel: Matrix) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    rows = len(panel.rows)
    cell = 96 if rows <= 3 else 64 if rows <= FEW else 40
    return min(TALLEST, HEAD + cell * rows)


def draw(ax: Axes, panel: Matrix) -> None:
    """Draw cells from the top left, with their texts.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    shades = np.clip(np.nan_to_num(np.asarray(panel.shades, np.float64)), 0, 1)
    size = max(shades.shape)
    gap = 0.02 if size <= FEW else 0.03
    for (row, column), shade in np.ndenumerate(shades):
        color = ORANGE if panel.agree and row != column else BLUE
        box = Rectangle((column + gap, row + gap), 1 - 2 * gap, 1 - 2 * gap, facecolor=color, linewidth=0)
        box.set_alpha(0.06 + 0.94 * float(shade))
        ax.add_patch(box)
        if panel.texts and panel.texts[row][column]:
            _text(ax, (column + 0.5, row + 0.5), panel.texts[row][column], float(shade), size)
    ax.set(xlim=(0, shades.shape[1]), ylim=(shades.shape[0], 0))
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    finish(ax, panel)
    longest = 28 if size <= FEW else 14
    rows, columns = ([plain(name, longest) for name in names] for names in (panel.rows, panel.columns))
    tilt = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if sum(map(len, columns)) > 80 else {}
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, **tilt)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    ax.tick_params(length=0)


def _text(ax: Axes, place: tuple[float, float], text: str, shade: float, size: int) -> None:
    lines = "\n".join(plain(line, 20) for line in text.split("\n"))
    color = PAPER if shade > 0.65 else INK
    fontsize = 13 if size <= FEW else 11 if size <= 11 else 9
    ax.text(*place, lines, color=color, ha="center", va="center", fontsize=fontsize, linespacing=1.4)
