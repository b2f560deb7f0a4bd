"""Checks of the table as a whole, and what is to be said of columns that are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable
from lamina.data.words import looks_numeric

# Why a column is left out.
CONSTANT = "every row holds the same value"
EMPTY = "every value is missing"
EQUALS_TARGET = "equals the target"
MIXED_UNITS = "numbers with several units"
ON_REQUEST = "dropped on request"
BESIDE_CELLS = "only the {noun}s are learned from"
DOUBTFUL = "doubtful: "  # begins the detail of a column that is kept for want of others

MIXED_UNITS_CODE = "mixed-units"
FEW_ROWS = 50
NAMED_COLUMNS = 8  # so many columns are named in a list before it is cut
_BESIDE = re.compile(BESIDE_CELLS.format(noun=r"(\w+)"))


def of_reading(table: AbstractTable) -> Iterator[Finding]:
    """Yield findings about how a table was read.

    Args:
        table: the data.
    """
    for doubt, fix in table.doubts:
        yield warning("guessed", table.source, doubt, fix)
    for remark in table.remarks:
        yield note("passed-over", table.source, remark)


def of_table(table: AbstractTable, schema: Schema, unreadable: Mapping[str, str]) -> Iterator[Finding]:
    """Yield findings about the table as a whole.

    Args:
        table: the data.
        schema: columns and their roles.
        unreadable: column → what keeps a modality from reading it.
    """
    yield from of_reading(table)
    if table.first_line >= 2 and all(looks_numeric(name) for name in table.names):
        message = "all column names are numbers: the first row seems to be data"
        yield warning("no-header", table.where(), message, "put a line with the column names above it")
    if not schema.inputs:
        fix = (
            'name the columns to learn from: keep=["..."]' if schema.dropped else "add columns to learn from"
        )
        fix = next((unreadable[name] for name, _ in schema.dropped if name in unreadable), fix)
        yield error("no-inputs", table.source, _no_inputs(schema), fix)
    elif table.height < FEW_ROWS:
        yield note(
            "few-rows", table.source, f"only {counted(table.height, 'row')}: the metrics will be rough"
        )


def _no_inputs(schema: Schema) -> str:
    """Return why no input is left."""
    if not schema.dropped:
        return "there is no column beside the target"
    return "no column is left to learn from: " + listed(
        [f"'{n}' ({reason})" for n, reason in schema.dropped], "; "
    )


def listed(words: Sequence[str], between: str = ", ") -> str:
    """Return the first words, and how many more there are."""
    more = len(words) - NAMED_COLUMNS
    return between.join(words[:NAMED_COLUMNS]) + (f" and {more:,} more" if more > 0 else "")


def of_dropped(table: AbstractTable, schema: Schema, unreadable: Mapping[str, str]) -> Iterator[Finding]:
    """Yield findings about the columns that are not learned from.

    Args:
        table: the data.
        schema: columns and their roles.
        unreadable: column → what keeps a modality from reading it.
    """
    constants = [f"'{name}'" for name, reason in schema.dropped if reason == CONSTANT]
    if constants:
        yield note("constant", table.source, f"left out, as {CONSTANT}: {listed(constants)}")
    for reason in dict.fromkeys(reason for _, reason in schema.dropped if _BESIDE.fullmatch(reason)):
        names = [f"'{name}'" for name, other in schema.dropped if other == reason]
        noun = _BESIDE.fullmatch(reason)[1]  # type: ignore[index]
        yield note(f"beside-{noun}s", table.source, f"left out, as {reason}: {listed(names)}")
    for name, reason in schema.dropped:
        if reason not in (ON_REQUEST, CONSTANT) and not _BESIDE.fullmatch(reason):
            yield _of_one(table, name, reason, unreadable.get(name, ""))


def _of_one(table: AbstractTable, name: str, reason: str, unreadable: str) -> Finding:
    where = table.where(name=name)
    keep = f'to learn from it all the same: keep=["{name}"]'
    if reason == EQUALS_TARGET:
        message = "left out: it equals the target, so it would give the answer away"
        return warning(code_of(reason), where, message, f'{keep}; to silence this: drop=["{name}"]')
    if reason == EMPTY:
        return warning("empty-column", where, f"left out: {reason}", "fill it in, or remove it")
    if code_of(reason) == MIXED_UNITS_CODE:
        keep = f'write all cells in one unit; to learn from it as categories: keep=["{name}"]'
    fix = f"{unreadable}; {keep}" if unreadable else keep
    return warning(code_of(reason), where, f"left out: {reason}", fix)


def of_doubtful(table: AbstractTable, schema: Schema, keep: Sequence[str]) -> Iterator[Finding]:
    """Yield what is to be said of columns that are learned from for want of better ones.

    Args:
        table: the data.
        schema: columns and their roles.
        keep: columns that somebody asked for.
    """
    for column in schema.inputs:
        if column.detail.startswith(DOUBTFUL) and column.name not in keep:
            reason = column.detail.removeprefix(DOUBTFUL)
            message = f"kept although it is doubtful ({reason}): there is no other column to learn from"
            say = note if table.strict else warning  # small arrays of this form are tried out every day
            yield say(code_of(reason), table.where(name=column.name), message, "add columns to learn from")


def code_of(reason: str) -> str:
    """Return the code of the finding that a reason leads to.

    Example:
        >>> code_of("identifier (counts the rows)")
        'identifier'
    """
    if reason.startswith(MIXED_UNITS):
        return MIXED_UNITS_CODE
    return {EQUALS_TARGET: "equals-target"}.get(reason, "text" if reason.startswith("free") else "identifier")
