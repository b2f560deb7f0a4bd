"""Checks of a table's columns in test data of their own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note
from lamina.data.audit.numbers import out_of_range
from lamina.data.table import LARGEST_NUMBER, AbstractTable
from lamina.data.words import NUMERIC_SHARE
from lamina.modalities.base import Block


def of_columns(table: AbstractTable, block: Block, other: AbstractTable) -> Iterator[Finding]:
    """Yield what keeps a network that was trained on ``table`` from reading ``other``.

    Args:
        table: the training data.
        block: the columns that are learned from.
        other: the test data.
    """
    for described in block.columns:
        if described.kind == "numeric":
            yield from _of_numbers(table, other, described.name)
        elif described.kind == "category":
            yield from _of_categories(table, other, described.name)


def _of_numbers(table: AbstractTable, other: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield errors for a column that was numeric in training and is not here, or is not finite."""
    column = other.scalar(name)
    numbers, missing = column.numbers(), column.missing()
    bad = np.flatnonzero(np.isnan(numbers) & ~missing)
    beyond = np.flatnonzero(np.abs(numbers) > LARGEST_NUMBER)
    if bad.size > (1 - NUMERIC_SHARE) * max(np.count_nonzero(~missing), 1):
        row = int(bad[0])
        message = f"numeric in training, here {column.value(row)!r}"
        yield error("not-a-number", other.where(row, name), message, "correct the column")
    elif beyond.size:
        yield out_of_range(other, column, numbers, beyond)
    elif other.strict and missing.any() and not table.scalar(name).missing().any():
        message = f"NaN in {counted(int(np.count_nonzero(missing)), 'row')}, none in training"
        yield error("nan", other.where(int(missing.argmax()), name), message, "fill the gaps in")


def _of_categories(table: AbstractTable, other: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield a note for categories that training does not know."""
    known = set(table.scalar(name).distinct().spellings())
    found = other.scalar(name).distinct()
    unknown = np.array([*(word not in known for word in found.spellings()), False])[found.codes]
    if unknown.any():
        row = int(unknown.argmax())
        rows = f"{np.count_nonzero(unknown):,} of {counted(other.height, 'row')}"
        message = (
            f"a category that training never saw in {rows}, the first one {other.scalar(name).value(row)!r}"
        )
        yield note("unseen-category", other.where(row, name), message)
