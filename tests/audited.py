"""What tests of the audit share: a table with some columns to be looked at, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lamina.data import Audit

ROWS = 60
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=ROWS).round(3)
LABELS = [["no", "yes"][i] for i in RANDOM.integers(0, 2, ROWS)]
TRAINING = pl.DataFrame({"a": NOISE, "c": ["u", "v", "w"] * 20, "y": LABELS})
SILENT = {"task-guessed", "target-guessed", "few-rows"}


def csv_of(folder: Path, columns: dict[str, Any], name: str = "t.csv") -> str:
    """Write columns (strict types aside) beside noise and labels as CSV, and return the path."""
    height = len(next(iter(columns.values())))
    frame = pl.DataFrame({"noise": NOISE[:height], "y": LABELS} | columns, strict=False)
    path = str(folder / name)
    frame.write_csv(path)
    return path


def said(result: Audit, path: str = "t.csv") -> list[str]:
    """Return the findings that matter, as text, with the path cut off."""
    return [str(f).replace(path, "t.csv") for f in result.findings if f.code not in SILENT]


def with_cell(values: Sequence[Any] | np.ndarray, row: int, cell: Any) -> list[Any]:
    """Return values of which one is replaced."""
    return [cell if i == row else value for i, value in enumerate(values)]


def with_nan(x: np.ndarray, value: float = np.nan) -> np.ndarray:
    """Return a matrix with another number in row 4 of its second column."""
    x = x.copy()
    x[4, 1] = value
    return x
