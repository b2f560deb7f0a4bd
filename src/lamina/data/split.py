"""Which rows are trained on, which validate, which test."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, replace

import numpy as np

from lamina.core.errors import ConfigError, DataError
from lamina.core.keys import FRACTION, key
from lamina.data import dates
from lamina.data.schema import Schema
from lamina.data.spellings import NumberForm
from lamina.data.table import AbstractTable
from lamina.data.words import SPLIT_WORDS, UNUSED

LARGEST_SEED = 2**63  # the state of the generator holds a seed in 64 bits


@dataclass(frozen=True)
class SplitKeys:
    """The keys of the split."""

    valid: float = key(0.2, "share of rows that validate", **FRACTION)
    test: float = key(0.0, "share of rows kept for testing", **FRACTION)


@dataclass(frozen=True)
class Split:
    """Sorted int64 row indices of the training, validation and test rows: ``train``, ``valid``, ``test``."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def split_rows(
    table: AbstractTable, schema: Schema, *, seed: int, valid: float = 0.2, test: float = 0.0
) -> Split:
    """Return which rows train, validate and test; rows without a target are in none.

    In this order of precedence: the split column decides; with a time column the last rows test and those
    before validate; with a group column whole groups move together; classes are split in proportion;
    otherwise at random. A pure function of the data and the seed.

    Args:
        table: the data.
        schema: names the targets and the split, time and group columns.
        seed: 0 or more.
        valid: share of the rows for validation, 0 to below 1.
        test: share of the rows for testing, 0 to below 1; with ``valid`` below 1.

    Raises:
        ConfigError: the shares or the seed are out of range.
        DataError: no rows are left to train on.

    Example:
        >>> from lamina.data import Schema, read
        >>> table = read(np.arange(40.0).reshape(20, 2) ** 1.5, y=["a", "b"] * 10)
        >>> split = split_rows(table, Schema((), (), ("target",), "binary", "classes"), seed=0)
        >>> len(split.train), len(split.valid), len(split.test)
        (16, 4, 0)
    """
    _check_seed(seed)
    check_shares(valid, test)
    rows = known_rows(table, schema)
    random = np.random.Generator(np.random.Philox(key=np.array([seed, 2**63], np.uint64)))
    parts = _parts(table, schema, rows, random, {"valid": valid, "test": test})
    if not parts.train.size:
        raise DataError(
            "no row is left to train on", where=table.source, fix="add rows, or lower valid= and test="
        )
    return parts


def _check_seed(seed: int) -> None:
    """Raise ConfigError where the seed is out of range, or no whole number."""
    if not isinstance(seed, numbers.Integral):
        raise ConfigError("seed cannot be read", expected="a whole number", received=repr(seed))
    if not 0 <= seed < LARGEST_SEED:
        raise ConfigError("seed is out of range", expected="0 or more, below 2^63", received=seed)


def check_shares(valid: float, test: float) -> None:
    """Refuse shares of rows that are out of range, or no numbers.

    Args:
        valid: share of the rows for validation.
        test: share of the rows for testing.

    Raises:
        ConfigError: with what was expected.
    """
    for name, share in (("valid", valid), ("test", test)):
        if not isinstance(share, numbers.Real):
            raise ConfigError(f"{name} cannot be read", expected="a number", received=repr(share))
    if not (0 <= valid < 1 and 0 <= test < 1 and valid + test < 1):
        raise ConfigError(
            "the shares are out of range",
            expected="valid and test from 0, together below 1",
            received=f"valid={valid}, test={test}",
        )


def known_rows(table: AbstractTable, schema: Schema) -> np.ndarray:
    """Return the rows in which every target is known; of several flags, one of them."""
    known = []
    for name in schema.targets:
        own = ~(table.column(name) if name in table.cell_names else table.labels(name)).missing()
        known.append(own & ~np.isnan(table.labels(name).numbers()) if schema.has_numbers else own)
    if not known:
        return np.arange(table.height)
    return np.flatnonzero(np.any(known, axis=0) if schema.has_flags else np.all(known, axis=0))


def _parts(
    table: AbstractTable,
    schema: Schema,
    rows: np.ndarray,
    random: np.random.Generator,
    shares: dict[str, float],
) -> Split:
    """Return the split by the first rule that applies."""
    if schema.split is not None:
        return _by_column(table, schema, rows, random, shares)
    if schema.time is not None:
        order = rows[np.argsort(time_order(table, schema.time)[rows], kind="stable")]
    elif schema.group is not None:
        return _by_group(table, schema.group, rows, random, shares)
    else:
        order = rows[_stratified_order(strata(table, schema, rows), random)]
        return _systematic(order, shares)
    return _cut(order, shares)


def time_order(table: AbstractTable, name: str) -> np.ndarray:
    """Return a number for each row that grows with time: numbers as they are, dates as seconds.

    Raises:
        DataError: a value is missing, or neither a number nor a date.
    """
    column = table.scalar(name)
    as_dates = column.storage == "string" and NumberForm.parse(column.form) is None
    times = dates.seconds_of(column, "") if as_dates else column.numbers()
    bad = np.flatnonzero(np.isnan(times))
    if bad.size:
        row = int(bad[0])
        raise DataError(
            "a time is needed in every row to split by it",
            where=table.where(row, name),
            expected="a number or a date",
            received=repr(column.value(row)),
            fix="write the times alike, best as 2025-01-31 or 2025-01-31 12:00:00",
        )
    return times


