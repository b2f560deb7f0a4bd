"""How the training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lamina.core.wording import plain
from lamina.objectives.metrics import metric_number, metric_words
from lamina.report.content import ReportContent
from lamina.report.figures.canvas import BLUE, MUTED, ORANGE, PAPER, sheet

Line = tuple[str, NDArray[np.float64], str]


def learning_curves(content: ReportContent) -> Figure | None:
    """Draw loss and metric by epoch, the kept epoch marked.

    Args:
        content: of which the history is drawn.

    Returns:
        The figure, or None if no epoch was recorded.
    """
    columns = {name: _floats(values) for name, values in content.history.items() if name != "epoch"}
    losses = [
        (label, columns[name], color)
        for name, label, color in (("train_loss", "training", BLUE), ("valid_loss", "validation", ORANGE))
        if np.isfinite(columns.get(name, np.empty(0))).any()
    ]
    metric = columns.get("valid_metric", np.empty(0))
    watched = [("validation", metric, ORANGE)] if np.isfinite(metric).any() else []
    panels = [panel for panel in (losses, watched) if panel]
    if not panels:
        return None
    figure, axes = sheet(300, columns=len(panels))
    name = plain(metric_words(content.metric_name or "metric").title, 24)
    for ax, lines in zip(axes, panels, strict=True):
        title = "Loss by epoch" if lines is losses else f"{name} by epoch"
        _panel(ax, lines, content, title, "loss" if lines is losses else name)
    return figure


def _panel(ax: Axes, lines: list[Line], content: ReportContent, title: str, quantity: str) -> None:
    longest = max(len(values) for _, values, _ in lines)
    epochs = _epochs(content.history.get("epoch", ()), longest)
    for label, values, color in lines:
        marker = "o" if np.isfinite(values).sum() < 3 else None
        ax.plot(epochs[: len(values)], values, color=color, label=label, marker=marker)
    _mark_best(ax, epochs, lines[-1], content.best_epoch)
    seen = np.concatenate([values[np.isfinite(values)] for _, values, _ in lines])
    if seen.min() > 0 and seen.max() > 50 * seen.min():
        ax.set_yscale("log")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    ax.set(title=title, xlabel="epoch", ylabel=quantity)
    if len(lines) > 1:
        ax.legend(
            loc="lower right", bbox_to_anchor=(1.02, 0.99), ncols=2, columnspacing=1.2, handlelength=1.4
        )


def _mark_best(ax: Axes, epochs: NDArray[np.float64], line: Line, best: int | None) -> None:
    label, values, color = line
    place = np.flatnonzero(epochs[: len(values)] == best) if best is not None else np.empty(0, int)
    if label != "validation" or not len(place) or not np.isfinite(values[place[0]]):
        return
    value = float(values[place[0]])
    ax.axvline(float(epochs[place[0]]), color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    ax.plot([epochs[place[0]]], [value], "o", color=color, markersize=7)
    late = epochs[place[0]] > (epochs[0] + epochs[-1]) / 2
    low = value > (np.nanmin(values) + np.nanmax(values)) / 2  # where curves leave room
    ax.annotate(
        f"epoch {best} kept: {metric_number(value)}",
        (float(epochs[place[0]]), 0.06 if low else 0.94),
        xycoords=("data", "axes fraction"),
        xytext=(-8 if late else 8, 0),
        textcoords="offset points",
        ha="right" if late else "left",
        va="center",
        color=MUTED,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 2},  # readable where a curve passes below it
    )


def _epochs(given: Sequence[float], rows: int) -> NDArray[np.float64]:
    epochs = _floats(given)
    return epochs if len(epochs) >= rows and np.isfinite(epochs).all() else np.arange(1.0, rows + 1)


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return floats; None, which stands for an epoch without validation, becomes NaN."""
    return np.array([np.nan if value is None else float(value) for value in values], np.float64)
