"""Checks of the inputs, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lamina.data import dates
from lamina.data.audit.findings import Finding
from lamina.data.encoders.category import MOST_CATEGORIES
from lamina.data.kinds import CONSTANT, EQUALS_TARGET, ON_REQUEST
from lamina.data.leaks import follows_target
from lamina.data.schema import ColumnSchema, Schema
from lamina.data.table import LARGEST_EXACT_INTEGER, AbstractColumn, AbstractTable
from lamina.data.words import looks_numeric

FEW_ROWS = 50
NAMED_COLUMNS = 8  # so many columns are named in a list before it is cut


def of_table(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield findings about the table as a whole."""
    if table.first_line == 2 and all(looks_numeric(name) for name in table.names):
        yield Finding(
            "warning", "no-header", "all column names are numbers: the first row seems to be data", table.where(),
            "put a line with the column names above it",
        )  # fmt: skip
    if not schema.inputs:
        yield Finding(
            "error", "no-inputs", _no_inputs(schema), table.source,
            'name the columns to learn from: keep=["..."]' if schema.dropped else "add columns to learn from",
        )  # fmt: skip
    elif table.height < FEW_ROWS:
        yield Finding(
            "note", "few-rows", f"only {table.height} rows: the metrics will be rough", table.source
        )


def _no_inputs(schema: Schema) -> str:
    """Return why no input is left."""
    if not schema.dropped:
        return "there is no column beside the target"
    reasons = "; ".join(f"'{name}' ({reason})" for name, reason in schema.dropped[:NAMED_COLUMNS])
    return f"no column is left to learn from: {reasons}"


def of_inputs(
    table: AbstractTable, schema: Schema, *, allow_missing: bool, keep: Sequence[str] = ()
) -> Iterator[Finding]:
    """Yield findings about each column that is learned from or was left out."""
    constants = [name for name, reason in schema.dropped if reason == CONSTANT]
    if constants:
        shown = _shortened([f"'{name}'" for name in constants])
        yield Finding("note", "constant", f"left out, as {CONSTANT}: {shown}", table.source)
    for name, reason in schema.dropped:
        if reason not in (ON_REQUEST, CONSTANT):
            yield _left_out(table, name, reason)
    gaps: list[tuple[str, int]] = []
    for described in schema.inputs:
        column = table.column(described.name)
        missing = column.missing()
        count = int(np.count_nonzero(missing))
        if count and not allow_missing:
            yield _not_a_number(table, described.name, int(missing.argmax()), count)
        elif count:
            gaps.append((described.name, count))
        yield from _of_values(table, described, column, missing)
        if described.name not in keep:
            yield from _doubtful(table, schema, described)
    if gaps:
        shown = _shortened([f"'{name}' ({count / table.height:.1%})" for name, count in gaps])
        yield Finding(
            "note", "missing", f"values are missing in {shown}; the network is told which", table.source
        )


def _shortened(words: list[str]) -> str:
    """Return the first words, and how many more there are."""
    more = len(words) - NAMED_COLUMNS
    return ", ".join(words[:NAMED_COLUMNS]) + (f" and {more:,} more" if more > 0 else "")


def _left_out(table: AbstractTable, name: str, reason: str) -> Finding:
    """Return the finding for a column that is not learned from."""
    where = table.where(name=name)
    keep = f'to learn from it all the same: keep=["{name}"]'
    if reason == "every value is missing":
        return Finding("warning", "empty-column", f"left out: {reason}", where, "fill it in, or remove it")
    if reason == EQUALS_TARGET:
        message = "left out: it equals the target, so it would give the answer away"
        return Finding(
            "warning", code_of(reason), message, where, f'{keep}; to silence this: drop=["{name}"]'
        )
    return Finding("warning", code_of(reason), f"left out: {reason}", where, keep)


def code_of(reason: str) -> str:
    """Return the code of the finding that a reason leads to.

    Example:
        >>> code_of("identifier (counts the rows)")
        'identifier'
    """
    return {EQUALS_TARGET: "equals-target"}.get(reason, "text" if reason.startswith("free") else "identifier")


def _doubtful(table: AbstractTable, schema: Schema, described: ColumnSchema) -> Iterator[Finding]:
    """Yield a warning for a column that is learned from although it may be worth nothing, or too much."""
    where, name = table.where(name=described.name), described.name
    if described.detail.startswith("doubtful: "):
        reason = described.detail.removeprefix("doubtful: ")
        message = f"kept although it is doubtful ({reason}): there is no other column to learn from"
        yield Finding("warning", code_of(reason), message, where, "add columns to learn from")
    elif schema.task == "regression" and described.kind == "numeric" and len(schema.inputs) > 1:
        if any(follows_target(table.column(name), table.labels(target)) for target in schema.targets):
            message = "rises and falls with the target in every row: it may give the answer away"
            yield Finding("warning", "follows-target", message, where, f'to leave it out: drop=["{name}"]')


