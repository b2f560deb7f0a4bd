"""The last lines of a run: how good, where it lies, what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from lamina.core.wording import counted
from lamina.tasks.metrics import metric_number

Interval = tuple[float, float]
NAME, CELL = 18, 30


def metric_table(
    parts: Mapping[str, Mapping[str, float]],
    intervals: Mapping[str, Mapping[str, Interval]],
    rows: Mapping[str, int],
) -> str:
    """Return metrics as aligned lines, each with its 95 % interval.

    Args:
        parts: heading → metrics.
        intervals: heading → interval of each metric.
        rows: heading → how many rows were measured.

    Example:
        >>> print(metric_table({"test": {"mae": 0.5123}}, {"test": {"mae": (0.49, 0.53)}}, {"test": 90}))
                          test (90 rows)
        mae               0.512 (0.49 to 0.53)
    """
    heads = [f"{name} ({counted(rows[name], 'row')})" for name in parts]
    lines = [" " * NAME + "".join(f"{head:<{CELL}}" for head in heads)]
    for metric in next(iter(parts.values()), {}):
        cells = [_cell(parts[name].get(metric), intervals.get(name, {}).get(metric)) for name in parts]
        lines.append(f"{metric:<{NAME}}" + "".join(f"{cell:<{CELL}}" for cell in cells))
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return ""
    shown = metric_number(value, interval)
    if interval is None or interval[0] != interval[0]:
        return shown
    low, high = (metric_number(end, interval) for end in interval)
    return f"{shown} ({low} to {high})"


def next_command(folder: Path, source: str) -> str:
    """Return what to type next: predictions for the data that were given, as a pattern for others.

    Example:
        >>> next_command(Path("runs/wine-1"), "wine.csv")
        'lamina predict runs/wine-1 wine.csv'
    """
    data = "DATA" if source.startswith("<") else source
    return shlex.join(["lamina", "predict", str(folder), data])
