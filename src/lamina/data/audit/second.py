"""Checks of test data that come as a table of their own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.errors import suggest
from lamina.data.audit.findings import Finding
from lamina.data.audit.targets import CLASS_TASKS
from lamina.data.kinds import NUMERIC_SHARE
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable


def of_test_table(table: AbstractTable, schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield what keeps a network trained on ``table`` from being tested on ``other``."""
    needed = [*(column.name for column in schema.inputs), *schema.targets]
    absent = [name for name in needed if name not in other.names]
    for name in absent:
        yield Finding("error", "absent-column", f"column '{name}' is absent{suggest(name, other.names)}",
                      other.source, "give the test data the columns of the training data")  # fmt: skip
    if absent:
        return
    if not other.height:
        yield Finding("error", "too-few-rows", "the test data have no row", other.source, "add rows")
        return
    yield from _of_inputs(schema, other)
    missing = np.zeros(other.height, bool)
    for name in schema.targets:
        missing |= other.labels(name).missing()
    if missing.any():
        yield Finding("warning", "target-missing", f"the target is missing in {missing.sum():,} of {other.height:,} "
                      "rows; they are left out", other.where(int(missing.argmax())), "fill it in")  # fmt: skip
    if schema.task in CLASS_TASKS:
        yield from _of_labels(table, schema, other)


def _of_inputs(schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield errors for columns that were numeric in training and are not here, or are infinite."""
    for described in schema.inputs:
        if described.kind != "numeric":
            continue
        column = other.column(described.name)
        numbers, missing = column.numbers(), column.missing()
        bad = np.flatnonzero(np.isnan(numbers) & ~missing)
        infinite = np.flatnonzero(np.isinf(numbers))
        if bad.size > (1 - NUMERIC_SHARE) * max(np.count_nonzero(~missing), 1):
            row = int(bad[0])
            yield Finding("error", "not-a-number", f"numeric in training, here {column.value(row)!r}",
                          other.where(row, column.name), "correct the column")  # fmt: skip
        elif infinite.size:
            yield Finding("error", "infinity", f"infinity in {infinite.size} rows",
                          other.where(int(infinite[0]), column.name),
                          "replace it by a number, or leave the cell empty")  # fmt: skip


def _of_labels(table: AbstractTable, schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield an error for each label that the training data do not hold."""
    name = schema.targets[0]
    known = set(table.labels(name).distinct().spellings())
    found = other.labels(name).distinct()
    for code, word in enumerate(found.spellings()):
        if word not in known:
            row = int(np.flatnonzero(found.codes == code)[0])
            yield Finding(
                "error", "unseen-label", f"label {found.values[code]!r} is in no training row{suggest(word, known)}",
                other.where(row, name), "correct the label, remove the rows, or train with rows of this class",
            )  # fmt: skip
