"""Series: what was measured before, to say what comes."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.inputs.base import AbstractInputs


@dataclass(frozen=True)
class SeriesInputs(AbstractInputs):
    """The steps before a forecast, ``x = {"at": int32 (b,), "common": …}``, ``at`` its first step.

    What all examples share holds

    - ``values``: float32 (t, s), all series, standardized, gaps filled;
    - ``calendar``: int32 (t + 1, c), where each step stands in the day, the week or the year;
    - ``neighbors``: float32 (s, s), where the series are nodes of a graph: the weight of each other series
      (column) in the mean over the neighbors of a series (row); rows sum to one.

    Args:
        series: how many there are, s.
        context: steps that a model looks back.
        horizon: steps that it looks ahead.
        calendar: how many values each number of the calendar has.
        is_graph: whether there are neighbors.
    """

    series: int
    context: int
    horizon: int
    calendar: tuple[int, ...] = ()
    is_graph: bool = False
