"""Checks of the inputs, column by column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from lamina.core.wording import counted
from lamina.data import dates
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.encoders.category import MOST_CATEGORIES
from lamina.data.images.paths import absent_words
from lamina.data.kinds import CONSTANT, EQUALS_TARGET, ON_REQUEST
from lamina.data.leaks import follows_target
from lamina.data.schema import ColumnSchema, Schema
from lamina.data.table import LARGEST_EXACT_INTEGER, LARGEST_NUMBER, AbstractTable, ScalarColumn
from lamina.data.words import looks_numeric

FEW_ROWS = 50
NAMED_COLUMNS = 8  # so many columns are named in a list before it is cut
FILL_OR_REPLACE = "replace it by a number, or leave the cell empty"
_DRESSED_NUMBER = re.compile(r"^[$€£¥]?\s*[+-]?\d[\d.,' ]*\s*[%$€£¥]?$")


def of_table(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield findings about the table as a whole."""
    if table.first_line == 2 and all(looks_numeric(name) for name in table.names):
        message = "all column names are numbers: the first row seems to be data"
        yield warning("no-header", table.where(), message, "put a line with the column names above it")
    if not schema.inputs:
        fix = (
            'name the columns to learn from: keep=["..."]' if schema.dropped else "add columns to learn from"
        )
        absent = next((w for name, _ in schema.dropped if (w := absent_words(table, name))), "")
        fix = absent or fix
        yield error("no-inputs", table.source, _no_inputs(schema), fix)
    elif table.height < FEW_ROWS:
        yield note(
            "few-rows", table.source, f"only {counted(table.height, 'row')}: the metrics will be rough"
        )


def _no_inputs(schema: Schema) -> str:
    """Return why no input is left."""
    if not schema.dropped:
        return "there is no column beside the target"
    return "no column is left to learn from: " + _listed(
        [f"'{n}' ({reason})" for n, reason in schema.dropped], "; "
    )


def _listed(words: list[str], between: str = ", ") -> str:
    """Return the first words, and how many more there are."""
    more = len(words) - NAMED_COLUMNS
    return between.join(words[:NAMED_COLUMNS]) + (f" and {more:,} more" if more > 0 else "")


def of_inputs(
    table: AbstractTable, schema: Schema, *, allow_missing: bool, keep: Sequence[str] = ()
) -> Iterator[Finding]:
    """Yield findings about each column that is learned from or was left out."""
    yield from _of_dropped(table, schema)
    gaps: list[str] = []
    for described in schema.inputs:
        column = table.scalar(described.name)
        missing = column.missing()
        count = int(np.count_nonzero(missing))
        if count and not allow_missing:
            fix = "fill the gaps in, or say that they are meant: allow_missing=True"
            where = table.where(int(missing.argmax()), described.name)
            yield error("nan", where, f"NaN in {counted(count, 'row')}", fix)
        elif count:
            gaps.append(f"'{described.name}' ({count / table.height:.1%})")
        yield from _of_values(table, described, column, missing)
        if described.name not in keep:
            yield from _doubtful(table, schema, described)
    if gaps:
        yield note(
            "missing", table.source, f"values are missing in {_listed(gaps)}; the network is told which"
        )


