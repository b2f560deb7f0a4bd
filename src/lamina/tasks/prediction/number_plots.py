"""Predicted numbers against true ones, their errors, and whether predicted intervals hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lamina.core.page import Axis, Band, Bars, Mark, Plot, Points, Series
from lamina.core.wording import count
from lamina.objectives.metrics import metric_number
from lamina.tasks.prediction.judged import JudgedNumbers
from lamina.tasks.wording import sample

MOST_POINTS = 1000  # each is an element of the page
MOST_TARGETS = 4
MOST_INTERVALS = 60


def predicted_against_true(judged: JudgedNumbers) -> Plot | None:
    """Return each evaluated row as a point: its true value across, the predicted one up.

    Args:
        judged: of which up to four targets are shown.
    """
    targets = range(min(MOST_TARGETS, judged.targets.shape[1]))
    panels = [panel for index in targets if (panel := _against(judged, index))]
    if not panels:
        return None
    return Plot(
        "predicted_against_true",
        "Predicted against true values",
        tuple(panels),
        alt="A perfect prediction would stand on the dashed line.",
        note=f"A random sample of {count(MOST_POINTS)} rows." if len(judged.targets) > MOST_POINTS else "",
        across=min(2, len(panels)),
        heights=() if len(panels) == 1 else (330,) * -(-len(panels) // 2),
    )


def _against(judged: JudgedNumbers, index: int) -> Points | None:
    true, given = judged.finite(index)
    if not len(true):
        return None
    ends = np.array([min(true.min(), given.min()), max(true.max(), given.max())])
    shown, name = sample(len(true), MOST_POINTS), judged.names[index]
    return Points(
        (Series("", true[shown], given[shown]),),
        (Series("exactly right", ends, ends, dashed=True),),
        title="Predicted against true" if index == 0 else "",
        x=Axis(f"true {name}"),
        y=Axis(f"predicted {name}"),
    )


def residuals(judged: JudgedNumbers) -> Plot | None:
    """Return errors against predictions, and how they are spread; of the first target.

    Args:
        judged: of which targets and predictions are used.
    """
    true, given = judged.finite(0)
    if not len(true):
        return None
    errors = given - true
    shown = sample(len(true), MOST_POINTS)
    ends = np.array([given.min(), given.max()])
    left = Points(
        (Series("", given[shown], errors[shown]),),
        (Series("", ends, np.zeros(2), dashed=True),),
        title="Error by predicted value",
        x=Axis(f"predicted {judged.names[0]}"),
        y=Axis("predicted − true"),
    )
    alt = f"Half of the errors are smaller than {metric_number(np.median(np.abs(errors)))}."
    note = "At the right the most extreme 1% of the errors is left out."
    return Plot("residuals", "Errors", (left, _spread(errors)), alt, note, across=2, heights=(300,))


def _spread(errors: NDArray[np.float64]) -> Bars:
    low, high = np.quantile(errors, [0.005, 0.995])
    inner = errors[(errors >= low) & (errors <= high)]
    pad = 0.0 if high - low > 1e-9 * np.abs([low, high]).max() else max(0.5, 0.01 * abs(low))
    bins = min(40, 5 + int(np.sqrt(len(inner))))
    values, edges = np.histogram(inner, bins, (float(low - pad), float(high + pad)))
    return Bars(
        values,
        edges=edges,
        marks=(Mark(0.0),),
        title="How errors are spread",
        x=Axis("predicted − true"),
        y=Axis("rows", "count"),
    )


def predicted_intervals(judged: JudgedNumbers) -> Plot | None:
    """Return a sample of rows with their predicted intervals, those that missed marked; of the first target.

    Args:
        judged: of which targets and ends of intervals are used.
    """
    if judged.low is None or judged.high is None:
        return None
    true, low, high = judged.targets[:, 0], judged.low[:, 0], judged.high[:, 0]
    if not np.isfinite([low, high, true]).all():
        return None
    inside = (low <= true) & (true <= high)
    shown = sample(len(true), MOST_INTERVALS)
    shown = shown[np.argsort((low + high)[shown], kind="stable")]
    places = np.arange(len(shown))
    points = tuple(
        Series(f"true value, {word}", places[kind], true[shown][kind], color=color)
        for word, kind, color in (("inside", inside[shown], "ink"), ("outside", ~inside[shown], "orange"))
    )
    said = f"meant to hold {judged.level:.0%}, hold {inside.mean():.1%} of {count(len(true))} rows"
    strokes = Series("", places, (low + high)[shown] / 2, low[shown], high[shown])
    panel = Band(
        (strokes,),
        points,
        joined=False,
        title=f"Predicted intervals: {said}",
        x=Axis(f"{len(shown)} rows, by predicted value", "none"),
        y=Axis(judged.names[0]),
    )
    return Plot("predicted_intervals", "Predicted intervals", (panel,), alt=f"They are {said}.")
