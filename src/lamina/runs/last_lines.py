"""The last lines of a run: how good, where it lies, what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.core.wording import counted, duration
from lamina.objectives.metrics import metric_number
from lamina.runs.console import Console

if TYPE_CHECKING:
    from lamina.network.fit import Fitted

Interval = tuple[float, float]
NAME, CELL = 18, 30


def metric_table(
    parts: Mapping[str, Mapping[str, float | None]],
    intervals: Mapping[str, Mapping[str, Interval]],
    rows: Mapping[str, int],
    *,
    noun: str = "row",
) -> str:
    """Return metrics as aligned lines, each with its 95 % interval.

    Args:
        parts: heading → metrics.
        intervals: heading → interval of each metric.
        rows: heading → how many examples were measured.
        noun: what an example is called.

    Example:
        >>> print(metric_table({"test": {"mae": 0.5123}}, {"test": {"mae": (0.49, 0.53)}}, {"test": 90}))
                          test (90 rows)
        mae               0.512 (0.490 to 0.530)
    """
    heads = [f"{name} ({counted(rows[name], noun)})" for name in parts]
    rows_of_cells = [("", heads)]
    for metric in next(iter(parts.values()), {}):
        cells = [_cell(parts[name].get(metric), intervals.get(name, {}).get(metric)) for name in parts]
        rows_of_cells.append((metric, cells))
    width = max([CELL, *(len(cell) + 2 for _, cells in rows_of_cells for cell in cells)])
    lines = [f"{name:<{NAME}}" + "".join(f"{c:<{width}}" for c in cells) for name, cells in rows_of_cells]
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return ""
    shown = metric_number(value, interval)
    if interval is None or interval[0] != interval[0]:
        return shown
    low, high = (metric_number(end, interval) for end in interval)
    return f"{shown} ({low} to {high})"


def print_metrics(console: Console, fitted: Fitted, intervals: Mapping[str, Mapping[str, Interval]]) -> None:
    """Say the metrics on the validation and test rows.

    Args:
        console: says them.
        fitted: the network with its outputs.
        intervals: part → interval of each metric.
    """
    info = fitted.network.info
    if info.metrics:
        rows = {name: len(judged.targets) for name, judged in fitted.evaluated.items()}
        console.print()
        console.print(metric_table(info.metrics, intervals, rows, noun=fitted.network.objective.noun))


def print_last_lines(
    console: Console, fitted: Fitted, folder: Path, *, seconds: float, compiled: float
) -> None:
    """Say what was kept, how long it took, where it lies and what to type next.

    Args:
        console: says it.
        fitted: the network.
        folder: the run folder.
        seconds: how long the run took.
        compiled: how much of it was compiling.
    """
    info, networks = fitted.network.info, len(fitted.plan.models)
    console.print()
    kept = f"the weights of epoch {info.best_epoch} of {info.epochs}"
    if networks > 1:
        best = ", ".join(str(fold["best_epoch"]) for fold in info.folds)
        kept = f"the weights of epochs {best} of {networks} networks"
    for trial in info.trials:
        console.field("tried", _trial(trial))
    console.field("kept", f"{kept}; ended by {ended_by(info.ended)}")
    console.field("took", f"{duration(seconds)}, {duration(compiled)} of it compiling")
    console.field("run", f"{folder} (report.html, network/)")
    task, source = fitted.network.task, fitted.plan.data.table.source
    next_one = next_command(folder, source, files=task.writes_files)
    if not task.predicts:
        verb, own = next(iter(task.verbs.items()))
        next_one = f"{shlex.join(['lamina', verb, str(folder)])} {own.tried(fitted.network.target)}"
    console.field("next", next_one)


def _trial(trial: Mapping[str, Any]) -> str:
    words = [f"{name} {value:.4g}" for name, value in trial.items() if name != "chosen"]
    return ", ".join(words) + (" (kept)" if trial.get("chosen") else "")


def ended_by(ended: str) -> str:
    """Return why a training ended, as the end of "ended by …".

    Example:
        >>> ended_by("epochs")
        'the number of epochs'
    """
    return {"epochs": "the number of epochs", "time limit": "the time limit"}.get(ended, ended)


def next_command(folder: Path, source: str, *, files: bool = False) -> str:
    """Return what to type next: predictions for the data that were given, as a pattern for others.

    Args:
        folder: of the run.
        source: the data that were given.
        files: whether predictions are files, which need a folder.

    Example:
        >>> next_command(Path("runs/wine-1"), "wine.csv")
        'lamina predict runs/wine-1 wine.csv'
    """
    data = "DATA" if source.startswith("<") else source
    out = ["--out", "predictions"] if files else []
    return shlex.join(["lamina", "predict", str(folder), data, *out])
