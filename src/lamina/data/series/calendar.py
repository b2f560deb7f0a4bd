"""When steps are: how far apart, which follow, and where each stands in the day, the week and the year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY = 86_400.0
MONTH = (27.5 * DAY, 31.5 * DAY)  # a step between these is a month
MOST_SLOTS = 1_440  # steps of a day that are told apart: one a minute
PARTS = ("slot", "weekday", "month", "season")


@dataclass(frozen=True)
class CalendarPart:
    """One number of the calendar of a step.

    Args:
        name: ``"slot"`` of the day, ``"weekday"``, ``"month"``, or ``"season"``: the number of the step
            modulo ``size``.
        size: how many values it has.
    """

    name: str
    size: int


@dataclass(frozen=True)
class Clock:
    """The usual distance of two steps.

    Args:
        interval: in seconds, or in the unit of the numbers that stand for times; 0 where there are no times.
        dated: whether times are dates, in seconds since 1970.
    """

    interval: float = 0.0
    dated: bool = False

    @staticmethod
    def of(times: np.ndarray, *, dated: bool) -> Clock:
        """Return the clock of some times.

        Args:
            times: increasing.
            dated: whether they are seconds since 1970.

        Example:
            >>> Clock.of(np.array([0.0, 60.0, 120.0, 240.0]), dated=True).interval
            60.0
        """
        return Clock(float(np.median(np.diff(times))) if len(times) > 1 else 0.0, dated)

    @property
    def is_monthly(self) -> bool:
        """Whether a step is a month."""
        return self.dated and MONTH[0] <= self.interval <= MONTH[1]

    def parts(self, season: int) -> tuple[CalendarPart, ...]:
        """Return what is worth knowing of the time of a step.

        Args:
            season: steps after which the series repeat, 0 where nobody says so.

        Example:
            >>> [(part.name, part.size) for part in Clock(3600.0, dated=True).parts(0)]
            [('slot', 24), ('weekday', 7)]
        """
        found, interval = [], self.interval
        if self.dated and 0 < interval < DAY:
            slots = DAY / interval
            if slots <= MOST_SLOTS and abs(slots - round(slots)) < 1e-6:
                found.append(CalendarPart("slot", round(slots)))
        if self.dated and 0 < interval <= DAY:
            found.append(CalendarPart("weekday", 7))
        if self.dated and DAY <= interval <= MONTH[1]:
            found.append(CalendarPart("month", 12))
        if season > 1:
            found.append(CalendarPart("season", season))
        return tuple(found)

    def between(self, times: np.ndarray) -> np.ndarray:
        """Return how many steps lie between each two times in succession, 1 where none is left out.

        Args:
            times: increasing.
        """
        if self.is_monthly:
            return np.diff(_months(times))
        return np.round(np.diff(times) / self.interval).astype(np.int64)

    def after(self, times: np.ndarray, count: int) -> np.ndarray:
        """Return the times of the steps that follow.

        Args:
            times: increasing, of the steps before.
            count: steps.

        Example:
            >>> Clock(60.0).after(np.array([0.0, 60.0]), 2).tolist()
            [120.0, 180.0]
        """
        ahead, last = np.arange(1, count + 1), times[-1]
        if not self.is_monthly:
            return last + self.interval * ahead
        month = np.array(last).astype("datetime64[s]").astype("datetime64[M]")
        starts, ends = (_seconds(month + ahead + more) for more in (0, 1))
        return np.minimum(starts + last - _seconds(month), ends - DAY)


NO_CLOCK = Clock()


def positions(parts: tuple[CalendarPart, ...], times: np.ndarray | None, count: int) -> np.ndarray:
    """Return the number of each step in each part of the calendar, int32 (count, parts).

    Args:
        parts: from `Clock.parts`.
        times: seconds since 1970, (count,), or None.
        count: steps.
    """
    found = np.zeros((count, len(parts)), np.int32)
    for place, part in enumerate(parts):
        if part.name == "season" or times is None:
            found[:, place] = np.arange(count) % part.size
        elif part.name == "slot":
            found[:, place] = np.round((times % DAY) / DAY * part.size).astype(np.int64) % part.size
        elif part.name == "weekday":
            found[:, place] = (times // DAY + 3).astype(np.int64) % 7  # 1970 began on a Thursday
        else:
            found[:, place] = _months(times) % 12
    return found


def _months(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def _seconds(months: np.ndarray) -> np.ndarray:
    return months.astype("datetime64[s]").astype(np.int64).astype(np.float64)


def written(times: np.ndarray) -> np.ndarray:
    """Return seconds since 1970 as texts, days alone where no time lies within a day.

    Args:
        times: seconds since 1970.

    Example:
        >>> written(np.array([0.0, 86400.0])).tolist()
        ['1970-01-01', '1970-01-02']
    """
    unit = "D" if not (times % DAY).any() else "s"
    return np.char.replace(np.datetime_as_string(times.astype("datetime64[s]"), unit=unit), "T", " ")
