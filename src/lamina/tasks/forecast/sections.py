"""What the report says of forecasts: how far they are off, step by step and series by series, and some."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Axis, Band, Line, Paragraph, Plot, Section, Series, Table
from lamina.core.wording import counted
from lamina.data.series.steps import Steps
from lamina.modalities.base import Outcome
from lamina.tasks.forecast.baselines import last_values, season_before, season_of
from lamina.tasks.forecast.examiner import judged_firsts, steps_of
from lamina.tasks.forecast.target import ForecastTarget
from lamina.tasks.metric_table import metric_table, metric_tiles

LEADING = ("mse", "mae", "coverage")
MOST_SERIES, MOST_DRAWN = 25, 4
_LIMITS = (
    "Forecasts overlap: their errors are not independent, so that no interval is given. What never happened "
    "in the training steps cannot be forecast; a forecast is as good as the past is like the future."
)


def forecast_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, errors by step and by series beside naive forecasts, and some forecasts.

    Args:
        outcome: of the run.
    """
    target: ForecastTarget = outcome.target
    if outcome.decoded is None or outcome.targets is None or outcome.held_out is None or not outcome.count:
        return [Section("In short", (Paragraph("Nothing was measured: no step was held out.", "lead"),))]
    rows = steps_of(outcome.held_out, target)
    at = judged_firsts(rows, target)
    point = outcome.point(np.asarray(outcome.decoded, np.float64))
    known = np.asarray(outcome.targets, np.float64)
    methods = {"network": point, "last value": last_values(rows.steps, at, target.horizon)}
    season = season_of(target)
    if season:
        methods[f"{season} steps before"] = season_before(rows.steps, at, target.horizon, season)
    errors = {name: (found - known) / target.scale[:, None] for name, found in methods.items()}
    return [
        _summary(outcome, errors, target),
        Section("How good it is", (metric_table(outcome), _by_step(errors))),
        _by_series(methods, known, target),
        _some(outcome, rows.steps, at, point, target),
        Section("Limits", (Paragraph(_LIMITS),)),
    ]


def _summary(outcome: Outcome, errors: dict[str, np.ndarray], target: ForecastTarget) -> Section:
    where = "of the test steps" if outcome.evaluated == "test" else "of the steps held out for validation"
    own, naive = (float(np.nanmean(errors[name] ** 2)) for name in ("network", "last value"))
    less = "" if naive <= 0 else f", {abs(1 - own / naive):.0%} {'less' if own < naive else 'more'}"
    lead = (
        f"{counted(outcome.count, 'forecast')} of {counted(target.horizon, 'step')} {where}, for "
        f"{counted(len(target.series), 'series', 'series')}: the mean squared error of standardized values "
        f"is {own:.4g}{less} than that of repeating the last value ({naive:.4g})."
    )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _by_step(errors: dict[str, np.ndarray]) -> Plot:
    """Return the error of each step ahead."""
    colors = ("blue", "muted", "orange")
    series = []
    for (name, error), color in zip(errors.items(), colors, strict=False):
        each = np.sqrt(np.nanmean(error**2, axis=(0, 1)))
        steps = np.arange(1, len(each) + 1)
        series.append(Series(name, steps, each, color=color, dashed=name != "network"))
    panel = Line(tuple(series), x=Axis("steps ahead", "integer"), y=Axis("RMSE of standardized values"))
    return Plot("forecast_error", "Error by step", (panel,))


def _by_series(methods: dict[str, np.ndarray], known: np.ndarray, target: ForecastTarget) -> Section:
    """Return the error of each series in its own unit, the hardest first."""
    errors = {name: found - known for name, found in methods.items()}
    hard = np.nanmean((errors["network"] / target.scale[:, None]) ** 2, axis=(0, 2))
    rows = []
    for place in np.argsort(-np.nan_to_num(hard), kind="stable")[:MOST_SERIES]:
        cells = [target.series[place]]
        for error in errors.values():
            own = error[:, place]
            cells += [f"{np.sqrt(np.nanmean(own**2)):.4g}", f"{np.nanmean(np.abs(own)):.4g}"]
        rows.append(tuple(cells))
    heads = ("series", *(head for name in errors for head in (f"RMSE, {name}", f"MAE, {name}")))
    note = "In the unit of each series"
    if len(target.series) > MOST_SERIES:
        note += f"; the {MOST_SERIES} hardest of {len(target.series)}"
    table = Table(heads, tuple(rows), numeric=tuple(range(1, len(heads))), note=f"{note}.")
    return Section("Series", (table,))


def _some(
    outcome: Outcome, steps: Steps, at: np.ndarray, point: np.ndarray, target: ForecastTarget
) -> Section:
    """Return forecasts of some series from the middle of the held-out steps, with what came."""
    chosen = len(at) // 2
    first, horizon = int(at[chosen]), target.horizon
    back = min(target.context, 4 * horizon)
    before, ahead = np.arange(-back, 0), np.arange(horizon)
    panels = []
    for place in np.linspace(0, len(target.series) - 1, min(MOST_DRAWN, len(target.series))).astype(int):
        values = steps.values[first - back : first + horizon, place]
        truth = Series("measured", np.arange(-back, horizon), values, color="muted")
        own = Series("forecast", ahead, point[chosen, place], color="blue")
        title, x = target.series[place], Axis("steps from the forecast", "integer")
        if outcome.quantiles:
            levels = np.asarray(outcome.decoded)[chosen, place]
            own = Series("forecast", ahead, point[chosen, place], low=levels[:, 0], high=levels[:, -1])
            panels.append(Band((own,), points=(truth,), title=title, x=x))
        else:
            panels.append(Line((truth, own), title=title, x=x))
    plot = Plot("forecast_examples", "Forecasts and what came", tuple(panels), across=2)
    said = (
        f"The forecast from the middle of the held-out steps, after {counted(len(before), 'step')} before it."
    )
    return Section("Some forecasts", (Paragraph(said), plot))
