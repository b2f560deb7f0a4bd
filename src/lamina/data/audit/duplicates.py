"""Rows that stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.data.audit.findings import Finding, note, warning
from lamina.data.cells import CellColumn
from lamina.data.hashing import mixed
from lamina.data.schema import Schema
from lamina.data.split import Split
from lamina.data.table import AbstractColumn, AbstractTable, ScalarColumn

COUNTER = "counts the rows"  # in the reason for which a column is left out
WORTH_A_WARNING = 0.01  # share of the held-out rows


def compared_columns(table: AbstractTable, schema: Schema) -> dict[str, str]:
    """Return the columns by which rows are compared, with their kinds: all but counters and the split.

    Texts and names that are not learned from count too: two passengers of one age and fare are no copies.
    """
    kinds = {column.name: column.kind for column in schema.inputs}
    counters = {name for name, reason in schema.dropped if COUNTER in reason}
    unlike = {*counters, schema.split, schema.weight}
    return {name: kinds.get(name, "") for name in table.names if name not in unlike}


def row_hashes(table: AbstractTable, columns: dict[str, str]) -> np.ndarray:
    """Return a uint64 for each row, equal for rows with equal values in the columns, O(rows · columns)."""
    result = np.zeros(table.height, np.uint64)
    for name, kind in columns.items():
        column = table.column(name)
        own = _hashed(column, kind) if isinstance(column, ScalarColumn) else _of_cells(column)
        result = mixed(result, own)
    return result


def _of_cells(column: AbstractColumn) -> np.ndarray:
    """Return a uint64 for each cell, equal for equal contents; where they are not compared, for none."""
    digests = column.digests() if isinstance(column, CellColumn) else None
    return np.arange(len(column), dtype=np.uint64) if digests is None else digests


def _hashed(column: ScalarColumn, kind: str) -> np.ndarray:
    """Return a uint64 for each value of a column, the same in every table."""
    if kind == "numeric" or (column.storage not in ("string", "datetime") and kind != "category"):
        numbers = column.numbers() + 0.0  # no negative zero
        return np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64)
    found = column.distinct()
    words = [hash(word) & 0xFFFFFFFFFFFFFFFF for word in found.spellings()]
    return np.array([*words, 1], np.uint64)[found.codes]


def across(table: AbstractTable, schema: Schema, parts: Split) -> Iterator[Finding]:
    """Yield what is to be said of held-out rows that equal a training row."""
    held = np.concatenate([parts.valid, parts.test])
    if not held.size:
        return
    hashes = row_hashes(table, compared_columns(table, schema))
    chosen = schema.split is not None
    name = (
        "validation and test"
        if parts.valid.size and parts.test.size
        else "validation"
        if parts.valid.size
        else "test"
    )
    repeated = held[np.isin(hashes[held], hashes[parts.train])]
    natural = np.unique(hashes).size < 0.5 * hashes.size  # a few categories make few different rows
    fix = "remove the copies" if chosen else 'remove the copies, or keep them on one side with group="..."'
    if not natural:
        yield from of_repeated(table, repeated, held.size, f"{name} rows equal a training row", fix)


def between(table: AbstractTable, schema: Schema, parts: Split, other: AbstractTable) -> Iterator[Finding]:
    """Yield what is to be said of rows of test data that equal a training row."""
    columns = {name: kind for name, kind in compared_columns(table, schema).items() if name in other.names}
    hashes, others = row_hashes(table, columns), row_hashes(other, columns)
    repeated = np.flatnonzero(np.isin(others, hashes[parts.train]))
    natural = np.unique(hashes).size < 0.5 * hashes.size
    if not natural:
        fix = "remove the copies from one of the two"
        yield from of_repeated(other, repeated, other.height, "test rows equal a training row", fix)


def of_repeated(
    table: AbstractTable,
    repeated: np.ndarray,
    held: int,
    words: str,
    fix: str,
    *,
    column: str | None = None,
    is_grave: bool = True,
) -> Iterator[Finding]:
    """Yield a warning where what repeats can change the metrics, a note where it cannot.

    Args:
        table: that holds it.
        repeated: rows that equal something in training.
        held: rows that were held out.
        words: what equals what, behind the two counts.
        fix: what to do.
        column: where it stands, if it is no whole row.
        is_grave: whether it changes the metrics at all.
    """
    if not repeated.size:
        return
    say = warning if is_grave and repeated.size > WORTH_A_WARNING * held else note
    message = f"{repeated.size:,} of {held:,} {words}, which flatters the metrics"
    yield say("duplicates", table.where(int(repeated[0]), column), message, fix)
