"""Numbers and booleans as numeric features."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.table import LARGEST_NUMBER, AbstractTable
from lamina.data.words import NUMERIC_SHARE
from lamina.modalities.table.scaling import SCALERS, QuantileScaler, StandardScaler, bin_edges, restore_scaler


class NumericEncoder:
    """One feature with the scaled number (0 where it is missing), and one that says "missing" if needed.

    Args:
        name: the column.
        scaler: the fitted scale.
        marks_missing: whether a second feature is 1 where the number is missing, 0 elsewhere.
        bins: edges for each feature.
    """

    kind = "numeric"

    def __init__(
        self,
        name: str,
        scaler: QuantileScaler | StandardScaler,
        marks_missing: bool,
        bins: tuple[tuple[float, ...], ...],
    ):
        self.name, self.scaler, self.marks_missing, self.bins = name, scaler, marks_missing, bins
        self.features = (name, f"{name} is missing")[: 1 + marks_missing]

    @staticmethod
    def fit(table: AbstractTable, name: str, rows: np.ndarray, *, scale: str) -> NumericEncoder:
        """Return the encoder fitted to the given rows of a column."""
        values = table.scalar(name).take(rows).numbers()
        ordered = np.sort(values)
        ordered = ordered[: np.searchsorted(ordered, np.inf, side="right")]  # NaN is sorted last
        ordered = (
            ordered[np.isfinite(ordered)]
            if ordered.size and not np.isfinite(ordered[[0, -1]]).all()
            else ordered
        )
        scaler = SCALERS[scale].fit(ordered)
        marks = bool(np.isnan(values).any())
        edges = (
            bin_edges(scaler(ordered)) if not marks else bin_edges(np.sort(np.append(scaler(ordered), 0.0)))
        )
        return NumericEncoder(name, scaler, marks, (edges, (0.0, 1.0))[: 1 + marks])

    def fill(self, table: AbstractTable, out: np.ndarray) -> None:
        """Write the features of all rows of a table into the columns of ``out``."""
        values = numbers_of(table, self.name)
        missing = np.isnan(values)
        if table.strict and not self.marks_missing and missing.any():
            where = table.where(int(missing.argmax()), self.name)
            raise DataError("NaN where training had none", where=where, fix="fill the gap in")
        scaled = self.scaler(values)
        scaled[missing] = 0.0
        out[:, 0] = scaled
        if self.marks_missing:
            out[:, 1] = missing

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "kind": self.kind,
            "name": self.name,
            "scaler": self.scaler.to_json(),
            "marks_missing": self.marks_missing,
            "bins": [list(edges) for edges in self.bins],
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> NumericEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        bins = tuple(tuple(edges) for edges in stored["bins"])
        return NumericEncoder(stored["name"], restore_scaler(stored["scaler"]), stored["marks_missing"], bins)


class BooleanEncoder:
    """One feature that is 1 for true and -1 for false (0 where missing), and one for "missing" if needed.

    Args:
        name: the column.
        marks_missing: whether a second feature says that the value is missing.
    """

    kind = "boolean"

    def __init__(self, name: str, marks_missing: bool):
        self.name, self.marks_missing = name, marks_missing
        self.features = (name, f"{name} is missing")[: 1 + marks_missing]
        first = (-1.0, 0.0, 1.0) if marks_missing else (-1.0, 1.0)
        self.bins = (first, (0.0, 1.0))[: 1 + marks_missing]

    @staticmethod
    def fit(table: AbstractTable, name: str, rows: np.ndarray) -> BooleanEncoder:
        """Return the encoder fitted to the given rows of a column."""
        return BooleanEncoder(name, bool(table.scalar(name).take(rows).missing().any()))

    def fill(self, table: AbstractTable, out: np.ndarray) -> None:
        """Write the features of all rows of a table into the columns of ``out``."""
        column = table.scalar(self.name)
        missing = column.missing()
        if column.storage == "string":
            found = column.distinct()
            truth = np.array([_TRUTH.get(str(v).lower(), 0.0) for v in found.values] + [0.0])
            out[:, 0] = truth[found.codes]
        else:
            out[:, 0] = np.where(missing, 0.0, np.where(column.numbers() != 0, 1.0, -1.0))
        if self.marks_missing:
            out[:, 1] = missing

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"kind": self.kind, "name": self.name, "marks_missing": self.marks_missing}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> BooleanEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        return BooleanEncoder(stored["name"], stored["marks_missing"])


_TRUTH = {"true": 1.0, "1": 1.0, "yes": 1.0, "false": -1.0, "0": -1.0, "no": -1.0}


def numbers_of(table: AbstractTable, name: str) -> np.ndarray:
    """Return a column as numbers, or raise DataError where too many of its values are none.

    Raises:
        DataError: more than 5 % of the values cannot be read as numbers, or one is infinite or too large.
    """
    column = table.scalar(name)
    values = column.numbers()
    beyond = np.flatnonzero(np.abs(values) > LARGEST_NUMBER)
    if beyond.size:
        row = int(beyond[0])
        what = "infinity" if np.isinf(values[row]) else f"{values[row]:g}, beyond single precision,"
        raise DataError(
            f"{what} is not a number to learn from",
            where=table.where(row, name),
            fix="replace it by a number, or leave the cell empty",
        )
    if column.storage == "string":
        bad = np.flatnonzero(np.isnan(values) & ~column.missing())
        known = np.count_nonzero(~column.missing())
        if bad.size > (1 - NUMERIC_SHARE) * known:
            row = int(bad[0])
            raise DataError(
                "not a number, in a column that was numeric in training",
                where=table.where(row, name),
                expected=f"numbers written as {column.form}" if column.form else None,
                received=repr(column.value(row)),
                fix="leave the cell empty if the value is unknown",
            )
    return values
