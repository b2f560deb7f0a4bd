"""Targets as arrays, and outputs of a model as labels or numbers again: classes, flags, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.json_checks import items, record, wrong
from lamina.core.unknown import UNKNOWN
from lamina.data.schema import Schema
from lamina.data.table import AbstractColumn, AbstractTable
from lamina.tasks.base import AbstractTarget

Label = str | int | float | bool
_LABEL_TYPES = ("", "object", *(np.dtype(code).name for code in "?" + "bhilqBHILQ" + "efd"))
_CLASSES = record(
    names=json_checks.texts,
    labels=items(json_checks.label),
    dtype=json_checks.one_of(*_LABEL_TYPES),
    rare=record(merged=json_checks.texts, label=json_checks.text, left_out=json_checks.texts),
)
_FLAGS = record(names=json_checks.texts)
_NUMBERS = record(names=json_checks.texts, mean=json_checks.numbers, std=items(json_checks.positive))


@dataclass(frozen=True)
class RareLabels:
    """Classes with too few rows for a split.

    Args:
        merged: those that are one class.
        label: of that class.
        left_out: those whose rows were left out.
    """

    merged: tuple[str, ...] = ()
    label: str = ""
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"merged": list(self.merged), "label": self.label, "left_out": list(self.left_out)}


NO_RARE_LABELS = RareLabels()


class ClassTarget(AbstractTarget):
    """One target column of classes: labels to codes, and back as they were given.

    Args:
        name: the column.
        labels: the classes, sorted: texts, integers, floats or booleans.
        dtype: NumPy type that gives labels back as they came; empty where NumPy's choice is right.
        rare: classes that were too small to be learned by themselves.

    Example:
        >>> from lamina.data import Schema, read
        >>> table = read(np.zeros((4, 1)), y=["no", "yes", "no", "yes"])
        >>> target = ClassTarget.fit(table, Schema((), (), ("target",), "binary"))
        >>> target.labels, target.transform(table).tolist()
        (('no', 'yes'), [0, 1, 0, 1])
        >>> target.predictions(np.array([[0.2, 0.8], [0.9, 0.1]])).tolist()
        ['yes', 'no']
    """

    def __init__(
        self, name: str, labels: tuple[Label, ...], dtype: str = "", *, rare: RareLabels = NO_RARE_LABELS
    ):
        self.names, self.labels, self.dtype, self.rare = (name,), labels, dtype, rare

    @staticmethod
    def fit(
        table: AbstractTable,
        schema: Schema,
        rows: np.ndarray | None = None,
        *,
        rare: RareLabels = NO_RARE_LABELS,
    ) -> ClassTarget:
        """Return the target fitted to the training rows, all without."""
        column = table.labels(schema.targets[0])
        column = column if rows is None else column.take(np.asarray(rows))
        return ClassTarget(schema.targets[0], column.distinct().values, _label_dtype(column), rare=rare)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return int32 codes (n,).

        Raises:
            DataError: the target is absent, missing, or a label that training never saw.
        """
        table = _required(table, self.names, rows)
        name = self.names[0]
        found = table.labels(name).distinct()
        known = {_key(label): i for i, label in enumerate(self.labels)}
        known |= {_key(label): known.get(_key(self.rare.label), -1) for label in self.rare.merged}
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
        if _key(value) in map(_key, self.rare.left_out):
            return DataError(
                "a class that was too small to be learned (rare=drop)",
                where=table.where(row, name),
                expected=f"one of {shown}",
                received=repr(value),
                fix="remove these rows, or train with rare=merge",
            )
        return DataError(
            "label that training never saw",
            where=table.where(row, name),
            expected=f"one of {shown}",
            received=repr(value),
            fix="correct the label, remove the rows, or train with rows of this class",
        )

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the most probable label of each row, of probabilities (n, classes)."""
        return self.label_array()[decoded.argmax(-1)]

    def label_array(self) -> np.ndarray:
        """Return the labels as an array of the type they were given in."""
        return np.array(self.labels, dtype=self.dtype or None)

    def caption(self, value: Any) -> str:
        """Return the label of a code."""
        return str(self.labels[int(value)])

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        stored = {"names": list(self.names), "labels": list(self.labels), "dtype": self.dtype}
        return stored if self.rare == NO_RARE_LABELS else {**stored, "rare": self.rare.to_json()}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str, *, count: int | None = None) -> ClassTarget:
        """Return the target that `to_json` stored, each field checked.

        Args:
            stored: parsed JSON.
            place: of it in its document, for errors.
            count: how many classes there must be, two or more without.
        """
        rare = NO_RARE_LABELS.to_json()
        _CLASSES({"rare": rare, **stored} if isinstance(stored, dict) else stored, place)
        rare = stored.get("rare", rare)
        if rare["merged"] and rare["label"] not in stored["labels"]:
            raise wrong(f"{place}.rare.label", "one of the labels", rare["label"])
        if len(stored["names"]) != 1:
            raise wrong(f"{place}.names", "1 for this task", stored["names"])
        if len(stored["labels"]) < 2 or (count and len(stored["labels"]) != count):
            raise wrong(f"{place}.labels", f"{count or '2 or more'} for this task", stored["labels"])
        own = RareLabels(tuple(rare["merged"]), rare["label"], tuple(rare["left_out"]))
        target = ClassTarget(stored["names"][0], tuple(stored["labels"]), stored["dtype"], rare=own)
        target.label_array()  # labels that are not of their type are refused here
        return target


class FlagTarget(AbstractTarget):
    """Several target columns of 0 and 1.

    Args:
        names: the columns.
    """

    def __init__(self, names: tuple[str, ...]):
        self.names = names

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return float32 (n, flags), `lamina.core.unknown.UNKNOWN` where a flag is missing.

        Raises:
            DataError: a target is absent, or a row has none.
        """
        table = _required(table, self.names, rows)
        numbers = np.stack([_numbers(table, name) for name in self.names], axis=1)
        unknown = np.isnan(numbers)
        bad = np.flatnonzero(unknown.all(axis=1))
        if bad.size:
            raise _missing_error(table, int(bad[0]), self.names[0], bad.size)
        return np.where(unknown, UNKNOWN, numbers).astype(np.float32)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return 0 or 1 for each flag, of probabilities (n, flags)."""
        return (decoded > 0.5).astype(np.int64)

    def caption(self, value: Any) -> str:
        """Return the names of the flags that are 1."""
        return " ".join(name for name, is_on in zip(self.names, value, strict=True) if is_on > 0) or "–"

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"names": list(self.names)}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> FlagTarget:
        """Return the target that `to_json` stored, each field checked."""
        _FLAGS(stored, place)
        if not stored["names"]:
            raise wrong(f"{place}.names", "one at least", stored["names"])
        return FlagTarget(tuple(stored["names"]))


class NumberTarget(AbstractTarget):
    """Target columns of numbers: brought to mean 0 and standard deviation 1, and back.

    Args:
        names: the columns.
        mean: of each.
        std: standard deviation of each, above 0.

    Example:
        >>> NumberTarget(("price",), np.array([3.0]), np.array([2.0])).in_unit(np.array([[1.0]])).tolist()
        [[5.0]]
    """

    def __init__(self, names: tuple[str, ...], mean: np.ndarray, std: np.ndarray):
        self.names, self.mean, self.std = names, mean, std

    @staticmethod
    def fit(table: AbstractTable, schema: Schema, rows: np.ndarray | None = None) -> NumberTarget:
        """Return the target fitted to the training rows, all without.

        Raises:
            DataError: a target is no number.
        """
        numbers = np.stack([_numbers(table, name) for name in schema.targets], axis=1)
        numbers = numbers if rows is None else numbers[rows]
        numbers = numbers[~np.isnan(numbers).any(axis=1)]
        std = numbers.std(axis=0)
        return NumberTarget(schema.targets, numbers.mean(axis=0), np.where(std > 0, std, 1.0))

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return float32 (n, targets), standardized.

        Raises:
            DataError: a target is absent, missing, or no number.
        """
        numbers = _known_numbers(_required(table, self.names, rows), self.names)
        return ((numbers - self.mean) / self.std).astype(np.float32)

    @property
    def unit(self) -> float:
        """The standard deviation of the only target, 1 where there are several."""
        return float(self.std[0]) if len(self.std) == 1 else 1.0

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return the targets in their own unit."""
        return self.transform(table) * self.std + self.mean

    def in_unit(self, decoded: np.ndarray) -> np.ndarray:
        """Return standardized outputs (n, targets) or (n, targets, quantiles) in the target's own unit."""
        axes = (1,) * (decoded.ndim - 2)
        return decoded * self.std.reshape(-1, *axes) + self.mean.reshape(-1, *axes)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return numbers: (n,) for one target, (n, targets) for several."""
        return decoded[:, 0] if decoded.shape[1] == 1 else decoded

    def caption(self, value: Any) -> str:
        """Return the first number."""
        return f"{np.ravel(value)[0]:.4g}"

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {"names": list(self.names), "mean": self.mean.tolist(), "std": self.std.tolist()}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> NumberTarget:
        """Return the target that `to_json` stored, each field checked."""
        _NUMBERS(stored, place)
        count = len(stored["names"])
        if not count:
            raise wrong(f"{place}.names", "one at least", stored["names"])
        for name in ("mean", "std"):
            if len(stored[name]) != count:
                raise wrong(f"{place}.{name}", f"{count} for this task", stored[name])
        return NumberTarget(
            tuple(stored["names"]), np.array(stored["mean"], float), np.array(stored["std"], float)
        )


def _required(table: AbstractTable, names: tuple[str, ...], rows: np.ndarray | None) -> AbstractTable:
    """Return some rows of a table that has all the targets."""
    for name in names:
        table.require(name, "target column", fix="add the column; predict works without it")
    return table if rows is None else table.take(np.asarray(rows))


def _known_numbers(table: AbstractTable, names: tuple[str, ...]) -> np.ndarray:
    """Return targets as numbers, or raise DataError where one is missing."""
    numbers = np.stack([_numbers(table, name) for name in names], axis=1)
    bad = np.argwhere(np.isnan(numbers))
    if bad.size:
        raise _missing_error(table, int(bad[0][0]), names[bad[0][1]], len(bad))
    return numbers


def _label_dtype(column: AbstractColumn) -> str:
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
