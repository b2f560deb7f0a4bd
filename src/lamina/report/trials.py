"""What was tried before one setting was kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lamina.core.page import Cell, Paragraph, Table
from lamina.core.wording import count, plain
from lamina.report.wording import any_value

MOST_TRIALS = 50


def trial_table(trials: Sequence[Mapping[str, Any]]) -> list[Paragraph | Table]:
    """Return a heading and the table of what was tried, or nothing.

    Args:
        trials: any keys in each; ``chosen`` marks the one kept.
    """
    shown = list(trials)[:MOST_TRIALS]
    heads = [name for name in dict.fromkeys(key for trial in shown for key in trial) if name != "chosen"]
    numeric = tuple(i for i, name in enumerate(heads) if all(_is_number(t.get(name)) for t in shown))
    cells = [_aligned([trial.get(name) for trial in shown]) for name in heads]
    kept = [Cell("kept", kind="kept") if trial.get("chosen") else "" for trial in shown]
    note = f"The first {MOST_TRIALS} of {count(len(trials))}." if len(trials) > MOST_TRIALS else ""
    titles = [plain(name).replace("_", " ") for name in heads] + [""]
    rows = tuple(zip(*cells, kept, strict=True))
    if not rows:
        return []
    return [
        Paragraph("What was tried", "heading"),
        Table(tuple(titles), rows, numeric=numeric, kind="trials", note=note),
    ]


def _aligned(values: Sequence[Any]) -> list[str]:
    """Return the cells of a column; floats get the same number of decimals."""
    cells = [plain(any_value(value), 80) for value in values]
    if any(isinstance(value, float) for value in values) and not any("e" in cell for cell in cells):
        decimals = min(4, max(len(cell.partition(".")[2]) for cell in cells))
        cells = [
            f"{value:.{decimals}f}" if isinstance(value, float) and math.isfinite(value) else cell
            for value, cell in zip(values, cells, strict=True)
        ]
    return cells


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
