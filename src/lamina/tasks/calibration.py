"""Whether stated probabilities hold, as a figure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lamina.core.page import Axis, Bars, Line, Plot, Series
from lamina.objectives.metrics import calibration_curve
from lamina.objectives.metrics.calibration import CalibrationCurve
from lamina.objectives.metrics.ranking import wilson_interval

ENDS = (-0.02, 1.02)
NOTE = (
    "Points on the dashed line keep their word. Bars are 95% intervals; below, how often each "
    "probability was stated."
)


def calibration(happened: NDArray, stated: NDArray, event: str, *, noun: str = "rows") -> Plot | None:
    """Return stated probabilities against what happened, and how often each was stated.

    Args:
        happened: whether the event came true.
        stated: the probability given to it.
        event: what it is.
        noun: what is counted.
    """
    if not len(stated) or not np.isfinite(stated).all():
        return None
    values, edges = np.histogram(stated, bins=20, range=(0, 1))
    below = Bars(
        values,
        edges=edges,
        x=Axis(f"stated probability of {event}", "percent", ENDS),
        y=Axis(noun, "count"),
    )
    curve = calibration_curve(happened, stated, bins=10)
    above = Line(
        (Series("perfectly calibrated", *np.array([[0.0, 1.0], [0.0, 1.0]]), dashed=True), _observed(curve)),
        title=f"Calibration: does the stated probability of {event} hold?",
        x=Axis(kind="percent", ends=ENDS),
        y=Axis("share that came true", "percent", (-0.02, 1.04)),
    )
    off = float(np.average(np.abs(curve.stated - curve.observed), weights=curve.weight))
    alt = f"In ten bins, stated probability and share that came true differ by {off:.1%} on average."
    title = "Calibration of the stated probabilities"
    return Plot("calibration", title, (above, below), alt=alt, note=NOTE, heights=(328, 102))


def _observed(curve: CalibrationCurve) -> Series:
    pairs = zip(curve.observed.tolist(), curve.weight.tolist(), strict=True)
    ends = np.array([wilson_interval(p, n) for p, n in pairs])
    return Series("observed", curve.stated, curve.observed, ends[:, 0], ends[:, 1])
