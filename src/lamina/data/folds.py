"""Cross-validation: every row validates once and trains otherwise."""

from __future__ import annotations

import numpy as np

from lamina.core.errors import DataError
from lamina.data.schema import Schema
from lamina.data.split import strata
from lamina.data.table import AbstractTable


def fold_rows(
    table: AbstractTable, schema: Schema, rows: np.ndarray, *, folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (training rows, validation rows) of each fold, sorted indices.

    Classes are dealt out in proportion, regression targets by their rank, groups whole.

    Args:
        table: the data.
        schema: names the targets and the group column.
        rows: the rows to deal out.
        folds: how many, from 2 to the number of rows or groups.
        seed: decides the dealing.

    Raises:
        DataError: there are fewer rows or groups than folds.

    Example:
        >>> from lamina.data import Schema, read
        >>> table = read(np.arange(20.0).reshape(10, 2) ** 1.5, y=["a", "b"] * 5)
        >>> schema = Schema((), (), ("target",), "binary", "classes")
        >>> parts = fold_rows(table, schema, np.arange(10), folds=5, seed=0)
        >>> [len(valid) for _, valid in parts]
        [2, 2, 2, 2, 2]
    """
    random = np.random.Generator(np.random.Philox(key=np.array([seed, 2**62], np.uint64)))
    if schema.group is not None:
        units = table.scalar(schema.group).distinct().codes[rows].copy()
        alone = units < 0  # a row without a group is a group of its own
        units[alone] = units.max(initial=-1) + 1 + np.arange(alone.sum())
        _, units = np.unique(units, return_inverse=True)
        ranks = np.zeros(units.max() + 1)
    else:
        units, ranks = np.arange(len(rows)), _ranks(table, schema, rows)
    if len(ranks) < folds:
        raise DataError(
            f"{len(ranks)} rows or groups cannot be dealt into {folds} folds",
            where=table.source,
            fix="lower folds=",
        )
    order = np.lexsort((random.permutation(len(ranks)), ranks))
    fold_of = np.empty(len(ranks), np.int64)
    fold_of[order] = _dealt(len(ranks), folds, random)
    part = fold_of[units]
    return [(np.sort(rows[part != fold]), np.sort(rows[part == fold])) for fold in range(folds)]


def _dealt(count: int, folds: int, random: np.random.Generator) -> np.ndarray:
    """Deal 0 … folds-1 in rounds, each round in an order of its own."""
    rounds = -(-count // folds)
    return random.permuted(np.tile(np.arange(folds), (rounds, 1)), axis=1).reshape(-1)[:count]


def _ranks(table: AbstractTable, schema: Schema, rows: np.ndarray) -> np.ndarray:
    """Return what rows are sorted by before they are dealt out: the class, or the first target's number."""
    if schema.has_numbers:
        return table.labels(schema.targets[0]).numbers()[rows]
    return strata(table, schema, rows).astype(np.float64)
