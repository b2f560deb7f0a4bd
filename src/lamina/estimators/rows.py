"""The rows of a fit: in an order that is theirs alone, weights made one with repetition."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from lamina.core.errors import DataError
from lamina.data.array_table import ArrayTable
from lamina.data.hashing import mixed
from lamina.data.schema import CLASSES, Schema
from lamina.data.source import read
from lamina.data.split import split_rows
from lamina.data.table import AbstractTable, free_name
from lamina.train.safeguard.budget import available_mib

MOST_SPARSE_COLUMNS = 10_000  # each is scaled, checked and weighted by itself
DENSE_COPIES = 3  # as given, in the order of the rows, and encoded
MOST_COPIES = 100_000  # rows; beyond it whole-number weights go into the loss like any others


@dataclasses.dataclass(frozen=True)
class Rows:
    """What a fit learns from.

    Args:
        inputs: a matrix of numbers, or a Polars or pandas frame.
        targets: class codes or numbers, (rows,) or (rows, targets).
        weights: one number a row, 0 or more, or None.
        valid: how many of the last rows are for validation; None lets the network choose.
        names: for the columns of a matrix, where they are to have some.
    """

    inputs: Any
    targets: np.ndarray
    weights: np.ndarray | None = None
    valid: int | None = None
    names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows as a table of the data room, and which of its columns are what.

    Args:
        table: inputs, targets, and the two columns below.
        targets: names of the target columns.
        weight: name of the column of weights, if any.
        split: name of the column that says train or valid, if any.
        valid: share of rows still to be split off for validation.
        copied: whether rows stand in it more often than in the data.
    """

    table: AbstractTable
    targets: tuple[str, ...]
    weight: str | None
    split: str | None
    valid: float
    copied: bool


def make_table(rows: Rows, *, has_classes: bool, seed: int, valid: float) -> Table:
    """Return the rows as a table whose content does not depend on their order.

    Rows of weight zero are left out. Whole-number weights are counts: a row of weight three
    stands in the table three times, so that weighting and repeating are the same fit.

    Args:
        rows: what to learn from.
        has_classes: whether a row has one class out of several.
        seed: seed of the split.
        valid: share of rows for validation, where the rows do not say it themselves.

    Raises:
        DataError: a column holds what cannot be learned from.
    """
    inputs = input_table(rows.inputs, rows.names)
    count = inputs.height - (rows.valid or 0)
    chosen, weights = _canonical(inputs, rows, count)
    copied = bool((np.diff(chosen) == 0).any())
    if rows.valid:
        split = np.repeat(["train", "valid"], [len(chosen), rows.valid])
        chosen = np.append(chosen, np.arange(count, inputs.height))
        weights = None if weights is None else np.append(weights, np.ones(rows.valid))
    else:
        split, valid = _split_words(rows.targets[chosen], seed, valid, has_classes=has_classes)
    extra = {"target": rows.targets[chosen], "weight": weights, "split": split}
    table, names = _beside(inputs.take(chosen), extra)
    weight_name, split_name = (next(iter(names[part]), None) for part in ("weight", "split"))
    return Table(table, names["target"], weight_name, split_name, valid, copied)


def is_frame(data: Any) -> bool:
    """Return whether data is a Polars or pandas frame; neither library is imported for that."""
    polars, pandas = sys.modules.get("polars"), sys.modules.get("pandas")
    return any(library and isinstance(data, library.DataFrame) for library in (polars, pandas))


def frame_columns(data: Any) -> tuple[str, ...]:
    """Return the names of a frame's columns, nothing for a matrix."""
    return tuple(map(str, data.columns)) if is_frame(data) else ()


def stacked(first: Any, second: Any) -> Any:
    """Return the rows of two matrices or frames of one type, one below the other."""
    if isinstance(first, np.ndarray):
        return np.concatenate([first, second])
    if hasattr(first, "iloc"):  # pandas
        import pandas

        return pandas.concat([first, second], ignore_index=True)
    import polars

    return polars.concat([first, second], how="vertical_relaxed")


def input_table(inputs: Any, names: Sequence[str] = ()) -> AbstractTable:
    """Return the table of a matrix or a frame.

    Args:
        inputs: numbers, texts or a frame.
        names: names for the columns of a matrix.
    """
    table = read(inputs, names=None if is_frame(inputs) else names or None)
    if isinstance(table, ArrayTable):  # gaps are learned from, as in frames
        return ArrayTable(table.matrix, table.names, allow_missing=True)
    return table


