"""Checks of the target."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.data.audit.columns import words_among_numbers
from lamina.data.audit.findings import Finding
from lamina.data.schema import Schema
from lamina.data.split import known_rows
from lamina.data.table import AbstractColumn, AbstractTable

CLASS_TASKS = ("binary", "multiclass")
LIKELY_CLASSES = 20  # up to here a number of classes is never doubted
RARE_CLASS = 0.01


def of_target(table: AbstractTable, schema: Schema, *, strict: bool) -> Iterator[Finding]:
    """Yield findings about the target columns; ``strict`` makes a missing target an error."""
    for name in schema.targets:
        column = table.labels(name)
        found = list(_of_missing(table, schema, column, strict))
        if any(f.code == "target-empty" for f in found):
            yield from found
            return
        if schema.task in CLASS_TASKS:
            found += _of_classes(table, schema, column)
        elif schema.task == "multilabel":
            found += _of_flags(table, column)
        else:
            found += _of_numbers(table, column)
        yield from found
    if known_rows(table, schema).size < 2:
        yield Finding("error", "too-few-rows", f"{known_rows(table, schema).size} row with a target: nothing to learn",
                      table.source, "give at least two rows, better some hundreds")  # fmt: skip


def _of_missing(
    table: AbstractTable, schema: Schema, column: AbstractColumn, strict: bool
) -> Iterator[Finding]:
    """Yield what is to be said of rows without a target."""
    missing = column.missing()
    count = int(np.count_nonzero(missing))
    if not count:
        return
    where = table.where(int(missing.argmax()), column.name)
    rows = f"{count:,} of {table.height:,} rows"
    if count == table.height:
        yield Finding("error", "target-empty", "the target is missing in every row", table.where(name=column.name),
                      "name another target, or fill it in")  # fmt: skip
    elif strict:
        yield Finding(
            "error", "nan", f"the target is NaN in {rows}", where, "remove these rows, or fill them in"
        )
    else:
        yield Finding(
            "warning", "target-missing", f"the target is missing in {rows}; they are left out", where,
            "fill it in, or remove these rows" + _missing_word(table, column),
        )  # fmt: skip


def _missing_word(table: AbstractTable, column: AbstractColumn) -> str:
    """Return what to do if a word such as "None" was meant as a class."""
    if table.source == "<frame>" or column.storage != "string":
        return ""
    return '; words such as "None" and "NA" count as missing: rename them if they are a class'


def _of_classes(table: AbstractTable, schema: Schema, column: AbstractColumn) -> Iterator[Finding]:
    """Yield findings about classes."""
    where = table.where(name=column.name)
    found = column.distinct()
    labels, counts = found.values, found.counts()
    if len(labels) == 1:
        yield _constant(table, column, labels[0])
    elif schema.task == "binary" and len(labels) > 2:
        yield Finding("error", "not-binary", f"{len(labels)} classes where a binary task has 2", where,
                      "choose task=multiclass")  # fmt: skip
    elif column.storage == "float" and any(not float(v).is_integer() for v in labels) and len(labels) > 2:
        yield Finding("error", "not-classes", "numbers with fractions are no classes", where,
                      "choose task=regression")  # fmt: skip
    elif len(labels) > LIKELY_CLASSES and len(labels) > counts.sum() / 2:
        yield Finding(
            "error", "too-many-classes", f"{len(labels):,} classes in {counts.sum():,} rows: too few rows of each",
            where, "name another target, or choose task=regression if it is a number",
        )  # fmt: skip
    else:
        rare = int(counts.argmin())
        if counts[rare] < RARE_CLASS * counts.sum() and len(labels) <= LIKELY_CLASSES:
            yield Finding("note", "rare-class", f"class {labels[rare]!r} has {counts[rare] / counts.sum():.2%} of "
                          "the rows: read balanced_accuracy, not accuracy", where)  # fmt: skip


def _constant(table: AbstractTable, column: AbstractColumn, value: object) -> Finding:
    """Return the finding for a target that never varies."""
    return Finding("error", "target-constant", f"the target is {value!r} in every row: there is nothing to learn",
                   table.where(name=column.name), "name another target, or add rows with other values")  # fmt: skip


def _of_flags(table: AbstractTable, column: AbstractColumn) -> Iterator[Finding]:
    """Yield findings about a target of a multilabel task."""
    numbers = column.numbers()
    bad = np.flatnonzero(~((numbers == 0) | (numbers == 1)) & ~column.missing())
    if bad.size:
        row = int(bad[0])
        yield Finding("error", "not-a-flag", f"a target of a multilabel task is 0 or 1, got {column.value(row)!r}",
                      table.where(row, column.name), "write 1 where the label applies, 0 where not")  # fmt: skip
    elif np.unique(numbers[~np.isnan(numbers)]).size == 1:
        yield Finding("warning", "target-constant", "this label is the same in every row",
                      table.where(name=column.name), "leave it out of the targets")  # fmt: skip


def _of_numbers(table: AbstractTable, column: AbstractColumn) -> Iterator[Finding]:
    """Yield findings about a target of regression."""
    numbers, missing = column.numbers(), column.missing()
    words = np.flatnonzero(np.isnan(numbers) & ~missing)
    if words.size > 0.05 * table.height:
        row = int(words[0])
        yield Finding("error", "target-not-a-number", f"regression learns numbers, got {column.value(row)!r}",
                      table.where(row, column.name), "correct the column, or choose task=multiclass")  # fmt: skip
        return
    yield from words_among_numbers(table, column, numbers, missing)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        yield Finding("error", "infinity", f"the target is infinite in {infinite.size} rows",
                      table.where(int(infinite[0]), column.name), "remove these rows")  # fmt: skip
        return
    row = column.oversized()
    if row is not None:
        yield Finding("error", "oversized-integer", f"the integer {column.value(row)} does not fit: beyond ±2^53 "
                      "neighbors become one number", table.where(row, column.name), "scale the target down")  # fmt: skip
    known = numbers[~np.isnan(numbers)]
    if known.size > 1 and (known == known[0]).all():
        yield _constant(table, column, float(known[0]))


def task_note(table: AbstractTable, schema: Schema) -> Finding:
    """Return the note that says which task was guessed, and the other one where integers could be both."""
    integers = len(schema.targets) == 1 and table.labels(schema.targets[0]).storage == "integer"
    other = {"regression": "multiclass", "multiclass": "regression"}.get(schema.task) if integers else None
    mend = f"if that is wrong: task={other}" if other else ""
    return Finding("note", "task-guessed", f"the task is taken to be {schema.task}", table.source, mend)
