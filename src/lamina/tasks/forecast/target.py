"""What is learned of series: their scales, their calendar, and which are neighbors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.inputs.series import SeriesInputs
from lamina.core.json_checks import items, one_of, optional, record, wrong
from lamina.core.packed import packed, unpacked
from lamina.core.shared_arrays import COMMON
from lamina.data.series.calendar import NO_CLOCK, PARTS, CalendarPart, Clock, positions
from lamina.data.series.links import MOST_SERIES
from lamina.data.series.steps import Steps
from lamina.tasks.base import AbstractTarget

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

_LEAST_SCALE = 1e-8  # relative: a series that never moves is left as it is


@dataclass(frozen=True)
class ForecastTarget(AbstractTarget):
    """The series of the training rows.

    Args:
        series: their names.
        mean: of each, float64.
        scale: standard deviation of each, 1 where it never moves.
        context: steps to look back.
        horizon: steps to look ahead.
        calendar: what is known of the time of a step.
        clock: the usual distance of two steps.
        neighbors: weights of the neighbors of each series, rows that sum to one, or None.
        time: the column of times, or None.
    """

    series: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    context: int
    horizon: int
    calendar: tuple[CalendarPart, ...] = ()
    clock: Clock = NO_CLOCK
    neighbors: np.ndarray | None = None
    time: str | None = None
    names = ()

    @property
    def inputs(self) -> SeriesInputs:
        """What a model is told."""
        sizes = tuple(part.size for part in self.calendar)
        return SeriesInputs(len(self.series), self.context, self.horizon, sizes, self.neighbors is not None)

    @staticmethod
    def scales(steps: Steps, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each series over some steps.

        Args:
            steps: of all series.
            ids: the steps that train.
        """
        with np.errstate(all="ignore"):
            own = steps.values[ids]
            counts = np.maximum((~np.isnan(own)).sum(axis=0), 1)
            mean = np.nansum(own, axis=0) / counts
            scale = np.sqrt(np.nansum((own - mean) ** 2, axis=0) / counts)
        return mean, np.where(scale > _LEAST_SCALE * np.maximum(np.abs(mean), 1), scale, 1.0)

    def arrays(self, steps: Steps, at: np.ndarray) -> dict[str, Any]:
        """Return what a model is told: forecasts that begin with some steps.

        Args:
            steps: of all series.
            at: first step of each forecast; the step after the last one may be among them.
        """
        values = np.nan_to_num((steps.filled - self.mean) / self.scale)
        times = steps.times if self.clock.dated else None
        if times is not None:
            times = np.concatenate([times, self.clock.after(times, 1)])
        common = {
            "values": np.ascontiguousarray(values, np.float32),
            "known": steps.known,
            "calendar": positions(self.calendar, times, steps.count + 1),
        }
        if self.neighbors is not None:
            common["neighbors"] = self.neighbors
        return {"at": np.ascontiguousarray(at, np.int32), COMMON: common}

    def in_unit(self, decoded: np.ndarray) -> np.ndarray:
        """Return forecasts, (n, series, horizon) or with levels behind, in the series' own units."""
        shape = (-1,) + (1,) * (decoded.ndim - 2)
        return decoded * self.scale.reshape(shape) + self.mean.reshape(shape)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return nothing for each row: the steps to come are the targets."""
        return np.zeros(table.height if rows is None else len(rows), np.float32)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return forecasts as they are."""
        return decoded

    def caption(self, value: Any) -> str:
        """Return an empty text: a forecast has no label."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold; weights of neighbors as packed float32."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        found |= {"series": list(self.series), "mean": self.mean.tolist(), "scale": self.scale.tolist()}
        found["calendar"] = [dataclasses.asdict(part) for part in self.calendar]
        found["clock"] = dataclasses.asdict(self.clock)
        if self.neighbors is not None:
            found["neighbors"] = packed(self.neighbors)
        return found

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> ForecastTarget:
        """Return the target in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """
        _FORM(stored, place)
        count = len(stored["series"])
        for name in ("mean", "scale"):
            if len(stored[name]) != count:
                raise wrong(f"{place}.{name}", f"{count} numbers", len(stored[name]))
        if min(stored["scale"], default=1.0) <= 0:
            raise wrong(f"{place}.scale", "numbers above 0", min(stored["scale"]))
        neighbors = stored["neighbors"]
        return ForecastTarget(
            tuple(stored["series"]),
            np.array(stored["mean"], np.float64),
            np.array(stored["scale"], np.float64),
            stored["context"],
            stored["horizon"],
            tuple(CalendarPart(**part) for part in stored["calendar"]),
            Clock(float(stored["clock"]["interval"]), stored["clock"]["dated"]),
            None if neighbors is None else _weights(neighbors, count, f"{place}.neighbors"),
            stored["time"],
        )


def _weights(text: str, count: int, place: str) -> np.ndarray:
    """Return packed weights, (count, count)."""
    found = unpacked(text, "<f4", place=place, most=4 * min(count, MOST_SERIES) ** 2)
    if len(found) != count**2 or not np.isfinite(found).all():
        raise wrong(place, f"{count} times {count} finite weights", f"{len(found)} numbers")
    return found.reshape(count, count)


_FORM = record(
    series=json_checks.texts,
    mean=json_checks.numbers,
    scale=json_checks.numbers,
    context=json_checks.size,
    horizon=json_checks.size,
    calendar=items(record(name=one_of(*PARTS), size=json_checks.size)),
    clock=record(interval=json_checks.number, dated=json_checks.flag),
    neighbors=optional(json_checks.text),
    time=optional(json_checks.text),
)
