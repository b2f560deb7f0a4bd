"""Checks of the split, and of the columns that rule it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.errors import DataError
from lamina.data.audit.findings import Finding
from lamina.data.audit.targets import CLASS_TASKS
from lamina.data.schema import Schema
from lamina.data.split import Split, split_words, time_order
from lamina.data.table import AbstractTable


def of_parts(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield findings about the weight, time, group and split columns."""
    if schema.weight is not None:
        yield from _of_weight(table, schema.weight)
    try:
        if schema.split is not None:
            words = split_words(table, schema.split)
            if not (words == "train").any():
                yield Finding("error", "split", "no row is marked train", table.where(name=schema.split),
                              "mark the rows to learn from with the word train")  # fmt: skip
        elif schema.time is not None:
            time_order(table, schema.time)
    except DataError as error:
        received = f", got {error.received}" if error.received is not None else ""
        expected = f"; expected {error.expected}" if error.expected is not None else ""
        yield Finding(
            "error", "split", f"{error.message}{expected}{received}", error.where or "", error.mend or ""
        )


def _of_weight(table: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield the first thing that is wrong with a column of weights."""
    column = table.column(name)
    numbers = column.numbers()
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if bad.size:
        row = int(bad[0])
        yield Finding("error", "weight", f"a weight is a number of 0 or more, got {column.value(row)!r}",
                      table.where(row, name), "correct the weight; 0 leaves the row out")  # fmt: skip
    elif not numbers.any():
        yield Finding(
            "error", "weight", "every weight is 0", table.where(name=name), "give some rows a weight"
        )


def of_classes(table: AbstractTable, schema: Schema, valid: float, test: float) -> Iterator[Finding]:
    """Yield an error for each class that has too few rows to stand in every part of a random split."""
    if schema.task not in CLASS_TASKS or schema.split or schema.time or schema.group:
        return
    needed = 1 + (valid > 0) + (test > 0)
    found = table.labels(schema.targets[0]).distinct()
    counts = found.counts()
    for i in np.flatnonzero((counts > 0) & (counts < needed)):
        row = int(np.flatnonzero(found.codes == i)[0])
        yield Finding(
            "error", "class-too-small",
            f"class {found.values[i]!r} has {counts[i]} row{'s' if counts[i] > 1 else ''}, the split needs {needed}: "
            f"one for each of {', '.join(['training', 'validation', 'test'][:needed])}",
            table.where(row, schema.targets[0]),
            "add rows of the class, remove it, or merge it with another",
        )  # fmt: skip


def of_labels(table: AbstractTable, schema: Schema, parts: Split) -> Iterator[Finding]:
    """Yield an error for each label that is to be predicted and never stands in the training rows."""
    if schema.task not in CLASS_TASKS:
        return
    found = table.labels(schema.targets[0]).distinct()
    seen = np.zeros(len(found.values) + 1, bool)
    seen[found.codes[parts.train]] = True
    for part, rows in (("validation", parts.valid), ("test", parts.test)):
        unseen = rows[~seen[found.codes[rows]]]
        for code in np.unique(found.codes[unseen]):
            row = int(unseen[found.codes[unseen] == code][0])
            yield Finding(
                "error", "unseen-label", f"label {found.values[code]!r} of the {part} rows is in no training row",
                table.where(row, schema.targets[0]), "split otherwise, or remove the rows of this class",
            )  # fmt: skip
