"""Predicted numbers against true ones, their errors, and whether predicted intervals hold."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from numpy.typing import NDArray

from lamina.core.wording import count, plain
from lamina.report.content import ReportContent
from lamina.report.figures.canvas import BLUE, INK, MUTED, ORANGE, sheet

MOST_POINTS = 1000  # each is an element of the page
MOST_TARGETS = 4
MOST_INTERVALS = 60


def predicted_against_true(content: ReportContent) -> Figure | None:
    """Draw each evaluated row as a point: its true value across, the predicted one up.

    Args:
        content: of which targets and predictions are drawn, up to four target columns.

    Returns:
        The figure, or None if there are no rows or this is no regression.
    """
    if content.task != "regression" or not content.evaluated:
        return None
    targets = min(MOST_TARGETS, np.asarray(content.targets).reshape(content.evaluated, -1).shape[1])
    across = min(2, targets)
    figure, axes = sheet(400 if targets == 1 else 330 * -(-targets // 2), -(-targets // 2), across)
    for index, ax in enumerate(axes):
        if index < targets:
            _against(ax, *content.column_pair(index), quantity(content, index))
        else:
            ax.set_axis_off()
    axes[0].set_title("Predicted against true")
    return figure


def _against(ax: Axes, truth: NDArray[np.float64], guess: NDArray[np.float64], name: str) -> None:
    if not len(truth):
        return
    ends = [float(min(truth.min(), guess.min())), float(max(truth.max(), guess.max()))]
    ax.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (4, 3)), label="exactly right")
    shown = sample(len(truth))
    ax.scatter(truth[shown], guess[shown], s=14, color=BLUE, alpha=0.4, linewidths=0)
    ax.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
    ax.legend(loc="upper left")
    few_ticks(ax)


def residuals(content: ReportContent) -> Figure | None:
    """Draw errors against predictions, and how they are spread; for the first target column.

    Args:
        content: of which targets and predictions are drawn.

    Returns:
        The figure, or None if there are no rows or this is no regression.
    """
    if content.task != "regression" or not content.evaluated:
        return None
    truth, guess = content.column_pair(0)
    if not len(truth):
        return None
    errors, name = guess - truth, quantity(content, 0)
    figure, (left, right) = sheet(300, columns=2)
    shown = sample(len(truth))
    left.axhline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    left.scatter(guess[shown], errors[shown], s=14, color=BLUE, alpha=0.4, linewidths=0)
    left.set(title="Error by predicted value", xlabel=f"predicted {name}", ylabel="predicted − true")
    low, high = np.quantile(errors, [0.005, 0.995])
    inner = errors[(errors >= low) & (errors <= high)]
    pad = 0.0 if high - low > 1e-9 * np.abs([low, high]).max() else max(0.5, 0.01 * abs(low))
    ends, bins = (float(low - pad), float(high + pad)), min(40, 5 + int(np.sqrt(len(inner))))
    right.hist(inner, bins=bins, range=ends, color=BLUE, alpha=0.75, rwidth=0.92)
    right.axvline(0, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    right.set(title="How errors are spread", xlabel="predicted − true", ylabel="rows")
    few_ticks(left)
    few_ticks(right)
    return figure


def predicted_intervals(content: ReportContent) -> Figure | None:
    """Draw a sample of rows with their predicted intervals, those that missed marked.

    Args:
        content: of which targets and bounds are drawn, the first target column.

    Returns:
        The figure, or None if the network predicts no intervals.
    """
    if content.task != "regression" or content.bounds is None or not content.evaluated:
        return None
    truth = np.asarray(content.targets, np.float64).reshape(content.evaluated, -1)[:, 0]
    low, high = (np.asarray(end, np.float64).reshape(len(end), -1)[:, 0] for end in content.bounds)
    if len(low) != len(truth) or not np.isfinite([low, high, truth]).all():
        return None
    inside = (low <= truth) & (truth <= high)
    shown = sample(len(truth), MOST_INTERVALS)
    shown = shown[np.argsort((low + high)[shown], kind="stable")]
    figure, (ax,) = sheet(320)
    places = np.arange(len(shown))
    ax.vlines(places, low[shown], high[shown], color=BLUE, alpha=0.35, linewidth=5)
    for kind, color, label in ((inside, INK, "true value, inside"), (~inside, ORANGE, "true value, outside")):
        chosen = kind[shown]
        ax.plot(places[chosen], truth[shown][chosen], "o", color=color, markersize=4, label=label)
    meant, found = content.bounds_level, inside.mean()
    ax.set_title(
        f"Predicted intervals: meant to hold {meant:.0%}, hold {found:.1%} of {count(len(truth))} rows"
    )
    ax.set(xlabel=f"{len(shown)} rows, by predicted value", ylabel=quantity(content, 0))
    few_ticks(ax)
    ax.set_xticks([])
    ax.legend(loc="upper left")
    return figure


def quantity(content: ReportContent, index: int) -> str:
    """Return the name of a target column, with its unit where there is one.

    Args:
        content: of which labels and unit are used.
        index: which target, from 0.
    """
    name = plain(content.labels[index], 32) if index < len(content.labels) else "value"
    return f"{name} ({plain(content.unit, 16)})" if content.unit else name


def sample(rows: int, most: int = MOST_POINTS) -> NDArray[np.intp]:
    """Return the same random rows each time, all of them if there are few.

    Args:
        rows: how many there are.
        most: how many to draw.
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def few_ticks(ax: Axes) -> None:
    """Leave room between the numbers of both axes.

    Args:
        ax: the axes to change.
    """
    for axis, ends in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        axis.set_major_locator(MaxNLocator(6))
        if max(map(abs, ends)) >= 1e4:
            axis.set_major_formatter(EngFormatter())
