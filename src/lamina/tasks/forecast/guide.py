"""Which model forecasts, and how far it looks back, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs
from lamina.data.series.calendar import CalendarPart
from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.guide import AbstractGuide

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims

# Measured on validation rows by benchmarks/rows/forecasts.py: docs/log.md, "Forecasting".
ENOUGH = 10_000  # numbers to learn from, steps times series: a network has the less error from there on
EPOCHS = {"fast": 8, "balanced": 25, "best": 60}
STEPS = {"fast": 300, "balanced": 1_000, "best": 3_000}  # of gradient descent, at least
BATCH = 32
RATES = {"nlinear": 5e-3}  # as published; those of the networks are 1e-3
LONGEST_CONTEXT = 512
SHARE = 4  # of the training steps that a context may take


def context_for(horizon: int, calendar: Sequence[CalendarPart], steps: int) -> int:
    """Return how many steps to look back: four horizons, or two seasons, at most a quarter of the steps.

    Args:
        horizon: steps to look ahead.
        calendar: of which sizes are seasons.
        steps: that train.

    Example:
        >>> context_for(24, (CalendarPart("slot", 24), CalendarPart("weekday", 7)), 10_000)
        96
    """
    season = next((part.size for part in calendar), 1)
    wanted = max(4 * horizon, 2 * season)
    return max(1, min(wanted, LONGEST_CONTEXT, steps // SHARE))


class ForecastGuide(AbstractGuide):
    """A network, or a weighted sum of the steps before where there is little to learn from."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return no keys."""
        return {}

    def inputs(self, given: Inputs, target: Any) -> Inputs:
        """Return how many series there are, and how far a model looks back and ahead."""
        return target.inputs

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return model, options and keys."""
        name, reason = situation.model, "you asked for it"
        if name in ("auto", ""):
            name, reason = "nlinear", "there are few numbers to learn from"
            if target.neighbors is not None:
                name, reason = "series-mlp", "it hears of the neighbors of each series"
            elif situation.examples * len(target.series) >= ENOUGH:
                name, reason = "series-mlp", "it had less error than a weighted sum where numbers are many"
        least = STEPS[situation.preset]
        keys: dict[str, Any] = {
            "optimizer": "adam",
            "lr": RATES.get(name, 1e-3),
            "schedule": "cosine",
            "weight_decay": 0.0,
            "batch_size": BATCH,
            "epochs": max(EPOCHS[situation.preset], -(-least * BATCH // situation.examples)),
            "context": target.context,
        }
        return Choice(name, {}, keys, reason)
