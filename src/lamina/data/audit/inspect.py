"""The audit itself: the checks in their order."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.core.errors import ConfigError, DataError, suggest
from lamina.data import guess
from lamina.data.audit import columns, duplicates, images, second, splits, targets
from lamina.data.audit.findings import LEVELS, Audit, Finding, error, note, of_error
from lamina.data.schema import Schema, infer_schema, names_of
from lamina.data.source import read
from lamina.data.split import Split, split_rows
from lamina.data.table import AbstractTable

_READING = ("y", "sample_weight", "names")  # keys of `check` that are for reading


@dataclass(frozen=True)
class _Options:
    """How the rows will be split, and what counts as a fault."""

    seed: int
    valid: float
    test: float
    allow_missing: bool
    keep: Sequence[str]
    image_size: int | None = None


def audit(
    table: AbstractTable,
    *,
    target: str | Sequence[str],
    task: str | None = None,
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
    seed: int = 0,
    valid: float = 0.2,
    test: float = 0.0,
    test_table: AbstractTable | None = None,
    allow_missing: bool | None = None,
    image_size: int | None = None,
) -> Audit:
    """Return what is wrong, doubtful or worth knowing about a table, before anything is learned from it.

    Cost: a few passes over each column, O(rows · columns), and one sort of row hashes for duplicates.
    Images in files are decoded once each; what fits into memory is kept for the encoder.

    Args:
        table: the data.
        target: the column, or columns, to be predicted.
        task: ``binary``, ``multiclass``, ``multilabel``, ``classification`` or ``regression``; guessed from
            the target without.
        weight: a column of row weights.
        group: a column whose rows of one value stay together in a split.
        time: a column to split by.
        split: a column that says train, valid or test.
        keep: columns to learn from although they look like identifiers or equal the target.
        drop: columns to leave out.
        seed: seed of the split that will be made.
        valid: share of validation rows that will be split off.
        test: share of test rows that will be split off.
        test_table: test data of their own, to be checked against these.
        allow_missing: whether missing numbers are no fault; by default they are one in plain arrays only.
        image_size: side of the square that images will be brought to, in pixels; chosen by rule without.

    Returns:
        The audit; nothing is raised for faults of the data.

    Example:
        >>> import numpy as np
        >>> table = read({"id": np.arange(50), "x": np.sin(np.arange(50)), "y": np.arange(50) // 2 % 2})
        >>> print(audit(table, target="y").warnings[0].fix)
        to learn from it all the same: keep=["id"]
    """
    if allow_missing is None:
        allow_missing = not table.strict
    if not table.height:
        return _assembled(table, None, [error("too-few-rows", table.source, "there is no row", "add rows")])
    options = _Options(seed, valid, test, allow_missing, names_of(keep), image_size)
    try:
        schema = infer_schema(
            table,
            target=target,
            task=task,
            weight=weight,
            group=group,
            time=time,
            split=split,
            keep=keep,
            drop=drop,
        )
    except DataError as fault:
        return _assembled(table, None, [of_error(fault, "schema")])
    found = list(_findings(table, schema, options, test_table))
    if split is None and schema.split:
        found.append(note("split-column", table.source, f"split by its column '{schema.split}'"))
    if task is None:
        found.append(targets.task_note(table, schema))
    return _assembled(table, schema, found)


def check(data: Any, target: str | Sequence[str] | None = None, **keys: Any) -> Audit:
    """Return the audit of a file, a frame or arrays: everything that can be said before training.

    Args:
        data: whatever :func:`lamina.data.read` reads.
        target: the column, or columns, to be predicted; guessed and said without.
        **keys: ``y``, ``sample_weight`` and ``names`` as for ``read``; ``test_data``, a second source to be
            checked against the first; the rest as for :func:`audit`.

    Raises:
        DataError: the data cannot be read at all.
        ConfigError: a key is unknown.

    Example:
        >>> print(check({"size": [1.0, 2.5, 4.0, 7.0] * 9, "price": [1.5, 2.0, 5.0, 7.0] * 9}, "prize"))
        <arrays>: 36 rows, 2 columns
        error: <arrays>: target column 'prize' is absent (did you mean 'price'?); expected one of size, price
          fix: name a column that the data have
    """
    _check_keys(keys)
    reading = {key: keys.pop(key) for key in _READING if key in keys}
    table = read(data, **reading)
    other = keys.pop("test_data", None)
    if other is not None:
        keys["test_table"] = read(other)
    if "weight" in table.names and (reading.get("sample_weight") is not None):
        keys.setdefault("weight", "weight")
    guessed = target is None
    target = guess.guess_target(table) if target is None else target
    result = audit(table, target=target, **keys)
    if not guessed:
        return result
    message = f"taken as target: {guess.quoted(target)}"
    said = note("target-guessed", table.source, message, "name another one with target=")
    return _assembled(table, result.schema, [*result.findings, said])


def _check_keys(keys: Mapping[str, Any]) -> None:
    """Raise ConfigError, with the nearest name, for a key that :func:`check` does not know."""
    ruled = {*inspect.signature(audit).parameters} - {"table", "target", "test_table"}
    known = sorted({*_READING, "test_data", *ruled})
    for name in keys:
        if name not in known:
            expected = "one of " + ", ".join(known)
            raise ConfigError(f"unknown key '{name}'{suggest(name, known)}", expected=expected)


def _findings(
    table: AbstractTable, schema: Schema, options: _Options, test_table: AbstractTable | None
) -> Iterator[Finding]:
    """Yield the findings of all checks; a split is tried only while there is no error."""
    gallery = images.gallery_of(table, schema, options.image_size)
    found = [
        *columns.of_table(table, schema),
        *targets.of_target(table, schema, strict=table.strict and not options.allow_missing),
        *(
            gallery.findings()
            if gallery
            else columns.of_inputs(table, schema, allow_missing=options.allow_missing, keep=options.keep)
        ),
        *splits.of_parts(table, schema),
    ]
    if not _has_errors(found):
        found += splits.of_classes(table, schema, options.valid, options.test)
    yield from found
    if _has_errors(found):
        return
    try:
        parts = split_rows(table, schema, seed=options.seed, valid=options.valid, test=options.test)
    except DataError as fault:
        yield of_error(fault, "split")
        return
    yield from splits.of_labels(table, schema, parts)
    yield from gallery.across(parts) if gallery else duplicates.across(table, schema, parts)
    if test_table is not None:
        yield from _of_second(table, schema, parts, test_table, gallery)


def _of_second(
    table: AbstractTable,
    schema: Schema,
    parts: Split,
    other: AbstractTable,
    gallery: images.Gallery | None,
) -> Iterator[Finding]:
    """Yield what is wrong with test data of their own."""
    found = list(second.of_test_table(table, schema, other))
    yield from found
    if _has_errors(found):
        return
    tested = None if gallery is None else images.gallery_of(other, schema, gallery.canvas)
    if gallery is None or tested is None:
        yield from duplicates.between(table, schema, parts, other)
        return
    yield from tested.findings()
    yield from tested.between(gallery, parts)


def _has_errors(found: list[Finding]) -> bool:
    """Return whether a finding makes learning impossible."""
    return any(finding.level == "error" for finding in found)


def _assembled(table: AbstractTable, schema: Schema | None, found: Sequence[Finding]) -> Audit:
    """Return the audit with errors first, then warnings, then notes."""
    ordered = sorted(found, key=lambda finding: LEVELS.index(finding.level))
    return Audit(tuple(ordered), schema, table.source, table.height, len(table.names))