def _not_a_number(table: AbstractTable, name: str, row: int, count: int) -> Finding:
    """Return the finding for NaN in arrays."""
    rows = f"{count} row{'s' if count > 1 else ''}"
    return Finding("error", "nan", f"NaN in {rows}", table.where(row, name),
                   "fill the gaps in, or say that they are meant: allow_missing=true")  # fmt: skip


def _of_values(
    table: AbstractTable, described: ColumnSchema, column: AbstractColumn, missing: np.ndarray
) -> Iterator[Finding]:
    """Yield findings about the values of one input column."""
    if described.kind == "numeric":
        yield from _of_numbers(table, column, missing)
    elif described.kind == "datetime" and described.detail:
        yield from _of_dates(table, described, column, missing)
    elif described.kind == "category":
        yield from _of_categories(table, column)


def _of_numbers(table: AbstractTable, column: AbstractColumn, missing: np.ndarray) -> Iterator[Finding]:
    """Yield findings about numbers: infinite, too large to be exact, or words among them."""
    numbers = column.numbers()
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        rows = f"{infinite.size} row{'s' if infinite.size > 1 else ''}"
        yield Finding("error", "infinity", f"infinity in {rows}", table.where(int(infinite[0]), column.name),
                      "replace it by a number, or leave the cell empty")  # fmt: skip
    row = column.oversized() if column.storage != "string" else oversized_text(column, numbers)
    if row is not None:
        yield Finding(
            "error", "oversized-integer",
            f"the integer {column.value(row)} does not fit: beyond ±2^53 neighbors become one number",
            table.where(row, column.name),
            f'leave the column out with drop=["{column.name}"], or scale it down; codes belong in a text column',
        )  # fmt: skip
    if column.storage == "string":
        yield from words_among_numbers(table, column, numbers, missing)


def oversized_text(column: AbstractColumn, numbers: np.ndarray) -> int | None:
    """Return the first row whose digits, in a text column, are too many for a float."""
    for row in np.flatnonzero(np.abs(numbers) > LARGEST_EXACT_INTEGER)[:100]:
        if str(column.value(int(row))).lstrip("+-").isdigit():
            return int(row)
    return None


def words_among_numbers(
    table: AbstractTable, column: AbstractColumn, numbers: np.ndarray, missing: np.ndarray
) -> Iterator[Finding]:
    """Yield the warning for a column of numbers in which some cells are none."""
    bad = np.flatnonzero(np.isnan(numbers) & ~missing)
    if not bad.size:
        return
    row = int(bad[0])
    cells = f"{bad.size} cell{'s are' if bad.size > 1 else ' is'}"
    yield Finding(
        "warning", "not-a-number",
        f"{cells} no number in a numeric column, the first one {column.value(row)!r}; taken as missing",
        table.where(row, column.name), "correct the cells, or leave them empty",
    )  # fmt: skip


def _of_dates(
    table: AbstractTable, described: ColumnSchema, column: AbstractColumn, missing: np.ndarray
) -> Iterator[Finding]:
    """Yield findings about dates written as text."""
    bad = np.flatnonzero(np.isnan(column.seconds(described.detail)) & ~missing)
    if bad.size:
        row = int(bad[0])
        yield Finding(
            "warning", "not-a-date",
            f"{bad.size} cell{'s are' if bad.size > 1 else ' is'} no date like the others ({described.detail}), "
            f"the first one {column.value(row)!r}; taken as missing",
            table.where(row, column.name), "write all dates alike, best as 2025-01-31",
        )  # fmt: skip
    if dates.ambiguous(column, described.detail):
        yield Finding("note", "ambiguous-dates", f"read as {described.detail}; day and month could be exchanged",
                      table.where(name=column.name), "write dates as 2025-01-31")  # fmt: skip


def _of_categories(table: AbstractTable, column: AbstractColumn) -> Iterator[Finding]:
    """Yield findings about categories."""
    values = column.distinct().values
    if len(values) > MOST_CATEGORIES:
        yield Finding("note", "many-categories",
                      f"{len(values):,} categories: the {MOST_CATEGORIES:,} most frequent are told apart",
                      table.where(name=column.name))  # fmt: skip
    folded = {str(v).casefold() for v in values} if len(values) <= 1000 else values
    if len(folded) < len(values):
        yield Finding("note", "spelling", f"{len(values) - len(folded)} categories differ from another in case only",
                      table.where(name=column.name), "write each category in one way")  # fmt: skip
