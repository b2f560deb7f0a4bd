"""Dates of a table as features of samples, and back."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.json_checks import record
from lamina.data import dates
from lamina.data.dates import BETWEEN_FORMATS
from lamina.data.words import NUMERIC_SHARE
from lamina.modalities.table.stored import check_date_format
from lamina.tasks.samples.column import AbstractColumnCodec
from lamina.tasks.samples.numbers import NumberCodec

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable, ScalarColumn

MOMENT = "moment"
_DAY, _MICROSECONDS = 86_400, 1_000_000
DATE, TIME, DURATION = "date", "time", "duration"  # and MOMENT: what a column holds


class MomentCodec(AbstractColumnCodec):
    """Dates as one number, seconds since 1970, with its categories; times of day and durations too.

    Texts are written as the column wrote them, in ISO 8601 where it had several formats or a time zone.

    Args:
        name: the column.
        numbers: codec of the seconds.
        form: format of the texts, empty where the column holds dates already.
        holds: ``date``, ``moment``, ``time`` or ``duration``.
    """

    kind = MOMENT

    def __init__(self, name: str, numbers: NumberCodec, form: str, holds: str):
        self.name, self.numbers, self.form, self.holds = name, numbers, form, holds
        self.widths = numbers.widths

    @staticmethod
    def fit(column: ScalarColumn, *, form: str, scale: str, dither: bool) -> MomentCodec:
        """Return the codec fitted to a column.

        Args:
            column: of dates, or of texts that are dates.
            form: format of the texts; empty: found out.
            scale: ``quantile`` or ``standard``.
            dither: whether the features are to be dithered.
        """
        if column.storage == "string" and not form:
            form = column.form or dates.find_format(column)
        seconds = dates.seconds_of(column, form)
        numbers = NumberCodec.fit(column.name, seconds, storage="datetime", scale=scale, dither=dither)
        return MomentCodec(column.name, numbers, form, _held(column, numbers))

    def encode(self, table: AbstractTable, *, dither: bool) -> np.ndarray:
        """Return the features of all rows of a table."""
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
        return self.numbers.encode_numbers(seconds, dither=dither)

    def decode(self, features: np.ndarray) -> np.ndarray:
        """Return datetime64, timedelta64, or texts in the format of the column."""
        seconds = self.numbers.decode_numbers(features)
        missing = np.isnan(seconds)
        ticks = np.rint(np.where(missing, 0, seconds) * _MICROSECONDS).astype(np.int64)
        if self.holds == TIME:
            return np.array(
                [None if m else _time(t) for t, m in zip(ticks.tolist(), missing, strict=True)], object
            )
        values = ticks.astype("timedelta64[us]" if self.holds == DURATION else "datetime64[us]")
        values[missing] = "NaT"
        if self.form:
            return _written(values, self.form, self.holds)
        return values.astype("datetime64[D]") if self.holds == DATE else values

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        numbers = self.numbers.to_json()
        return {"kind": MOMENT, "name": self.name, "numbers": numbers, "form": self.form, "holds": self.holds}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> MomentCodec:
        """Return the codec in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        numbers = NumberCodec.restore(stored["numbers"], f"{place}.numbers")
        return MomentCodec(stored["name"], numbers, stored["form"], stored["holds"])


def _held(column: ScalarColumn, numbers: NumberCodec) -> str:
    """Return what a column holds: dates where all moments are midnight."""
    known = np.flatnonzero(~column.missing())
    value = column.value(int(known[0])) if known.size else None
    if isinstance(value, datetime.time):
        return TIME
    if isinstance(value, datetime.timedelta):
        return DURATION
    midnight = numbers.grid.step and numbers.grid.step % _DAY == 0 and numbers.grid.start % _DAY == 0
    constant = numbers.limits[0] == numbers.limits[1] and numbers.limits[0] % _DAY == 0
    return DATE if midnight or constant else MOMENT


def _time(ticks: int) -> datetime.time:
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=ticks)).time()


def _written(values: np.ndarray, form: str, holds: str) -> np.ndarray:
    """Return dates as texts, None where one is missing."""
    import polars as pl

    own = form if BETWEEN_FORMATS not in form and "z" not in form else ""
    iso = "%Y-%m-%d" if holds == DATE else "%Y-%m-%dT%H:%M:%S%.f"
    return np.array(pl.Series(values).dt.strftime(own or iso).to_list(), object)


_FORM = record(
    kind=json_checks.one_of(MOMENT),
    name=json_checks.text,
    numbers=json_checks.anything,
    form=check_date_format,
    holds=json_checks.one_of(DATE, MOMENT, TIME, DURATION),
)
