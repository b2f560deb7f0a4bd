"""The one metric to watch while a network learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.network.plan import Plan


class ShownMetric:
    """The one metric to watch beside the loss, from what an epoch logs.

    Args:
        name: what it is called.
        logged: name in the logs.
        convert: from the logged value to the one shown.
    """

    def __init__(self, name: str, logged: str, convert: Callable[[float], float] = float):
        self.name, self.logged, self.convert = name, logged, convert

    @staticmethod
    def of(plan: Plan) -> ShownMetric:
        """Return the metric that suits what is learned."""
        shown, unit = plan.coding.objective.shown, plan.coding.target.unit
        return ShownMetric(shown.name, shown.logged, lambda value: shown.show(value, unit))

    def value(self, logs: Mapping[str, float]) -> float | None:
        """Return the value of an epoch, or None where nothing validates."""
        return self.convert(logs[self.logged]) if self.logged in logs else None

    def history(self, history: Mapping[str, list[float]]) -> list[float]:
        """Return the value of every epoch."""
        return [self.convert(value) for value in history.get(self.logged, [])]
