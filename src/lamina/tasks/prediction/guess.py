"""Which of the four tasks of prediction a target asks for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.spellings import NumberForm
from lamina.data.table import AbstractTable, Distinct, ScalarColumn
from lamina.data.words import NUMERIC_SHARE

MOST_INTEGER_CLASSES = 20
ROWS_PER_CLASS = 20  # integers are classes if each stands for this many rows, or 5 % of them


def guess_task(table: AbstractTable, targets: Sequence[str]) -> str:
    """Return the task that the target columns ask for.

    One target: two values, or booleans, are binary; texts are classes; few different integers are classes;
    other numbers are regression. Several targets: multilabel if all are 0 or 1, otherwise regression.

    Raises:
        DataError: several targets that are not numbers, or dates.
    """
    columns: list[ScalarColumn] = []
    for name in targets:
        if name in table.cell_names:
            message = f"a column of {table.column(name).storage}s is no target"
            fix = "name a column of labels or numbers"
            raise DataError(message, where=table.where(name=name), fix=fix)
        column = table.labels(name)
        if column.storage == "datetime":
            raise DataError(
                "a date cannot be predicted as it is",
                where=table.where(name=column.name),
                fix="make it a number, such as days since the start",
            )
        columns.append(column)
    if len(columns) == 1 and table.cell_names and columns[0].storage == "string":
        return _classes(len(columns[0].distinct().values))  # names of folders
    if len(columns) == 1:
        spelled = columns[0].storage == "string" and NumberForm.parse(columns[0].form) is not None
        return _spelled(columns[0]) if spelled else _single(columns[0])
    if all(_is_flag(column) for column in columns):
        return "multilabel"
    for column in columns:
        if column.storage == "string" and NumberForm.parse(column.form) is None:
            raise DataError(
                "one of several targets is text",
                where=table.where(name=column.name),
                expected="numbers (regression) or 0 and 1 (multilabel)",
                fix="name one target, or turn the text into 0/1 columns",
            )
    return "regression"


def _classes(count: int) -> str:
    return "binary" if count == 2 else "multiclass"


def _single(column: ScalarColumn) -> str:
    """Return the task of a single target."""
    if column.storage == "boolean":
        return "binary"
    if column.storage == "float":
        return "binary" if _has_two_values(column.numbers()) else "regression"
    values = column.distinct()
    if len(values.values) == 2:
        return "binary"
    if column.storage == "string":
        return "regression" if _numbers_as_text(column, values) else "multiclass"
    return "multiclass" if _few(values.values, int((values.codes >= 0).sum())) else "regression"


def _spelled(column: ScalarColumn) -> str:
    """Return the task of texts that are read as numbers: that of the plain numbers; two texts are classes."""
    values, numbers = column.with_form("").distinct(), column.numbers()
    numbers = numbers[~np.isnan(numbers)]
    if len(values.values) == 2:
        return "binary"
    if (numbers != np.floor(numbers)).any():
        return "regression"
    return "multiclass" if _few(tuple(map(int, np.unique(numbers))), numbers.size) else "regression"


def _numbers_as_text(column: ScalarColumn, values: Distinct) -> bool:
    """Return whether texts are numbers, bar a few bad cells, and too many different ones to be classes."""
    known = int((values.codes >= 0).sum())
    if column.categorical or len(values.values) <= max(MOST_INTEGER_CLASSES, known / ROWS_PER_CLASS):
        return False
    return bool(np.count_nonzero(~np.isnan(column.numbers())) >= NUMERIC_SHARE * known)


def _few(values: tuple[int, ...], rows: int) -> bool:
    """Return whether integers are so few, beside the rows, that they must be classes."""
    if len(values) > MOST_INTEGER_CLASSES:
        return False
    running = len(values) > 1 and values[0] in (0, 1) and values[-1] - values[0] == len(values) - 1
    return len(values) <= rows / ROWS_PER_CLASS or (running and len(values) <= rows / 3)


def _has_two_values(numbers: np.ndarray) -> bool:
    """Return whether exactly two values stand in the array, NaN aside."""
    known = numbers[~np.isnan(numbers)]
    if not known.size:
        return False
    low, high = known.min(), known.max()
    return bool(low < high and ((known == low) | (known == high)).all())


def _is_flag(column: ScalarColumn) -> bool:
    """Return whether a column holds 0, 1, true and false only."""
    if column.storage in ("string", "datetime"):
        return False
    numbers = column.numbers()
    known = numbers[~np.isnan(numbers)]
    return bool(((known == 0) | (known == 1)).all())
