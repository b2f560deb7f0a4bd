"""Checks of a table's inputs, column by column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit import duplicates
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.audit.numbers import out_of_range, oversized, oversized_row, words_among_numbers
from lamina.data.audit.roles import listed
from lamina.data.audit.spelled import of_spelled_numbers, of_units, of_written_dates
from lamina.data.leaks import follows_target
from lamina.data.schema import ColumnSchema
from lamina.data.spellings import is_number
from lamina.data.split import Split
from lamina.data.table import LARGEST_NUMBER, AbstractTable, ScalarColumn
from lamina.data.words import looks_numeric
from lamina.modalities.base import AbstractCheck, Block, Subject
from lamina.modalities.table import second
from lamina.modalities.table.category import MOST_CATEGORIES


class TableCheck(AbstractCheck):
    """The checks of a table's columns.

    Args:
        subject: the data with their roles.
        block: the columns that are learned from.
        day_first: whether somebody said that the day comes before the month.
    """

    def __init__(self, subject: Subject, block: Block, *, day_first: bool | None = None):
        self.subject, self.block, self.day_first = subject, block, day_first
        self.table, self.schema = subject.table, subject.schema

    def findings(self) -> Iterator[Finding]:
        """Yield findings about each column that is learned from."""
        gaps: list[str] = []
        for described in self.block.columns:
            column = self.table.scalar(described.name)
            missing = column.missing()
            count = int(np.count_nonzero(missing))
            if count and self.subject.strict:
                fix = "fill the gaps in, or say that they are meant: allow_missing=True"
                where = self.table.where(int(missing.argmax()), described.name)
                yield error("nan", where, f"NaN in {counted(count, 'row')}", fix)
            elif count:
                gaps.append(f"'{described.name}' ({count / self.table.height:.1%})")
            yield from self._of_values(described, column, missing)
            if described.name not in self.subject.keep:
                yield from self._doubtful(described)
        if gaps:
            message = f"values are missing in {listed(gaps)}; the network is told which"
            yield note("missing", self.table.source, message)

    def _doubtful(self, described: ColumnSchema) -> Iterator[Finding]:
        """Yield a warning for a column that is learned from although it may give the answer away."""
        name, schema = described.name, self.schema
        written = self.table.scalar(name).form
        if (described.detail and not written) or not schema.has_numbers or described.kind != "numeric":
            return
        if len(schema.inputs) > 1:
            column = self.table.scalar(name)
            if any(follows_target(column, self.table.labels(target)) for target in schema.targets):
                message = "rises and falls with the target in every row: it may give the answer away"
                fix = f'to leave it out: drop=["{name}"]'
                yield warning("follows-target", self.table.where(name=name), message, fix)

    def _of_values(
        self, described: ColumnSchema, column: ScalarColumn, missing: np.ndarray
    ) -> Iterator[Finding]:
        """Yield findings about the values of one input column."""
        if described.kind == "numeric":
            yield from of_spelled_numbers(self.table, column)
            yield from _of_numbers(self.table, column, missing)
        elif described.kind == "datetime" and described.detail:
            yield from of_written_dates(self.table, described.detail, column, missing, self.day_first)
        elif described.kind == "category":
            yield from of_units(self.table, column)
            yield from _of_categories(self.table, column)

    def across(self, split: Split) -> Iterator[Finding]:
        """Yield what is to be said of held-out rows that equal a training row."""
        yield from duplicates.across(self.table, self.schema, split)

    def second(self, other: AbstractTable, split: Split) -> Iterator[Finding]:
        """Yield what is wrong with test data of their own."""
        found = list(second.of_columns(self.table, self.block, other))
        yield from found
        if not any(finding.level == "error" for finding in found):
            yield from duplicates.between(self.table, self.schema, split, other)


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
    dressed = [] if column.categorical else [word for word in words if is_number(word)]
    if len(dressed) > 0.5 * len(words) and not all(map(looks_numeric, dressed)):
        message = f"most values look like numbers, such as {dressed[0]!r}; learned as categories"
        yield note("numbers-as-text", where, message, "write plain numbers: 1234.5")
    elif len(dressed) > 0.5 * len(words) and len(words) > 10 and not column.categorical:
        message = f"{len(dressed) / len(words):.0%} of the values are numbers; learned as categories"
        yield note("mixed-types", where, message, "if it is a quantity, empty the cells that are no number")
