"""Images: what the network saw, where it was most wrong, and what its first layer looks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lamina.core.wording import plain
from lamina.report.content import ReportContent
from lamina.report.figures.canvas import sheet

COLUMNS = 9
LONGEST_LABEL = 14
MOST_FILTERS = 64


def image_samples(content: ReportContent) -> Figure | None:
    """Draw training images with their labels, changed at random as the network saw them.

    Args:
        content: of which the samples are drawn.

    Returns:
        The figure, or None if there are no images.
    """
    return _grid(content.samples, "As the network saw them in training")


def worst_mistakes(content: ReportContent) -> Figure | None:
    """Draw the evaluated images of which the network was surest and wrong.

    Args:
        content: of which the mistakes are drawn.

    Returns:
        The figure, or None if there are none.
    """
    return _grid(content.mistakes, "Surest and wrong: answer, how sure, and (truth)", lines=3)


def first_filters(content: ReportContent) -> Figure | None:
    """Draw the kernels of the first convolution.

    Args:
        content: of which the filters are drawn, 64 at most.

    Returns:
        The figure, or None if there is no convolution of gray or color images.
    """
    if content.filters is None:
        return None
    shown = np.asarray(content.filters, np.float64)[:MOST_FILTERS]
    most = np.abs(shown).max(axis=(1, 2, 3), keepdims=True)
    scaled = 0.5 + 0.5 * shown / np.where(most > 0, most, 1.0)
    columns = 16
    rows = -(-len(shown) // columns)
    figure, axes = sheet(56 + 48 * rows, rows, columns)
    for ax, kernel in zip(axes, scaled, strict=False):
        _show(ax, kernel)
    _blank(axes[len(scaled) :])
    figure.suptitle("Kernels of the first convolution", x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure


def _grid(shown: Sequence[tuple[NDArray, str]], title: str, *, lines: int = 1) -> Figure | None:
    if not shown:
        return None
    rows = -(-len(shown) // COLUMNS)
    figure, axes = sheet(48 + (84 + 14 * lines) * rows, rows, COLUMNS)
    for ax, (image, caption) in zip(axes, shown, strict=False):
        _show(ax, np.asarray(image) / 255)
        words = "\n".join(plain(line, LONGEST_LABEL) for line in caption.split("\n"))
        ax.set_title(words, fontsize=10, fontweight="normal", pad=3, loc="center")
    _blank(axes[len(shown) :])
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure


def _show(ax: Axes, image: NDArray[Any]) -> None:
    gray = image.shape[-1] == 1
    options = {"cmap": "gray", "vmin": 0, "vmax": 1} if gray else {}
    ax.imshow(image[..., 0] if gray else np.clip(image, 0, 1), interpolation="nearest", **options)
    _blank([ax])


def _blank(axes: Sequence[Axes]) -> None:
    for ax in axes:
        ax.set_axis_off()
