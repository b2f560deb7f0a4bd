"""A split by groups: those of many rows train, rare ones validate and test."""

from __future__ import annotations

import numpy as np

from lamina.core.errors import DataError
from lamina.data.schema import Schema
from lamina.data.split import Split, check_shares, known_rows
from lamina.data.table import AbstractTable


def split_by_size(
    table: AbstractTable, schema: Schema, groups: np.ndarray, *, valid: float = 0.2, test: float = 0.0
) -> Split:
    """Return which rows train, validate and test, so that each group stands on one side.

    Groups come the largest first, and of equal ones that whose first row is later. One trains if the training
    rows stay within their share, else validates if those that train or validate stay within theirs, else
    tests: the held-out rows are of the rarest groups. The largest group always trains. There is no chance in
    it. O(rows · log rows)

    Args:
        table: the data.
        schema: names the targets; rows without are in no part.
        groups: int64, for each row of the table its group; a negative one is a group of its own.
        valid: share of the rows for validation, 0 to below 1.
        test: share of the rows for testing, 0 to below 1; with ``valid`` below 1.

    Raises:
        ConfigError: the shares are out of range.
        DataError: no rows are left to train on, or all are of one group.

    Example:
        >>> from lamina.data import Schema, read
        >>> table = read(np.arange(20.0).reshape(10, 2) ** 1.5)
        >>> groups = np.array([0, 0, 1, 0, 2, 0, 0, 3, 1, 0])
        >>> split = split_by_size(table, Schema((), (), (), "t"), groups, valid=0.2, test=0.2)
        >>> split.train.tolist(), split.valid.tolist(), split.test.tolist()
        ([0, 1, 3, 5, 6, 9], [2, 8], [4, 7])

    References:
        Wu et al. MoleculeNet: a benchmark for molecular machine learning. Chemical Science 2018, section 3.2;
        the order of equal groups is that of DeepChem's ScaffoldSplitter. Theirs may put the largest group
        aside, and may leave no group to validate while several test; here the first of these validates.
    """
    check_shares(valid, test)
    rows = known_rows(table, schema)
    if not rows.size:
        raise DataError(
            "no row is left to train on", where=table.source, fix="add rows, or lower valid= and test="
        )
    own = groups[rows].copy()
    alone = own < 0
    own[alone] = own.max(initial=-1) + 1 + np.arange(np.count_nonzero(alone))
    _, firsts, codes, sizes = np.unique(own, return_index=True, return_inverse=True, return_counts=True)
    if sizes.size < 2 and (valid or test):
        raise DataError(
            "all rows are of one group",
            where=table.source,
            fix="split otherwise, or name the test data with --test",
        )
    order = np.lexsort((-firsts, -sizes))
    part = np.empty(sizes.size, np.int64)
    part[order] = _dealt(sizes[order], rows.size, valid, test)
    return Split(*(rows[part[codes] == number] for number in range(3)))


def _dealt(sizes: np.ndarray, rows: int, valid: float, test: float) -> np.ndarray:
    """Return 0, 1 or 2 for each group, the largest first: whether it trains, validates or tests."""
    most_train, most_seen = (1 - valid - test) * rows + 1e-6, (1 - test) * rows + 1e-6
    found = np.zeros(len(sizes), np.int64)
    train, held = int(sizes[0]), 0
    for place, size in enumerate(sizes.tolist()[1:], 1):
        if train + size <= most_train:
            train += size
        elif train + held + size <= most_seen:
            held += size
            found[place] = 1
        else:
            found[place] = 2
    if (
        valid and not (found == 1).any()
    ):  # no group was small enough: one that tests, or a small one that trains
        tested, trained = np.flatnonzero(found == 2), np.flatnonzero(found == 0)
        if len(tested) > 1:
            found[tested[0]] = 1
        elif len(trained) > 1:
            found[trained[-1]] = 1
    return found
