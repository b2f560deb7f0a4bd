"""Checks of targets: of each column by its kind, and of those of test data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lamina.core.errors import suggest
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.audit.numbers import out_of_range, oversized, oversized_row, words_among_numbers
from lamina.data.audit.spelled import of_spelled_numbers, of_units
from lamina.data.schema import Schema
from lamina.data.split import known_rows
from lamina.data.table import LARGEST_NUMBER, AbstractTable, ScalarColumn
from lamina.modalities.base import Subject

LIKELY_CLASSES = 20  # up to here a number of classes is never doubted
RARE_CLASS = 0.01
COMMON_CLASS = 0.7  # share from which an answer that is always the same looks good
BALANCE = "if every class matters as much as another: class_weight=balanced"
WORDS_ALLOWED = 0.05  # share of cells that may be no number before regression is refused


OfColumn = Callable[[AbstractTable, Any], Iterator[Finding]]


def of_targets(subject: Subject, of_column: OfColumn) -> Iterator[Finding]:
    """Yield findings about the target columns.

    Args:
        subject: the data with their roles.
        of_column: the checks of one target column, by what it holds.
    """
    table, schema = subject.table, subject.schema
    found: list[Finding] = []
    for name in schema.targets:
        column = table.labels(name)
        if column.missing().all():
            message = "the target is missing in every row"
            yield error("target-empty", table.where(name=name), message, "name another target, or fill it in")
            return
        strict = subject.strict and table.strict
        if strict or not schema.has_flags:
            found += _of_missing(table, column, column.missing(), strict)
        found += of_column(table, column)
    if schema.has_flags and not (subject.strict and table.strict):
        found += _of_unknown(table, schema.targets)
    yield from found
    known = known_rows(table, schema).size
    if known < 2 and not any(finding.level == "error" for finding in found):
        message = f"{counted(known, 'row')} with a target: nothing to learn from"
        yield error("too-few-rows", table.source, message, "give at least two rows, better some hundreds")


def of_second(schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield a warning for test rows without a target.

    Args:
        schema: of the training data.
        other: the test data.
    """
    gaps = [other.labels(name).missing() for name in schema.targets]
    missing = np.all(gaps, axis=0) if schema.has_flags else np.any(gaps, axis=0)
    if missing.any():
        rows = f"{np.count_nonzero(missing):,} of {counted(other.height, 'row')}"
        where = other.where(int(missing.argmax()), schema.targets[0])
        yield warning(
            "target-missing", where, f"the target is missing in {rows}", "fill it in, or remove the rows"
        )


def of_unseen_labels(table: AbstractTable, name: str, other: AbstractTable) -> Iterator[Finding]:
    """Yield an error for each label of test data that the training data do not hold.

    Args:
        table: the training data.
        name: the target column.
        other: the test data.
    """
    known = set(table.labels(name).distinct().spellings())
    found = other.labels(name).distinct()
    fix = "correct the label, remove the rows, or train with rows of this class"
    for code, word in enumerate(found.spellings()):
        if word not in known:
            row = int(np.flatnonzero(found.codes == code)[0])
            message = f"label {found.values[code]!r} is in no training row{suggest(word, known)}"
            yield error("unseen-label", other.where(row, name), message, fix)


def _of_missing(
    table: AbstractTable, column: ScalarColumn, missing: np.ndarray, strict: bool
) -> Iterator[Finding]:
    """Yield what is to be said of rows without a target."""
    count = int(np.count_nonzero(missing))
    if not count:
        return
    where = table.where(int(missing.argmax()), column.name)
    rows = f"{count:,} of {counted(table.height, 'row')}"
    if strict:
        yield error("nan", where, f"the target is NaN in {rows}", "remove these rows, or fill them in")
        return
    fix = "fill it in, or remove these rows"
    if table.source != "<frame>" and column.storage == "string":
        fix += '; words such as "None" and "NA" count as missing: rename them if they are a class'
    yield warning("target-missing", where, f"the target is missing in {rows}; they are left out", fix)


