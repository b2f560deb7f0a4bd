"""Numbers of a table as features of samples, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.json_checks import items, optional, record
from lamina.modalities.table.numeric import numbers_of
from lamina.modalities.table.scaling import SCALERS, QuantileScaler, StandardScaler, restore_scaler
from lamina.modalities.table.stored import check_scaler
from lamina.tasks.samples.column import AbstractColumnCodec, generator, one_hot
from lamina.tasks.samples.grid import Grid, check_grid

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

NUMBER = "number"
SPIKE_SHARE = 0.05  # of the rows: a value so frequent has a category of its own
FEWEST_OF_SPIKE = 10  # rows
FEW_VALUES = 20  # so few different values are categories, where each has `FEWEST_OF_SPIKE` rows on average
_SIGNED, _UNSIGNED = (-(2.0**63), 2.0**63 - 1024, np.int64), (0.0, 2.0**64 - 2048, np.uint64)  # as floats
_INSIDE = 0.98  # of the interval that is rounded to a number: its ends are left to rounding

Scaler = QuantileScaler | StandardScaler


class NumberCodec(AbstractColumnCodec):
    """A scaled number, and one group of categories: "a number", "missing", and each very frequent value.

    A value that fills 5 % of the rows or more, such as the 0 of a capital gain, is a category beside the
    number; where there are few different values, each is one and there is no number. With dithering a number
    is uniform within the interval that is rounded to it, and standard normal noise where the category says it
    all, so that no number has all its density in one point.

    Args:
        name: the column.
        storage: of its values, such as ``integer``, ``float`` or ``string`` (texts that are numbers).
        scaler: of the numbers; None where there are none but those of ``spikes``.
        limits: the least and the greatest number seen; samples are clipped to them.
        grid: which numbers there are.
        has_gaps: whether one was missing in training.
        spikes: values that are categories, increasing.
    """

    kind = NUMBER

    def __init__(
        self,
        name: str,
        storage: str,
        scaler: Scaler | None,
        limits: tuple[float, float],
        grid: Grid,
        *,
        has_gaps: bool,
        spikes: tuple[float, ...],
    ):
        self.name, self.storage, self.scaler, self.limits, self.grid = name, storage, scaler, limits, grid
        self.has_gaps, self.spikes = has_gaps, spikes
        self._first = (scaler is not None) + has_gaps  # code of the first spike
        states = self._first + len(spikes)
        self._states = states if states > 1 else 0
        self.widths = (1,) * (scaler is not None) + (states,) * (states > 1)

    @staticmethod
    def fit(
        name: str,
        values: np.ndarray,
        *,
        storage: str = "float",
        scale: str = "quantile",
        dither: bool = False,
    ) -> NumberCodec:
        """Return the codec fitted to numbers, NaN where one is missing.

        Args:
            name: the column.
            values: float64 (n,).
            storage: of the column.
            scale: ``quantile`` or ``standard``.
            dither: whether the features are to be dithered.
        """
        known = values[np.isfinite(values)]
        spikes = _spikes(known, len(values))
        rest = known[~np.isin(known, spikes)]
        grid = Grid.fit(np.unique(known))
        scaler = None
        if rest.size:
            spread = rest + _jitter(name, rest.size) * grid.step if dither else rest
            scaler = SCALERS[scale].fit(np.sort(spread))
        limits = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        has_gaps = known.size < values.size
        return NumberCodec(
            name, storage, scaler, limits, grid, has_gaps=has_gaps, spikes=tuple(spikes.tolist())
        )

    def encode(self, table: AbstractTable, *, dither: bool) -> np.ndarray:
        """Return the features of all rows of a table."""
        values = numbers_of(table, self.name)
        missing = np.isnan(values)
        if table.strict and not self.has_gaps and missing.any():
            where = table.where(int(missing.argmax()), self.name)
            raise DataError("NaN where training had none", where=where, fix="fill the gap in")
        return self.encode_numbers(values, dither=dither)

    def encode_numbers(self, values: np.ndarray, *, dither: bool) -> np.ndarray:
        """Return the features of numbers, NaN where one is missing."""
        codes, parts = self._codes(values), []
        if self.scaler is not None:
            shift = _jitter(self.name, values.size) * self.grid.step if dither else 0.0
            noise = generator(self.name + " ", values.size).normal(size=values.size) if dither else 0.0
            parts.append(
                np.where((codes == 0) & ~np.isnan(values), self.scaler(values + shift), noise)[:, None]
            )
        if self._states:
            parts.append(one_hot(codes, self._states))
        return np.concatenate([np.zeros((values.size, 0)), *parts], axis=1).astype(np.float32)

    def _codes(self, values: np.ndarray) -> np.ndarray:
        """Return the category of each number; of one that is not among a few, the nearest."""
        codes, missing = np.zeros(values.size, np.int64), np.isnan(values)
        if self.spikes:
            spikes = np.array(self.spikes)
            place = np.searchsorted((spikes[1:] + spikes[:-1]) / 2, values)
            there = spikes[place] == values if self.scaler is not None else ~missing
            codes = np.where(there, place + self._first, codes)
        return np.where(missing, self._first - 1 if self.has_gaps else -1, codes) if missing.any() else codes

    def decode(self, features: np.ndarray) -> np.ndarray:
        """Return numbers as the column had them: integers where it had no gap."""
        return self.as_stored(self.decode_numbers(features))

    def decode_numbers(self, features: np.ndarray) -> np.ndarray:
        """Return float64 numbers on the grid within what was seen, NaN where one is missing."""
        values = np.full(len(features), self.limits[0])
        if self.scaler is not None:
            values = self.grid.nearest(inverse(self.scaler, features[:, 0].astype(np.float64)))
        values = values.clip(*self.limits)
        codes = np.full(len(features), self._first - 1)
        if self._states:
            codes = features[:, -self._states :].argmax(axis=1)
            spiked = codes >= self._first
            values[spiked] = np.array(self.spikes)[codes[spiked] - self._first]
        elif self.spikes:
            values[:] = self.spikes[0]
        if self.has_gaps:
            values[codes == self._first - 1] = np.nan
        return values

    def as_stored(self, values: np.ndarray) -> np.ndarray:
        """Return integers where the column had such, None where one is missing."""
        if self.storage != "integer" and (self.storage != "string" or self.grid.decimals):
            return values
        missing = np.isnan(values)
        low, high, kind = _UNSIGNED if self.limits[1] >= _SIGNED[1] and self.limits[0] >= 0 else _SIGNED
        whole = np.where(missing, 0, np.rint(values)).clip(low, high).astype(kind)
        if not missing.any():
            return whole
        return np.array(
            [None if m else w for m, w in zip(missing.tolist(), whole.tolist(), strict=True)], object
        )

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        return {
            "kind": NUMBER,
            "name": self.name,
            "storage": self.storage,
            "scaler": None if self.scaler is None else self.scaler.to_json(),
            "limits": list(self.limits),
            "grid": self.grid.to_json(),
            "has_gaps": self.has_gaps,
            "spikes": list(self.spikes),
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> NumberCodec:
        """Return the codec in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        scaler = None if stored["scaler"] is None else restore_scaler(stored["scaler"])
        low, high = stored["limits"]
        return NumberCodec(
            stored["name"],
            stored["storage"],
            scaler,
            (low, high),
            Grid(**stored["grid"]),
            has_gaps=stored["has_gaps"],
            spikes=tuple(stored["spikes"]),
        )


