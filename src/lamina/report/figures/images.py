"""A grid of images, with captions and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from lamina.core.page import Images, Numbers
from lamina.core.wording import plain
from lamina.report.figures.axes import LONGEST_TITLE
from lamina.report.figures.canvas import PALETTE, WIDTH

HEAD, LINE, GAP, PAD = 40, 13, 8, 8  # pixels: the title, a line of a caption, between images, beside all
LONGEST_CAPTION = 14  # letters below an image of a ninth of the width
TINT = 0.4


def height(panel: Images) -> int:
    """Return the height of a panel in pixels.

    Args:
        panel: what is drawn.
    """
    rows = -(-len(panel.images) // panel.across)
    return HEAD + round(_step(panel)[1] * rows) + PAD


def _lines(panel: Images) -> int:
    return max((caption.count("\n") + 1 for caption in panel.captions), default=0)


def _step(panel: Images) -> tuple[float, float]:
    """Return how far the next image is to the right, and the next row below, in pixels."""
    right = (WIDTH - 2 * PAD) / panel.across
    return right, right + LINE * _lines(panel)


def draw(ax: Axes, panel: Images) -> None:
    """Draw images row by row; one unit of the axes is one pixel of the page.

    Args:
        ax: where to draw.
        panel: what to draw.
    """
    right, down = _step(panel)
    side, lines = right - GAP, LINE * _lines(panel)
    for number, image in enumerate(panel.images):
        row, column = divmod(number, panel.across)
        shown = _colors(np.asarray(image))
        if number < len(panel.masks):
            shown = _masked(shown, np.asarray(panel.masks[number]))
        left, top = column * right, row * down + lines
        width, tall = (side * part / max(shown.shape[:2]) for part in (shown.shape[1], shown.shape[0]))
        left, top = left + (side - width) / 2, top + (side - tall) / 2
        ax.imshow(shown, interpolation="nearest", extent=(left, left + width, top + tall, top))
        if number < len(panel.captions):
            longest = max(4, LONGEST_CAPTION * 9 // panel.across)
            words = "\n".join(plain(line, longest) for line in panel.captions[number].split("\n"))
            place = (column * right + side / 2, row * down + lines - 3)
            ax.text(*place, words, ha="center", va="bottom", fontsize=10, linespacing=1.1)
    rows = -(-len(panel.images) // panel.across)
    ax.set(xlim=(0, WIDTH - 2 * PAD - GAP), ylim=(rows * down, 0), aspect="equal", anchor="NW")
    ax.set_axis_off()
    ax.set_title(plain(panel.title, LONGEST_TITLE))


def _colors(image: NDArray[Any]) -> Numbers:
    """Return (y, x, 3) of 0 to 1, images without color in gray."""
    image = image[..., None] if image.ndim == 2 else image
    shown = np.clip(np.nan_to_num(image.astype(np.float64)) / 255, 0, 1)
    return np.broadcast_to(shown, (*shown.shape[:2], 3)) if shown.shape[2] == 1 else shown[..., :3]


def _masked(image: Numbers, mask: Numbers) -> Numbers:
    """Return the image with each region of the mask tinted and outlined, at four times its size.

    An outline of one pixel of a small image would hide what it surrounds.
    """
    fine = max(1, min(4, 256 // max(image.shape[:2])))
    shown, mask = (np.kron(values, np.ones((fine, fine, 1)[: values.ndim])) for values in (image, mask))
    for number in np.unique(mask[mask > 0]):
        color = np.array(to_rgb(PALETTE[(int(number) - 1) % len(PALETTE)]))
        inside = mask == number
        core = inside.copy()
        core[1:] &= inside[:-1]
        core[:-1] &= inside[1:]
        core[:, 1:] &= inside[:, :-1]
        core[:, :-1] &= inside[:, 1:]
        shown[core] = (1 - TINT) * shown[core] + TINT * color
        shown[inside & ~core] = color
    return shown
