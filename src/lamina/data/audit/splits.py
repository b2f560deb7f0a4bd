"""Checks of the split, and of the columns that rule it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, of_error
from lamina.data.schema import Schema
from lamina.data.split import Split, split_words, time_order
from lamina.data.table import AbstractTable


def of_parts(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield findings about the weight, time and split columns."""
    if schema.weight is not None:
        yield from _of_weight(table, schema.weight)
    try:
        if schema.split is not None and not (split_words(table, schema.split) == "train").any():
            fix = "mark the rows to learn from with the word train"
            yield error("split", table.where(name=schema.split), "no row is marked train", fix)
        elif schema.split is None and schema.time is not None:
            time_order(table, schema.time)
    except DataError as fault:
        yield of_error(fault, "split")


def _of_weight(table: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield the first thing that is wrong with a column of weights."""
    column = table.scalar(name)
    numbers = column.numbers()
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if bad.size:
        row = int(bad[0])
        message = f"a weight is a number of 0 or more, got {column.value(row)!r}"
        yield error("weight", table.where(row, name), message, "correct the weight; 0 leaves the row out")
    elif not numbers.any():
        yield error("weight", table.where(name=name), "every weight is 0", "give some rows a weight")


def parts_of(valid: float, test: float) -> list[str]:
    """Return the names of the parts that a split makes: a class needs a row for each.

    Args:
        valid: share of the rows for validation.
        test: share of the rows for testing.
    """
    return ["training", *(["validation"] if valid else []), *(["test"] if test else [])]


def of_classes(table: AbstractTable, schema: Schema, valid: float, test: float) -> Iterator[Finding]:
    """Yield an error for each class that has too few rows to stand in every part of a random split."""
    if not schema.has_classes or schema.split or schema.time or schema.group:
        return
    parts = parts_of(valid, test)
    found = table.labels(schema.targets[0]).distinct()
    counts = found.counts()
    for i in np.flatnonzero((counts > 0) & (counts < len(parts))):
        row = int(np.flatnonzero(found.codes == i)[0])
        message = (
            f"class {found.values[i]!r} has {counted(int(counts[i]), 'row')}, the split needs {len(parts)}: "
            f"one for each of {', '.join(parts)}"
        )
        fix = (
            "add rows of the class; or leave such classes out: rare=drop; or make them one class: rare=merge"
        )
        yield error("class-too-small", table.where(row, schema.targets[0]), message, fix)


def of_labels(table: AbstractTable, schema: Schema, parts: Split) -> Iterator[Finding]:
    """Yield an error for each label that is to be predicted and never stands in the training rows."""
    if not schema.has_classes:
        return
    found = table.labels(schema.targets[0]).distinct()
    seen = np.zeros(len(found.values) + 1, bool)
    seen[found.codes[parts.train]] = True
    for part, rows in (("validation", parts.valid), ("test", parts.test)):
        unseen = rows[~seen[found.codes[rows]]]
        for code in np.unique(found.codes[unseen]):
            row = int(unseen[found.codes[unseen] == code][0])
            message = f"label {found.values[code]!r} of the {part} rows is in no training row"
            fix = "split otherwise, or remove the rows of this class"
            yield error("unseen-label", table.where(row, schema.targets[0]), message, fix)