def _of_unknown(table: AbstractTable, names: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what is to be said of rows in which no label is known, or not each."""
    columns = [table.labels(name) for name in names]
    gaps = np.stack([column.missing() for column in columns], axis=1)
    without = np.asarray(gaps.all(axis=1))
    yield from _of_missing(table, columns[0], without, strict=False)
    for column, own in zip(columns, gaps.T, strict=True):
        unknown = own & ~without
        if unknown.any():
            rows = f"{np.count_nonzero(unknown):,} of {counted(table.height, 'row')}"
            message = f"the label is not known in {rows}: it has no part in their loss and metrics"
            yield note("unknown-label", table.where(int(unknown.argmax()), column.name), message)


def of_classes(table: AbstractTable, column: ScalarColumn, *, most: int | None = None) -> Iterator[Finding]:
    """Yield findings about classes.

    Args:
        table: the data.
        column: the target.
        most: how many classes the task has, any number without.
    """
    yield from of_units(table, column)
    where, found = table.where(name=column.name), column.distinct()
    labels, counts = found.values, found.counts()
    rows = int(counts.sum())
    if len(labels) == 1:
        yield _constant(table, column, labels[0])
    elif most is not None and len(labels) > most:
        message = f"{len(labels)} classes where a binary task has {most}"
        yield error("not-binary", where, message, "choose task=multiclass")
    elif column.storage == "float" and len(labels) > 2 and any(not float(v).is_integer() for v in labels):
        yield error("not-classes", where, "numbers with fractions are no classes", "choose task=regression")
    elif len(labels) > LIKELY_CLASSES and len(labels) > rows / 2:
        message = f"{len(labels):,} classes in {rows:,} rows: too few rows of each"
        fix = "name another target, or choose task=regression if it is a number"
        yield error("too-many-classes", where, message, fix)
    elif len(labels) <= LIKELY_CLASSES and counts.min() < RARE_CLASS * rows:
        share = f"class {labels[int(counts.argmin())]!r} has {counts.min() / rows:.2%} of the rows"
        yield note("rare-class", where, f"{share}: read balanced_accuracy, not accuracy", BALANCE)
    elif len(labels) <= LIKELY_CLASSES and counts.max() >= COMMON_CLASS * rows:
        share = f"class {labels[int(counts.argmax())]!r} has {counts.max() / rows:.0%} of the rows"
        yield note("common-class", where, f"{share}: read balanced_accuracy beside accuracy", BALANCE)


def _constant(table: AbstractTable, column: ScalarColumn, value: object) -> Finding:
    """Return the finding for a target that never varies."""
    message = f"the target is {value!r} in every row: there is nothing to learn"
    fix = "name another target, or add rows with other values"
    cells: Any = table.column(table.cell_names[0]) if table.cell_names else None
    if cells is not None and not cells.in_memory:
        fix = f"add {cells.storage}s of another class, in a folder or under a label of its own"
    return error("target-constant", table.where(name=column.name), message, fix)


def of_flags(table: AbstractTable, column: ScalarColumn) -> Iterator[Finding]:
    """Yield findings about a target of 0 and 1.

    Args:
        table: the data.
        column: the target.
    """
    numbers = column.numbers()
    bad = np.flatnonzero(~((numbers == 0) | (numbers == 1)) & ~column.missing())
    if bad.size:
        row = int(bad[0])
        message = f"a target of a multilabel task is 0 or 1, got {column.value(row)!r}"
        fix = "write 1 where the label applies, 0 where not"
        yield error("not-a-flag", table.where(row, column.name), message, fix)
    elif np.unique(numbers[~np.isnan(numbers)]).size == 1:
        message = "this label is the same in every row"
        yield warning(
            "target-constant", table.where(name=column.name), message, "leave it out of the targets"
        )


def of_numbers(table: AbstractTable, column: ScalarColumn) -> Iterator[Finding]:
    """Yield findings about a target of regression.

    Args:
        table: the data.
        column: the target.
    """
    numbers, missing = column.numbers(), column.missing()
    words = np.flatnonzero(np.isnan(numbers) & ~missing)
    if words.size > WORDS_ALLOWED * table.height:
        row = int(words[0])
        message = f"regression learns numbers, got {column.value(row)!r}"
        fix = "correct the column, or choose task=multiclass"
        yield error("target-not-a-number", table.where(row, column.name), message, fix)
        yield from of_units(table, column)
        return
    yield from of_spelled_numbers(table, column)
    yield from words_among_numbers(table, column, numbers, missing)
    beyond = np.flatnonzero(np.abs(numbers) > LARGEST_NUMBER)
    if beyond.size:
        yield out_of_range(table, column, numbers, beyond, "remove these rows, or scale the target down")
        return
    row = oversized_row(column, numbers)
    if row is not None:
        yield oversized(table, column, row, "scale the target down")
    known = numbers[~np.isnan(numbers)]
    if known.size > 1 and (known == known[0]).all():
        yield _constant(table, column, float(known[0]))
