"""What a forecast has to beat: the last value, and that of a season before."""

from __future__ import annotations

import numpy as np

from lamina.data.series.steps import Steps
from lamina.tasks.forecast.target import ForecastTarget


def season_of(target: ForecastTarget) -> int:
    """Return after how many steps the series repeat, 0 where nobody knows.

    Args:
        target: fitted.
    """
    order = ("season", "slot", "weekday", "month")
    sizes = {part.name: part.size for part in target.calendar}
    return next((sizes[name] for name in order if name in sizes), 0)


def last_values(steps: Steps, at: np.ndarray, horizon: int) -> np.ndarray:
    """Return the last value before each forecast for all its steps, (forecasts, series, horizon).

    Args:
        steps: of all series.
        at: first step of each forecast, above 0.
        horizon: steps of a forecast.
    """
    return np.repeat(steps.filled[at - 1][..., None], horizon, axis=-1)


def season_before(steps: Steps, at: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Return the values of whole seasons before, (forecasts, series, horizon), NaN before the first step.

    Args:
        steps: of all series.
        at: first step of each forecast.
        horizon: steps of a forecast.
        season: steps after which the series repeat.
    """
    ahead = np.arange(horizon)
    back = season * (ahead // season + 1)
    from_step = at[:, None] + ahead - back
    found = steps.filled[np.maximum(from_step, 0)].swapaxes(1, 2)
    return np.where((from_step >= 0)[:, None], found, np.nan)