def inverse(scaler: Scaler, levels: np.ndarray) -> np.ndarray:
    """Return the numbers that a scaler maps to some levels.

    Example:
        >>> inverse(StandardScaler(10.0, 2.0), np.array([0.0, 1.0])).tolist()
        [10.0, 12.0]
    """
    if isinstance(scaler, StandardScaler):
        return levels * scaler.std + scaler.mean
    return np.interp(levels, scaler.levels, scaler.knots)


def _spikes(known: np.ndarray, rows: int) -> np.ndarray:
    """Return the values that are categories, increasing."""
    values, counts = np.unique(known, return_counts=True)
    few = values.size <= FEW_VALUES and values.size * FEWEST_OF_SPIKE <= known.size
    if few or values.size == 1:
        return values
    return values[counts >= max(SPIKE_SHARE * rows, FEWEST_OF_SPIKE)]


def _jitter(name: str, size: int) -> np.ndarray:
    """Return where in its interval each number stands, in (-0.5, 0.5)."""
    return (generator(name, size).random(size) - 0.5) * _INSIDE


def _pair(value: Any, place: str) -> None:
    json_checks.numbers(value, place)
    if len(value) != 2 or value[0] > value[1]:
        raise json_checks.wrong(place, "a lower and an upper limit", value)


_FORM = record(
    kind=json_checks.one_of(NUMBER),
    name=json_checks.text,
    storage=json_checks.one_of("integer", "float", "string", "datetime", "boolean"),
    scaler=optional(check_scaler),
    limits=_pair,
    grid=check_grid,
    has_gaps=json_checks.flag,
    spikes=items(json_checks.number),
)
