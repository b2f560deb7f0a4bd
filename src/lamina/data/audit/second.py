"""Checks of test data that come as a table of their own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.errors import suggest
from lamina.core.wording import counted
from lamina.data.audit.columns import out_of_range
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.audit.targets import CLASS_TASKS
from lamina.data.images.column import IMAGE
from lamina.data.schema import Schema
from lamina.data.table import LARGEST_NUMBER, AbstractTable
from lamina.data.words import NUMERIC_SHARE


def of_test_table(table: AbstractTable, schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield what keeps a network trained on ``table`` from being tested on ``other``."""
    needed = [*(column.name for column in schema.inputs), *schema.targets]
    absent = [name for name in needed if name not in other.names]
    for name in absent:
        message = f"column '{name}' is absent{suggest(name, other.names)}"
        yield error(
            "absent-column", other.source, message, "give the test data the columns of the training data"
        )
    if absent:
        return
    if not other.height:
        yield error("too-few-rows", other.source, "the test data have no row", "add rows")
        return
    for described in schema.inputs:
        if described.kind == "numeric":
            yield from _of_numbers(table, other, described.name)
        elif described.kind == "category":
            yield from _of_categories(table, other, described.name)
        elif described.kind == IMAGE:
            yield from _of_images(other, described.name)
    yield from _of_missing(schema, other)
    if schema.task in CLASS_TASKS:
        yield from _of_labels(table, schema, other)


def _of_images(other: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield the error for a column that is named as the images are, and holds none."""
    if other.column(name).storage != IMAGE:
        fix = "give images, or paths to files that are there"
        yield error("no-images", other.where(name=name), "these are no images", fix)


def _of_missing(schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield a warning for rows without a target."""
    missing = np.zeros(other.height, bool)
    for name in schema.targets:
        missing |= other.labels(name).missing()
    if missing.any():
        rows = f"{np.count_nonzero(missing):,} of {counted(other.height, 'row')}"
        where = other.where(int(missing.argmax()), schema.targets[0])
        yield warning(
            "target-missing", where, f"the target is missing in {rows}", "fill it in, or remove the rows"
        )


def _of_numbers(table: AbstractTable, other: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield errors for a column that was numeric in training and is not here, or is not finite."""
    column = other.scalar(name)
    numbers, missing = column.numbers(), column.missing()
    bad = np.flatnonzero(np.isnan(numbers) & ~missing)
    beyond = np.flatnonzero(np.abs(numbers) > LARGEST_NUMBER)
    if bad.size > (1 - NUMERIC_SHARE) * max(np.count_nonzero(~missing), 1):
        row = int(bad[0])
        message = f"numeric in training, here {column.value(row)!r}"
        yield error("not-a-number", other.where(row, name), message, "correct the column")
    elif beyond.size:
        yield out_of_range(other, column, numbers, beyond)
    elif other.strict and missing.any() and not table.column(name).missing().any():
        message = f"NaN in {counted(int(np.count_nonzero(missing)), 'row')}, none in training"
        yield error("nan", other.where(int(missing.argmax()), name), message, "fill the gaps in")


def _of_categories(table: AbstractTable, other: AbstractTable, name: str) -> Iterator[Finding]:
    """Yield a note for categories that training does not know."""
    known = set(table.scalar(name).distinct().spellings())
    found = other.scalar(name).distinct()
    unknown = np.array([*(word not in known for word in found.spellings()), False])[found.codes]
    if unknown.any():
        row = int(unknown.argmax())
        rows = f"{np.count_nonzero(unknown):,} of {counted(other.height, 'row')}"
        message = (
            f"a category that training never saw in {rows}, the first one {other.column(name).value(row)!r}"
        )
        yield note("unseen-category", other.where(row, name), message)


def _of_labels(table: AbstractTable, schema: Schema, other: AbstractTable) -> Iterator[Finding]:
    """Yield an error for each label that the training data do not hold."""
    name = schema.targets[0]
    known = set(table.labels(name).distinct().spellings())
    found = other.labels(name).distinct()
    fix = "correct the label, remove the rows, or train with rows of this class"
    for code, word in enumerate(found.spellings()):
        if word not in known:
            row = int(np.flatnonzero(found.codes == code)[0])
            message = f"label {found.values[code]!r} is in no training row{suggest(word, known)}"
            yield error("unseen-label", other.where(row, name), message, fix)