def densified(inputs: Any) -> Any:
    """Return a sparse matrix as an array, anything else as it is.

    Args:
        inputs: what was given as X.

    Raises:
        DataError: it has too many columns for a network that looks at each, or does not fit into memory.
    """
    if not issparse(inputs):
        return inputs
    rows, columns = inputs.shape
    fix = "reduce it first, such as by TruncatedSVD(100) or SelectKBest in a pipeline"
    if columns > MOST_SPARSE_COLUMNS:
        expected = f"at most {MOST_SPARSE_COLUMNS:,} columns"
        raise DataError("too wide a sparse matrix", where="X", expected=expected, received=columns, fix=fix)
    needed, available = DENSE_COPIES * 8 * rows * columns / 2**20, available_mib()
    if available is not None and needed > available:
        raise DataError(
            "a sparse matrix that does not fit into memory as a dense one",
            where="X",
            expected=f"at most {available:,.0f} MiB",
            received=f"{needed:,.0f} MiB for {rows:,} rows of {columns:,} columns",
            fix=fix,
        )
    return inputs.toarray()


def repeated_rows(inputs: Any, rows: np.ndarray) -> Any:
    """Return some rows of a matrix or a frame."""
    return inputs.iloc[rows] if hasattr(inputs, "iloc") else inputs[rows]


def _canonical(inputs: AbstractTable, rows: Rows, count: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the rows to learn from in the order of their content, and their weights if they differ."""
    targets = rows.targets[:count].reshape(count, -1).T
    columns = [*targets, *(_as_numbers(inputs, name)[:count] for name in inputs.names)]
    order = np.argsort(_hashes(columns), kind="stable")
    if rows.weights is None:
        return order, None
    weights = rows.weights[order]
    order, weights = order[weights > 0], weights[weights > 0]
    whole = (weights == np.round(weights)).all() and weights.sum() <= MOST_COPIES
    if whole or (weights == weights[0]).all():
        return np.repeat(order, weights.astype(np.int64) if whole else 1), None
    return order, weights


def _hashes(columns: list[np.ndarray]) -> np.ndarray:
    """Return a uint64 for each row that depends on its values only."""
    state = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        state = mixed(state, (column.astype(np.float64) + 0.0).view(np.uint64))  # + 0.0: no -0.0
    return state


def _as_numbers(table: AbstractTable, name: str) -> np.ndarray:
    """Return a column as numbers; texts as their rank among the texts."""
    column = table.scalar(name)
    return column.distinct().codes if column.storage == "string" else column.numbers()


def _split_words(
    targets: np.ndarray, seed: int, valid: float, *, has_classes: bool
) -> tuple[np.ndarray | None, float]:
    """Keep classes of a single row for training and split the others; return words and the share left.

    Elsewhere such a class is an error; under cross-validation it is nobody's fault.
    """
    if not has_classes or valid == 0.0:
        return None, valid
    alone = np.bincount(targets)[targets] == 1
    rest = np.flatnonzero(~alone)
    if not alone.any() or not rest.size:
        return None, valid if rest.size else 0.0
    table = ArrayTable(np.empty((rest.size, 0)), [], {"target": targets[rest]})
    schema = Schema((), (), ("target",), task="", target_kind=CLASSES)
    words = np.full(len(targets), "train")
    words[rest[split_rows(table, schema, seed=seed, valid=valid).valid]] = "valid"
    return words, valid


def _beside(
    table: AbstractTable, extra: dict[str, np.ndarray | None]
) -> tuple[AbstractTable, dict[str, tuple[str, ...]]]:
    """Put columns beside a table's own under free names; return it and the names."""
    columns: dict[str, np.ndarray] = {}
    names: dict[str, tuple[str, ...]] = {}
    for name, array in extra.items():
        parts = {} if array is None else {name: array} if array.ndim == 1 else _numbered(name, array)
        parts = {free_name(part, table.names): values for part, values in parts.items()}
        columns |= parts
        names[name] = tuple(parts)
    if isinstance(table, ArrayTable):
        own = ArrayTable(
            table.matrix, table.names, columns, lines=table.lines, allow_missing=table.allow_missing
        )
        return own, names
    import polars as pl

    from lamina.data.frame import FrameTable

    if not isinstance(table, FrameTable):
        raise DataError("neither an array nor a frame", where="X")
    series = [pl.Series(name, array) for name, array in columns.items()]
    return FrameTable(table.frame.with_columns(series), source=table.source, lines=table.lines), names


def _numbered(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    return {f"{name}_{i}": array[:, i] for i in range(array.shape[1])}
