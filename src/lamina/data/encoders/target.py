"""Targets as arrays, and outputs of a model as labels or numbers again."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import DataError, NotFittedError
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable, ScalarColumn

Label = str | int | float | bool


class TargetEncoder:
    """Translate target columns: classes to codes, flags to 0 and 1, numbers to mean 0 and std 1.

    Labels come back as they were given: texts, integers, floats or booleans.

    Example:
        >>> from lamina.data import infer_schema, read
        >>> table = read(np.zeros((4, 1)), y=["no", "yes", "no", "yes"])
        >>> encoder = TargetEncoder().fit(table, infer_schema(table, target="target"))
        >>> encoder.labels, encoder.transform(table).tolist(), encoder.inverse(np.array([1, 0])).tolist()
        (('no', 'yes'), [0, 1, 0, 1], ['yes', 'no'])
    """

    def __init__(self):
        self.task = ""
        self.targets: tuple[str, ...] = ()
        self.labels: tuple[Label, ...] = ()
        self.dtype = ""
        self.mean = self.std = np.zeros(0)

    def fit(self, table: AbstractTable, schema: Schema, rows: np.ndarray | None = None) -> TargetEncoder:
        """Fit to the training rows (all without) and return self.

        Raises:
            DataError: a regression target is no number.
        """
        rows = np.arange(table.height) if rows is None else np.asarray(rows)
        self.task, self.targets = schema.task, schema.targets
        columns = [table.labels(name).take(rows) for name in self.targets]
        if self.task in ("binary", "multiclass"):
            found = columns[0].distinct()
            self.labels, self.dtype = found.values, _label_dtype(columns[0])
        elif self.task == "regression":
            numbers = np.stack([_numbers(table, name)[rows] for name in self.targets], axis=1)
            numbers = numbers[~np.isnan(numbers).any(axis=1)]
            self.mean, std = numbers.mean(axis=0), numbers.std(axis=0)
            self.std = np.where(std > 0, std, 1.0)
        return self

    @property
    def classes(self) -> int:
        """Number of classes, or of targets where there are no classes."""
        return len(self.labels) or len(self.targets)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return int32 codes (n,) for classes, otherwise float32 (n, targets).

        Raises:
            DataError: a target is absent, missing, or a label that training never saw.
        """
        if not self.task:
            raise NotFittedError("the encoder is not fitted", fix="call fit first")
        for name in self.targets:
            table.require(name, "target column", fix="add the column; predict answers without it")
        if rows is not None:
            table = table.take(np.asarray(rows))
        if self.task in ("binary", "multiclass"):
            return self._codes(table)
        numbers = np.stack([_numbers(table, name) for name in self.targets], axis=1)
        bad = np.argwhere(np.isnan(numbers))
        if bad.size:
            raise _missing_error(table, int(bad[0][0]), self.targets[bad[0][1]], len(bad))
        if self.task == "regression":
            numbers = (numbers - self.mean) / self.std
        return numbers.astype(np.float32)

    def _codes(self, table: AbstractTable) -> np.ndarray:
        """Return the code of each row's label."""
        name = self.targets[0]
        found = table.labels(name).distinct()
        known = {_key(label): i for i, label in enumerate(self.labels)}
        codes = np.array([known.get(_key(v), -1) for v in found.values] + [-2], np.int32)[found.codes]
        bad = np.flatnonzero(codes < 0)
        if bad.size:
            row = int(bad[0])
            if codes[row] == -2:
                raise _missing_error(table, row, name, int((codes == -2).sum()))
            raise self._unseen_error(table, row, name, found.values[found.codes[row]])
        return codes

    def _unseen_error(self, table: AbstractTable, row: int, name: str, value: object) -> DataError:
        """Return the error for a label that training never saw."""
        shown = ", ".join(repr(label) for label in self.labels[:12]) + (" …" if len(self.labels) > 12 else "")
        return DataError(
            "label that training never saw",
            where=table.where(row, name),
            expected=f"one of {shown}",
            received=repr(value),
            fix="correct the label, remove the rows, or train with rows of this class",
        )

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return labels for codes (n,), 0 and 1 for flags, numbers in the target's own unit.

        A single regression target comes back with shape (n,), several with (n, targets).

        Raises:
            DataError: a code stands for no class.
        """
        values = np.asarray(values)
        if self.task in ("binary", "multiclass"):
            bad = values[(values < 0) | (values >= len(self.labels))]
            if bad.size:
                expected = f"0 to {len(self.labels) - 1}"
                raise DataError("no class has this code", expected=expected, received=int(bad[0]))
            return self.label_array()[values]
        if self.task == "multilabel":
            return values.astype(np.int64)
        numbers = values.astype(np.float64).reshape(len(values), -1) * self.std + self.mean
        return numbers[:, 0] if len(self.targets) == 1 else numbers

    def label_array(self) -> np.ndarray:
        """Return the labels as an array of the type they were given in."""
        return np.array(self.labels, dtype=self.dtype or None)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "task": self.task,
            "targets": list(self.targets),
            "labels": list(self.labels),
            "dtype": self.dtype,
            "mean": self.mean.tolist(),
            "std": self.std.tolist(),
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> TargetEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        encoder = TargetEncoder()
        encoder.task, encoder.dtype = stored["task"], stored["dtype"]
        encoder.targets, encoder.labels = tuple(stored["targets"]), tuple(stored["labels"])
        encoder.mean, encoder.std = (
            np.array(stored["mean"], float),
            np.array(stored["std"], float),
        )
        return encoder


def _label_dtype(column: ScalarColumn) -> str:
    """Return the NumPy type that gives labels back as they came; empty where NumPy's choice is right."""
    array = getattr(column, "array", None)
    if array is None or array.dtype.kind in "US":
        return ""
    return (
        "object"
        if array.dtype.kind == "O" and column.storage == "string"
        else ("" if array.dtype.kind == "O" else array.dtype.name)
    )


def _key(value: object) -> object:
    """Return what a label is looked up by: 1, 1.0, True and "1" are one class, as CSV has no types."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return {"true": "1", "false": "0"}.get(text.lower(), text)


def _numbers(table: AbstractTable, name: str) -> np.ndarray:
    """Return a target as numbers, or raise DataError at the first text or infinity."""
    column = table.labels(name)
    values = column.numbers()
    bad = np.flatnonzero((np.isnan(values) & ~column.missing()) | np.isinf(values))
    if bad.size:
        row = int(bad[0])
        raise DataError(
            "the target is not a number to learn",
            where=table.where(row, name),
            received=repr(column.value(row)),
            fix="correct or remove the row, or choose a classification task",
        )
    return values


def _missing_error(table: AbstractTable, row: int, name: str, count: int) -> DataError:
    """Return the error for rows whose target is unknown."""
    return DataError(
        f"the target is missing ({count} such row{'s' if count > 1 else ''})",
        where=table.where(row, name),
        fix="fill it in, or remove the rows",
    )
