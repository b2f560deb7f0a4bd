"""Cross-validation: every row validates once and trains otherwise."""

from __future__ import annotations

import numpy as np

from lamina.core.errors import DataError
from lamina.data.schema import Schema
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
        >>> from lamina.data import infer_schema, read
        >>> table = read(np.arange(20.0).reshape(10, 2) ** 1.5, y=["a", "b"] * 5)
        >>> parts = fold_rows(table, infer_schema(table, target="target"), np.arange(10), folds=5, seed=0)
        >>> [len(valid) for _, valid in parts]
        [2, 2, 2, 2, 2]
    """
    random = np.random.Generator(np.random.Philox(key=np.array([seed, 2**62], np.uint64)))
    if schema.group is not None:
        units = table.scalar(schema.group).distinct().codes[rows].copy()
        alone = units < 0  # a row without a group is a group of its own
        units[alone] = units.max(initial=-1) + 1 + np.arange(alone.sum())
        _, units = np.unique(units, return_inverse=True)
        strata = np.zeros(units.max() + 1)
    else:
        units, strata = np.arange(len(rows)), _strata(table, schema, rows)
    if len(strata) < folds:
        raise DataError(
            f"{len(strata)} rows or groups cannot be dealt into {folds} folds",
            where=table.source,
            fix="lower folds=",
        )
    order = np.lexsort((random.permutation(len(strata)), strata))
    fold_of = np.empty(len(strata), np.int64)
    fold_of[order] = _dealt(len(strata), folds, random)
    part = fold_of[units]
    return [(np.sort(rows[part != fold]), np.sort(rows[part == fold])) for fold in range(folds)]


def _dealt(count: int, folds: int, random: np.random.Generator) -> np.ndarray:
    """Deal 0 … folds-1 in rounds, each round in an order of its own."""
    rounds = -(-count // folds)
    return random.permuted(np.tile(np.arange(folds), (rounds, 1)), axis=1).reshape(-1)[:count]


def _strata(table: AbstractTable, schema: Schema, rows: np.ndarray) -> np.ndarray:
    column = table.labels(schema.targets[0])
    if schema.task in ("binary", "multiclass"):
        return column.distinct().codes[rows].astype(np.float64)
    return column.numbers()[rows] if schema.task == "regression" else np.zeros(len(rows))
