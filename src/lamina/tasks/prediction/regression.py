"""Numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import key, one_of
from lamina.data.schema import NUMBERS
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.tasks.base import AbstractTarget, Prediction
from lamina.tasks.prediction import check
from lamina.tasks.prediction.targets import NumberTarget
from lamina.tasks.prediction.task import AbstractPredictionTask
from lamina.tasks.registry import TASKS

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.objectives import QuantileObjective, RegressionObjective

USUAL_QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class NumberKeys:
    """The keys of regression."""

    loss: str = key("mse", "what is minimized", **one_of("mse", "mae", "huber", "quantile"))
    quantiles: tuple[float, ...] = key(
        (),
        "levels to predict, 0.5 among them",
        check=lambda value: all(0 < level < 1 for level in value),
        expected="levels in (0, 1)",
    )


class RegressionTask(AbstractPredictionTask):
    """A number, or several."""

    name = "regression"
    summary = "predicts a number"
    target_kind = NUMBERS
    other = "multiclass"
    keys = NumberKeys

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the numbers."""
        if other is not None:
            yield from check.of_second(subject.schema, other)
        else:
            yield from check.of_targets(subject, check.of_numbers)

    def fit(self, learned: Learned, keys: NumberKeys) -> NumberTarget:
        """Learn mean and standard deviation of the training rows."""
        return NumberTarget.fit(learned.table, learned.schema, learned.rows)

    def restore(self, stored: Mapping[str, Any], place: str) -> NumberTarget:
        """Return the targets in an artifact's JSON."""
        return NumberTarget.restore(stored, place)

    def objective(
        self, inputs: Any, target: AbstractTarget, keys: NumberKeys
    ) -> RegressionObjective | QuantileObjective:
        """Return the loss of one number a target, or of one a target and quantile."""
        from lamina.objectives import QuantileObjective, RegressionObjective

        if keys.quantiles or keys.loss == "quantile":
            return QuantileObjective(len(target.names), tuple(sorted(keys.quantiles or USUAL_QUANTILES)))
        return RegressionObjective(len(target.names), loss=keys.loss)

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: Any, target: AbstractTarget
    ) -> Prediction:
        """Return the numbers, and each quantile where quantiles are predicted."""
        found = super().predict(decoded, table, objective, target)
        levels = objective.quantiles
        names = ["quantile"] if len(target.names) == 1 else [f"quantile_{name}" for name in target.names]
        more = {
            f"{name}_{level:g}": decoded[:, i, j]
            for i, name in enumerate(names)
            for j, level in enumerate(levels)
        }
        return Prediction({**found.columns, **more})

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the quality of the predictions."""
        from lamina.tasks.prediction.sections import number_sections

        targets = outcome.schema.targets
        unit = outcome.schema.unit(targets[0]) if len(targets) == 1 else ""
        return number_sections(outcome, outcome.quantiles, unit)


TASKS.add("regression", RegressionTask())
