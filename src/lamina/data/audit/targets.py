"""Checks of the target."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.columns import out_of_range, oversized, oversized_row, words_among_numbers
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.cells import CellTable
from lamina.data.schema import Schema
from lamina.data.split import known_rows
from lamina.data.table import LARGEST_NUMBER, AbstractTable, ScalarColumn

CLASS_TASKS = ("binary", "multiclass")
LIKELY_CLASSES = 20  # up to here a number of classes is never doubted
RARE_CLASS = 0.01
COMMON_CLASS = 0.7  # share from which an answer that is always the same looks good
BALANCE = "if every class matters as much as another: class_weight=balanced"
WORDS_ALLOWED = 0.05  # share of cells that may be no number before regression is refused


def of_target(table: AbstractTable, schema: Schema, *, strict: bool) -> Iterator[Finding]:
    """Yield findings about the target columns; ``strict`` makes a missing target an error."""
    checks = {"multilabel": _of_flags, "regression": _of_numbers}
    found: list[Finding] = []
    for name in schema.targets:
        column = table.labels(name)
        if column.missing().all():
            message = "the target is missing in every row"
            yield error("target-empty", table.where(name=name), message, "name another target, or fill it in")
            return
        found += _of_missing(table, column, strict)
        found += checks.get(schema.task, _of_classes)(table, schema, column)
    yield from found
    known = known_rows(table, schema).size
    if known < 2 and not any(finding.level == "error" for finding in found):
        message = f"{counted(known, 'row')} with a target: nothing to learn from"
        yield error("too-few-rows", table.source, message, "give at least two rows, better some hundreds")


def _of_missing(table: AbstractTable, column: ScalarColumn, strict: bool) -> Iterator[Finding]:
    """Yield what is to be said of rows without a target."""
    missing = column.missing()
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


def _of_classes(table: AbstractTable, schema: Schema, column: ScalarColumn) -> Iterator[Finding]:
    """Yield findings about classes."""
    where, found = table.where(name=column.name), column.distinct()
    labels, counts = found.values, found.counts()
    rows = int(counts.sum())
    if len(labels) == 1:
        yield _constant(table, column, labels[0])
    elif schema.task == "binary" and len(labels) > 2:
        message = f"{len(labels)} classes where a binary task has 2"
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
    if isinstance(table, CellTable) and not all(c.in_memory for c in table.cells.values()):
        fix = "add images of another class, in a folder or under a label of its own"
    return error("target-constant", table.where(name=column.name), message, fix)


def _of_flags(table: AbstractTable, schema: Schema, column: ScalarColumn) -> Iterator[Finding]:
    """Yield findings about a target of a multilabel task."""
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


def _of_numbers(table: AbstractTable, schema: Schema, column: ScalarColumn) -> Iterator[Finding]:
    """Yield findings about a target of regression."""
    numbers, missing = column.numbers(), column.missing()
    words = np.flatnonzero(np.isnan(numbers) & ~missing)
    if words.size > WORDS_ALLOWED * table.height:
        row = int(words[0])
        message = f"regression learns numbers, got {column.value(row)!r}"
        fix = "correct the column, or choose task=multiclass"
        yield error("target-not-a-number", table.where(row, column.name), message, fix)
        return
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


def task_note(table: AbstractTable, schema: Schema) -> Finding:
    """Return the note that says which task was guessed, and the other one where integers could be both."""
    integers = len(schema.targets) == 1 and table.labels(schema.targets[0]).storage == "integer"
    other = {"regression": "multiclass", "multiclass": "regression"}.get(schema.task) if integers else None
    fix = f"if that is wrong: task={other}" if other else ""
    return note("task-guessed", table.source, f"the task is taken to be {schema.task}", fix)
