"""Findings about numbers, of inputs and of targets alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, warning
from lamina.data.table import LARGEST_EXACT_INTEGER, LARGEST_NUMBER, AbstractTable, ScalarColumn

FILL_OR_REPLACE = "replace it by a number, or leave the cell empty"


def out_of_range(
    table: AbstractTable,
    column: ScalarColumn,
    numbers: np.ndarray,
    beyond: np.ndarray,
    fix: str = FILL_OR_REPLACE,
) -> Finding:
    """Return the error for the rows whose number is infinite, or would be in a network."""
    infinite = beyond[np.isinf(numbers[beyond])]
    if infinite.size:
        where = table.where(int(infinite[0]), column.name)
        return error("infinity", where, f"infinity in {counted(infinite.size, 'row')}", fix)
    row = int(beyond[0])
    message = f"the number {numbers[row]:g} does not fit: single precision ends at ±{LARGEST_NUMBER:.1e}"
    return error("too-large", table.where(row, column.name), message, fix)


def oversized(table: AbstractTable, column: ScalarColumn, row: int, fix: str) -> Finding:
    """Return the error for an integer beyond what a float can hold."""
    message = f"the integer {column.value(row)} does not fit: beyond ±2^53 neighbors become one number"
    return error("oversized-integer", table.where(row, column.name), message, fix)


def oversized_row(column: ScalarColumn, numbers: np.ndarray) -> int | None:
    """Return the first row whose integer, be it written as text, has too many digits for a float."""
    if column.storage != "string":
        return column.oversized()
    for row in np.flatnonzero(np.abs(numbers) >= LARGEST_EXACT_INTEGER)[:100]:
        digits = str(column.value(int(row))).lstrip("+-")
        if digits.isascii() and digits.isdigit() and int(digits) > LARGEST_EXACT_INTEGER:
            return int(row)
    return None


def words_among_numbers(
    table: AbstractTable, column: ScalarColumn, numbers: np.ndarray, missing: np.ndarray
) -> Iterator[Finding]:
    """Yield the warning for a column of numbers in which some cells are none."""
    bad = np.flatnonzero(np.isnan(numbers) & ~missing)
    if bad.size:
        row = int(bad[0])
        message = (
            f"{counted(bad.size, 'cell')} of a numeric column can not be read as a number, "
            f"the first one {column.value(row)!r}; taken as missing"
        )
        fix = "correct the cells, or leave them empty"
        yield warning("not-a-number", table.where(row, column.name), message, fix)
