"""The metrics of a run as a table with what they mean, and as key figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lamina.core.page import Cell, Table, Tile, Tiles
from lamina.modalities.base import Outcome
from lamina.objectives.metrics import metric_number, metric_words
from lamina.tasks.wording import interval_words, metric_share, metric_value


def metric_table(outcome: Outcome) -> Table:
    """Return every metric with its meaning and interval, on validation and test rows.

    Args:
        outcome: of which metrics and intervals are used.
    """
    tested = outcome.evaluated == "test"
    parts = [outcome.valid_metrics, *([outcome.metrics] if tested else [])]
    heads = ["metric", "validation", *(["test"] if tested else [])]
    with_intervals = any(interval_words(outcome.intervals, name) for name in outcome.metrics)
    heads += [f"95% interval ({outcome.evaluated})"] if with_intervals else []
    rows = []
    for name in dict.fromkeys([*outcome.metrics, *outcome.valid_metrics]):
        words, interval = metric_words(name), outcome.intervals.get(name)
        better = "" if not words.meaning else " ↑" if words.higher_is_better else " ↓"
        values = [metric_number(float(part.get(name, math.nan)), interval) for part in parts]
        ends = [interval_words(outcome.intervals, name) or "–"] if with_intervals else []
        rows.append((Cell(words.title + better, words.meaning), *values, *ends))
    return Table(
        tuple(heads),
        tuple(rows),
        numeric=tuple(range(1, len(heads))),
        kind="metrics",
        note="↑ higher is better, ↓ lower is better.",
    )


def metric_tiles(outcome: Outcome, names: Sequence[str], percent: Sequence[str] = ()) -> Tiles:
    """Return metrics as key figures, those that were measured.

    Args:
        outcome: of which metrics and intervals are used.
        names: of the metrics that head the page.
        percent: those that read better as percentages.
    """
    return Tiles(
        tuple(
            Tile(
                metric_words(name).title,
                metric_share(outcome, name) if name in percent else metric_value(outcome, name),
                interval_words(outcome.intervals, name, percent=name in percent),
            )
            for name in names
            if name in outcome.metrics
        )
    )
