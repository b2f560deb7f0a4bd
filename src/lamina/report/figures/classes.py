"""Which classes are taken for which, and whether stated probabilities hold."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray

from lamina.core.wording import count, plain
from lamina.objectives.metrics import calibration_curve, confusion_matrix
from lamina.objectives.metrics.calibration import CalibrationCurve, top_label
from lamina.objectives.metrics.ranking import wilson_interval
from lamina.report.content import ReportContent
from lamina.report.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, sheet

LARGEST_MATRIX = 16  # more classes would leave no room for the numbers
MOST_CONFUSIONS = 15


def confusion(content: ReportContent) -> Figure | None:
    """Draw the confusion matrix, or for many classes the most frequent confusions.

    Args:
        content: of which targets, predictions and labels are drawn.

    Returns:
        The figure, or None if there are no rows or no classes.
    """
    if not content.has_classes or not content.evaluated:
        return None
    targets, predictions = np.asarray(content.targets).ravel(), np.asarray(content.predictions).ravel()
    labels = class_labels(content)
    if len(labels) <= LARGEST_MATRIX:
        return _matrix(confusion_matrix(targets, predictions, classes=len(labels)), labels)
    return _most_frequent(targets, predictions, labels)


def class_labels(content: ReportContent) -> list[str]:
    """Return the class names as text, made up where there are more indices than names.

    Args:
        content: of which labels, targets and predictions are looked at.
    """
    highest = [int(values.max()) for values in (content.targets, content.predictions) if len(values)]  # type: ignore[union-attr, arg-type]
    names = [plain(label) for label in content.labels]
    return names + [f"class {index}" for index in range(len(names), max(highest, default=-1) + 1)]


def _matrix(counts: NDArray, labels: list[str]) -> Figure:
    size = len(labels)
    cell = 96 if size <= 3 else 64 if size <= 6 else 40
    figure, (ax,) = sheet(min(700, 110 + cell * size))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (row, column), share in np.ndenumerate(shares):
        _cell(ax, (column, row), share, int(counts[row, column]), size)
    names = [plain(label, 28 if size <= 6 else 14) for label in labels]
    ax.set(xlim=(0, size), ylim=(size, 0), xlabel="predicted", ylabel="true")
    tilt = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if sum(map(len, names)) > 80 else {}
    ax.set_xticks(np.arange(size) + 0.5, names, **tilt)
    ax.set_yticks(np.arange(size) + 0.5, names)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    said = "and their share of the true class" if size <= 6 else "colored by their share of the true class"
    ax.set_title(f"Confusion matrix: rows, {said}")
    return figure


def _cell(ax: Axes, place: tuple[int, int], share: float, number: int, size: int) -> None:
    column, row = place
    gap = 0.02 if size <= 6 else 0.03
    color = BLUE if row == column else ORANGE
    box = Rectangle((column + gap, row + gap), 1 - 2 * gap, 1 - 2 * gap, facecolor=color, linewidth=0)
    box.set_alpha(0.06 + 0.94 * float(share))
    ax.add_patch(box)
    if not number:
        return
    text = f"{count(number)}\n{share:.0%}" if size <= 6 else count(number)
    ax.text(
        column + 0.5,
        row + 0.5,
        text,
        color=PAPER if share > 0.65 else INK,
        ha="center",
        va="center",
        fontsize=13 if size <= 6 else 11 if size <= 11 else 9,
        linespacing=1.4,
    )


def _most_frequent(targets: NDArray, predictions: NDArray, labels: list[str]) -> Figure | None:
    wrong = targets != predictions
    pairs, counts = np.unique(
        np.stack([targets[wrong], predictions[wrong]], axis=1), axis=0, return_counts=True
    )
    if not len(pairs):
        return None
    order = np.argsort(-counts, kind="stable")[:MOST_CONFUSIONS]
    figure, (ax,) = sheet(76 + 24 * len(order))
    places = np.arange(len(order))[::-1]
    ax.barh(places, counts[order], height=0.62, color=ORANGE)
    names = [f"{plain(labels[true], 26)} → {plain(labels[guess], 26)}" for true, guess in pairs[order]]
    ax.set_yticks(places, names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.grid(visible=False, axis="y")
    ax.set(title="Most frequent confusions: true → predicted", xlabel="rows")
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    return figure


def calibration(content: ReportContent) -> Figure | None:
    """Draw stated probabilities against what happened, and how often each was stated.

    For two classes the probability of the second, for more that of the predicted class, for
    several labels all of them together.

    Args:
        content: of which targets and probabilities are drawn.

    Returns:
        The figure, or None if there are no probabilities or one of them is not finite.
    """
    happened, stated, event = _events(content)
    if not len(stated) or not np.isfinite(stated).all():
        return None
    figure, (above, below) = sheet(430, rows=2, shares=(3.2, 1))
    _reliability(above, calibration_curve(happened, stated, bins=10), event)
    below.hist(stated, bins=20, range=(0, 1), color=BLUE, alpha=0.75, rwidth=0.9)
    below.set(xlim=(-0.02, 1.02), xlabel=f"stated probability of {event}", ylabel="rows")
    below.xaxis.set_major_formatter(PercentFormatter(1))
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    below.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return figure


def _events(content: ReportContent) -> tuple[NDArray, NDArray, str]:
    """Return what happened (0/1), the probability stated for it, and its name."""
    given = content.probabilities
    if given is None or not content.evaluated or len(given) != len(content.targets):  # type: ignore[arg-type]
        return np.empty(0), np.empty(0), ""
    targets = np.asarray(content.targets)
    if content.task == "multilabel":
        return targets.ravel(), given.ravel(), "a label"
    if given.ndim == 1 or given.shape[1] <= 2:
        names = class_labels(content)
        named = f"“{plain(names[1], 30)}”" if len(names) > 1 else "the second class"
        return targets.ravel() == 1, given.reshape(len(given), -1)[:, -1], named
    right, confidence = top_label(targets.ravel().astype(np.intp), given)
    return right, confidence, "the predicted class"


def _reliability(ax: Axes, curve: CalibrationCurve, event: str) -> None:
    ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="perfectly calibrated")
    ends = np.array(
        [wilson_interval(p, n) for p, n in zip(curve.observed.tolist(), curve.weight.tolist(), strict=True)]
    )
    reach = np.abs(ends.T - curve.observed)
    ax.errorbar(
        curve.stated, curve.observed, yerr=reach, color=BLUE, marker="o", elinewidth=1.2, label="observed"
    )
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), ylabel="share that came true")
    ax.set_title(f"Calibration: does the stated probability of {event} hold?")
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.legend(loc="lower right")