def rows_in_order(rows: int, *, valid: float, test: float) -> Split:
    """Return the first rows for training, those that follow for validation, the last ones for testing.

    Args:
        rows: how many there are.
        valid: share of the rows for validation, 0 to below 1.
        test: share of the rows for testing, 0 to below 1; with ``valid`` below 1.

    Raises:
        ConfigError: the shares are out of range.

    Example:
        >>> rows_in_order(5, valid=0.2, test=0.2).valid.tolist()
        [3]
    """
    check_shares(valid, test)
    return _cut(np.arange(rows), {"valid": valid, "test": test})


def _cut(order: np.ndarray, shares: dict[str, float]) -> Split:
    """Cut ordered rows: the last for testing, those before for validation."""
    test, valid = _sizes(order.size, shares)
    end = order.size - test
    return Split(np.sort(order[: end - valid]), np.sort(order[end - valid : end]), np.sort(order[end:]))


def _sizes(rows: int, shares: dict[str, float]) -> tuple[int, int]:
    """Return how many rows test and validate: at least one for a share above 0, and one left to train."""
    test = max(round(rows * shares["test"]), 1) if shares["test"] else 0
    valid = max(round(rows * shares["valid"]), 1) if shares["valid"] else 0
    test = min(test, max(rows - 1 - bool(valid), 0))
    return test, min(valid, max(rows - 1 - test, 0))


def strata(table: AbstractTable, schema: Schema, rows: np.ndarray) -> np.ndarray:
    """Return a code for each of some rows: the class, or 0 for all where there are no classes."""
    if not schema.has_classes:
        return np.zeros(rows.size, np.int64)
    return table.labels(schema.targets[0]).distinct().codes[rows]


def _stratified_order(strata: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return positions sorted by stratum, at random within each."""
    return np.lexsort((random.permutation(strata.size), strata))


def _systematic(order: np.ndarray, shares: dict[str, float]) -> Split:
    """Deal rows ordered by stratum out evenly, so that every stratum is cut in the same proportion."""
    test, valid = _sizes(order.size, shares)
    held_out = _every(order.size, test + valid)
    held, is_test = order[held_out], _every(test + valid, test)
    mask = np.ones(order.size, bool)
    mask[held_out] = False
    held_valid = np.ones(held.size, bool)
    held_valid[is_test] = False
    return Split(np.sort(order[mask]), np.sort(held[held_valid]), np.sort(held[is_test]))


def _every(size: int, count: int) -> np.ndarray:
    """Return ``count`` evenly spaced positions among ``size``."""
    return ((np.arange(count) + 0.5) * size / max(count, 1)).astype(np.int64)


def _by_group(
    table: AbstractTable, name: str, rows: np.ndarray, random: np.random.Generator, shares: dict[str, float]
) -> Split:
    """Deal whole groups out, in random order, until each share is reached; rows without group are alone."""
    codes = table.scalar(name).distinct().codes[rows].copy()
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    _, codes = np.unique(codes, return_inverse=True)
    sizes = np.bincount(codes)
    if sizes.size < 2:
        raise DataError(
            "all rows are of one group",
            where=table.where(name=name),
            fix="name another group column, or none",
        )
    order = random.permutation(sizes.size)
    before = np.cumsum(sizes[order]) - sizes[order] / 2  # the middle of each group decides
    test, valid = _sizes(rows.size, shares)
    part = np.empty(sizes.size, np.int64)
    part[order] = np.where(before < test, 2, np.where(before < test + valid, 1, 0))
    part[order[-1]] = 0
    if test:
        part[order[0]] = 2
    if valid and not (part == 1).any():
        part[order[1 if test and sizes.size > 2 else 0]] = 1
    return Split(*(rows[part[codes] == i] for i in range(3)))


def _by_column(
    table: AbstractTable,
    schema: Schema,
    rows: np.ndarray,
    random: np.random.Generator,
    shares: dict[str, float],
) -> Split:
    """Split as the split column says; without validation rows, some of the training rows become them."""
    words = split_words(table, schema.split or "")
    train, valid, test = (rows[words[rows] == part] for part in ("train", "valid", "test"))
    if not valid.size and shares["valid"]:
        rest = replace(schema, split=None)
        cut = _parts(table, rest, train, random, {"valid": shares["valid"], "test": 0.0})
        train, valid = cut.train, cut.valid
    return Split(train, valid, test)


def split_words(table: AbstractTable, name: str) -> np.ndarray:
    """Return ``train``, ``valid``, ``test`` or ``unused`` for each row of a split column.

    Raises:
        DataError: a row has another word.
    """
    found = table.scalar(name).distinct()
    known = {**SPLIT_WORDS, UNUSED: UNUSED}
    words = np.array([known.get(str(v).strip().lower(), "") for v in found.values] + [""])
    result = words[found.codes]
    bad = np.flatnonzero(result == "")
    if bad.size:
        received = repr(table.column(name).value(int(bad[0])))
        raise DataError(
            "not a word for a split",
            where=table.where(int(bad[0]), name),
            expected="train, valid or test",
            received=received,
        )
    return result