def _of_dropped(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield findings about the columns that are not learned from."""
    constants = [f"'{name}'" for name, reason in schema.dropped if reason == CONSTANT]
    if constants:
        yield note("constant", table.source, f"left out, as {CONSTANT}: {_listed(constants)}")
    for name, reason in schema.dropped:
        where = table.where(name=name)
        keep = f'to learn from it all the same: keep=["{name}"]'
        if reason in (ON_REQUEST, CONSTANT):
            continue
        if reason == EQUALS_TARGET:
            message = "left out: it equals the target, so it would give the answer away"
            yield warning(code_of(reason), where, message, f'{keep}; to silence this: drop=["{name}"]')
        elif reason == "every value is missing":
            yield warning("empty-column", where, f"left out: {reason}", "fill it in, or remove it")
        else:
            absent = absent_words(table, name)
            fix = f"{absent}; {keep}" if absent else keep
            yield warning(code_of(reason), where, f"left out: {reason}", fix)


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
        say = note if table.strict else warning  # small arrays of this form are tried out every day
        yield say(code_of(reason), where, message, "add columns to learn from")
    elif schema.task == "regression" and described.kind == "numeric" and len(schema.inputs) > 1:
        if any(follows_target(table.scalar(name), table.labels(target)) for target in schema.targets):
            message = "rises and falls with the target in every row: it may give the answer away"
            yield warning("follows-target", where, message, f'to leave it out: drop=["{name}"]')


def _of_values(
    table: AbstractTable, described: ColumnSchema, column: ScalarColumn, missing: np.ndarray
) -> Iterator[Finding]:
    """Yield findings about the values of one input column."""
    if described.kind == "numeric":
        yield from _of_numbers(table, column, missing)
    elif described.kind == "datetime" and described.detail:
        yield from _of_dates(table, described.detail, column, missing)
    elif described.kind == "category":
        yield from _of_categories(table, column)


def _of_numbers(table: AbstractTable, column: ScalarColumn, missing: np.ndarray) -> Iterator[Finding]:
    """Yield findings about numbers: infinite, too large, too large to be exact, or words among them."""
    numbers = column.numbers()
    beyond = np.flatnonzero(np.abs(numbers) > LARGEST_NUMBER)
    if beyond.size:
        yield out_of_range(table, column, numbers, beyond)
        return
    row = oversized_row(column, numbers)
    if row is not None:
        fix = f'leave it out with drop=["{column.name}"], or scale it down; codes belong in a text column'
        yield oversized(table, column, row, fix)
    if column.storage == "string":
        yield from words_among_numbers(table, column, numbers, missing)


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


def _of_dates(
    table: AbstractTable, form: str, column: ScalarColumn, missing: np.ndarray
) -> Iterator[Finding]:
    """Yield findings about dates written as text."""
    bad = np.flatnonzero(np.isnan(column.seconds(form)) & ~missing)
    where, fix = table.where(name=column.name), "write all dates alike, best as 2025-01-31"
    if bad.size:
        row = int(bad[0])
        message = (
            f"{counted(bad.size, 'cell')} of a column of dates can not be read as {form}, "
            f"the first one {column.value(row)!r}; taken as missing"
        )
        yield warning("not-a-date", table.where(row, column.name), message, fix)
    if dates.BETWEEN_FORMATS in form:
        shown = " and ".join(form.split(dates.BETWEEN_FORMATS))
        yield warning("mixed-dates", where, f"dates are written in several ways, read as {shown}", fix)
    if dates.ambiguous(column, form):
        yield note("ambiguous-dates", where, f"read as {form}; day and month could be exchanged", fix)


def _of_categories(table: AbstractTable, column: ScalarColumn) -> Iterator[Finding]:
    """Yield findings about categories."""
    values, where = column.distinct().values, table.where(name=column.name)
    if len(values) > MOST_CATEGORIES:
        message = f"{len(values):,} categories: the {MOST_CATEGORIES:,} most frequent are told apart"
        yield note("many-categories", where, message)
    words = [str(value) for value in values[:1000]]
    alike = len(words) - len({word.casefold() for word in words})
    if alike:
        differ = f"{counted(alike, 'value')} differ{'s' if alike == 1 else ''} from another in case only"
        yield note("spelling", where, differ, "write each category in one way")
    dressed = [word for word in words if _DRESSED_NUMBER.match(word)]
    if len(dressed) > 0.5 * len(words) and not all(map(looks_numeric, dressed)):
        message = f"most values look like numbers, such as {dressed[0]!r}; learned as categories"
        yield note("numbers-as-text", where, message, "write plain numbers: 1234.5")
    elif len(dressed) > 0.5 * len(words) and len(words) > 10 and not column.categorical:
        message = f"{len(dressed) / len(words):.0%} of the values are numbers; learned as categories"
        yield note("mixed-types", where, message, "if it is a quantity, empty the cells that are no number")
