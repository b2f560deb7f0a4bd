"""Dates as calendar features."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data import dates
from lamina.data.table import AbstractTable
from lamina.data.words import NUMERIC_SHARE
from lamina.modalities.table.scaling import SCALERS, QuantileScaler, StandardScaler, bin_edges, restore_scaler

_DAY = 86_400
_CYCLES = ("month", "day of week", "day of year", "hour")


class DatetimeEncoder:
    """Elapsed time and year as scaled numbers; month, day of week, day of year and hour on circles.

    A part that was the same in all training rows is left out. Missing dates give zeros, and 1 in a feature
    of their own if any was missing in training.

    Args:
        name: the column.
        form: format of the dates, empty where they are dates already.
        scales: the scale of ``elapsed`` and, where it varies, of ``year``.
        cycles: which of the cyclic parts vary.
        marks_missing: whether a feature says that the date is missing.
        bins: edges for each feature.
    """

    kind = "datetime"

    def __init__(
        self,
        name: str,
        form: str,
        scales: dict[str, QuantileScaler | StandardScaler],
        cycles: tuple[str, ...],
        marks_missing: bool,
        bins: tuple[tuple[float, ...], ...] = (),
    ):
        self.name, self.form, self.scales, self.cycles = name, form, scales, cycles
        self.marks_missing, self.bins = marks_missing, bins
        circles = [f"{name} {part} ({side})" for part in cycles for side in ("sin", "cos")]
        missing = [f"{name} is missing"] if marks_missing else []
        self.features = (*(f"{name} {part}" for part in scales), *circles, *missing)

    @staticmethod
    def fit(table: AbstractTable, name: str, rows: np.ndarray, *, form: str, scale: str) -> DatetimeEncoder:
        """Return the encoder fitted to the given rows of a column."""
        seconds = dates.seconds_of(table.scalar(name).take(rows), form)
        known = seconds[~np.isnan(seconds)]
        parts = calendar(known)
        varying = [part for part, values in parts.items() if known.size and np.ptp(values) > 0]
        scales = {
            part: SCALERS[scale].fit(np.sort(parts[part]))
            for part in ("elapsed", "year")
            if part in varying or part == "elapsed"
        }
        cycles = tuple(part for part in _CYCLES if part in varying)
        encoder = DatetimeEncoder(name, form, scales, cycles, bool(known.size < seconds.size))
        sample = np.empty((seconds.size, len(encoder.features)), np.float32)
        encoder._fill(seconds, sample)
        encoder.bins = tuple(bin_edges(np.sort(feature)) for feature in sample.T)
        return encoder

    def fill(self, table: AbstractTable, out: np.ndarray) -> None:
        """Write the features of all rows of a table into the columns of ``out``."""
        column = table.scalar(self.name)
        seconds = dates.seconds_of(column, self.form)
        bad = np.flatnonzero(np.isnan(seconds) & ~column.missing())
        if bad.size > (1 - NUMERIC_SHARE) * max(len(column), 1):
            row = int(bad[0])
            raise DataError(
                "not a date as in training",
                where=table.where(row, self.name),
                expected=f"the format {self.form}" if self.form else "dates",
                received=repr(column.value(row)),
            )
        self._fill(seconds, out)

    def _fill(self, seconds: np.ndarray, out: np.ndarray) -> None:
        """Write the features of dates given in seconds."""
        missing = np.isnan(seconds)
        parts = calendar(np.where(missing, 0.0, seconds))
        position = 0
        for part, scaler in self.scales.items():
            out[:, position] = scaler(parts[part])
            position += 1
        for part in self.cycles:
            out[:, position], out[:, position + 1] = np.sin(parts[part]), np.cos(parts[part])
            position += 2
        out[missing] = 0.0
        if self.marks_missing:
            out[:, position] = missing

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "kind": self.kind,
            "name": self.name,
            "form": self.form,
            "cycles": list(self.cycles),
            "scales": {part: scaler.to_json() for part, scaler in self.scales.items()},
            "marks_missing": self.marks_missing,
            "bins": [list(edges) for edges in self.bins],
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> DatetimeEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        scales = {part: restore_scaler(scaler) for part, scaler in stored["scales"].items()}
        bins = tuple(tuple(edges) for edges in stored["bins"])
        return DatetimeEncoder(
            stored["name"], stored["form"], scales, tuple(stored["cycles"]), stored["marks_missing"], bins
        )


def calendar(seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Return the parts of dates given in seconds since 1970: numbers, or angles for what comes round again.

    Example:
        >>> calendar(np.array([0.0]))["year"]
        array([1970.])
    """
    days = np.floor(seconds / _DAY)
    date = days.astype(np.int64).astype("datetime64[D]")
    year, month = date.astype("datetime64[Y]"), date.astype("datetime64[M]")
    turn = 2 * np.pi
    return {
        "elapsed": seconds,
        "year": year.astype(np.float64) + 1970,
        "month": (month - year).astype(np.float64) * (turn / 12),
        "day of week": (days + 3) % 7 * (turn / 7),  # 1970 began on a Thursday
        "day of year": (date - year.astype("datetime64[D]")).astype(np.float64) * (turn / 365.25),
        "hour": (seconds - days * _DAY) * (turn / _DAY),
    }
