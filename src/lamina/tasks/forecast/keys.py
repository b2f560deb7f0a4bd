"""The keys of forecasting."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.keys import NOT_NEGATIVE, POSITIVE, key, one_of

LOSSES = ("mse", "mae", "huber")


@dataclass(frozen=True)
class ForecastKeys:
    """The keys of forecasting."""

    horizon: int = key(12, "steps to look ahead", **POSITIVE)
    context: int | None = key(None, "steps to look back; by the horizon and the season without", **POSITIVE)
    season: int = key(
        0,
        "steps after which the series repeat, such as 24; by the times where they are given",
        **NOT_NEGATIVE,
    )
    graph: str = key("", "file that says which series are neighbors: a matrix, or edges from,to,weight")
    loss: str = key("mse", "what is minimized", **one_of(*LOSSES))
    quantiles: tuple[float, ...] = key(
        (),
        "levels to forecast, 0.5 among them",
        check=lambda value: all(0 < level < 1 for level in value) and (not value or 0.5 in value),
        expected="levels in (0, 1), 0.5 among them",
    )
