"""How the training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lamina.core.page import Axis, Line, Mark, Plot, Series
from lamina.core.wording import plain
from lamina.objectives.metrics import metric_number
from lamina.report.facts import RunFacts

VALIDATION = "validation"
LOSSES = (("train_loss", "training", "blue"), ("valid_loss", VALIDATION, "orange"))
WIDE = 50  # a loss that falls by this factor gets a logarithmic axis


def learning_curves(facts: RunFacts) -> Plot | None:
    """Return loss and watched value by epoch, the kept epoch marked; None if no epoch was recorded.

    Args:
        facts: of which the history, the watched value and the kept epoch are used.
    """
    losses = [(label, _floats(facts.history.get(name, ())), color) for name, label, color in LOSSES]
    losses = [curve for curve in losses if np.isfinite(curve[1]).any()]
    name, values = facts.watched or ("", ())
    watched = [(VALIDATION, _floats(values), "orange")]
    watched = watched if np.isfinite(watched[0][1]).any() else []
    given = [("loss", "Loss by epoch", losses)]
    given += [(plain(name, 24), f"{plain(name, 24)} by epoch", watched)]
    panels = tuple(_panel(facts, *panel) for panel in given if panel[2])
    if not panels:
        return None
    alt = " ".join(_said(panel) for panel in panels)
    return Plot("learning_curves", "Learning curves", panels, alt=alt, across=len(panels))


def _panel(facts: RunFacts, quantity: str, title: str, curves: list[tuple[str, NDArray, str]]) -> Line:
    longest = max(len(values) for _, values, _ in curves)
    epochs = _floats(facts.history.get("epoch", ()))
    if len(epochs) < longest or not np.isfinite(epochs).all():
        epochs = np.arange(1.0, longest + 1)
    series = tuple(Series(n, epochs[: len(values)], values, color=color) for n, values, color in curves)
    seen = np.concatenate([values[np.isfinite(values)] for _, values, _ in curves])
    wide = seen.min() > 0 and seen.max() > WIDE * seen.min()
    return Line(
        series,
        _kept(series[-1], facts.best_epoch),
        title=title,
        x=Axis("epoch", "integer"),
        y=Axis(quantity, "log" if wide else ""),
    )


def _kept(series: Series, best: int | None) -> tuple[Mark, ...]:
    place = np.flatnonzero(series.x == best) if best is not None else np.empty(0, int)
    if series.name != VALIDATION or not len(place) or not np.isfinite(series.y[place[0]]):
        return ()
    value = float(series.y[place[0]])
    return (Mark(float(series.x[place[0]]), f"epoch {best} kept: {metric_number(value)}", value),)


def _said(panel: Line) -> str:
    ends = [(s.name, s.y[np.isfinite(s.y)][-1]) for s in panel.series]
    last = ", ".join(f"{name} {metric_number(value)}" for name, value in ends)
    kept = "".join(f"; {mark.text}" for mark in panel.marks)
    return f"{panel.title}, at the end: {last}{kept}."


def _floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return floats; None, which stands for an epoch without validation, becomes NaN."""
    return np.array([np.nan if value is None else float(value) for value in values], np.float64)
