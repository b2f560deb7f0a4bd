"""Several labels at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import FRACTION, key
from lamina.data.schema import FLAGS
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.tasks.base import AbstractTarget, Prediction
from lamina.tasks.prediction import check
from lamina.tasks.prediction.targets import FlagTarget
from lamina.tasks.prediction.task import AbstractPredictionTask
from lamina.tasks.registry import TASKS

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.table import AbstractTable
    from lamina.objectives import MultilabelObjective


@dataclass(frozen=True)
class LabelKeys:
    """The keys of several labels at once."""

    label_smoothing: float = key(0.0, "share of each label spread over the others", **FRACTION)


class MultilabelTask(AbstractPredictionTask):
    """Which labels a row carries; each target column is 0 or 1."""

    name = "multilabel"
    summary = "predicts which labels a row carries"
    target_kind = FLAGS
    keys = LabelKeys

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield what is wrong with the labels."""
        if other is not None:
            yield from check.of_second(subject.schema, other)
        else:
            yield from check.of_targets(subject, check.of_flags)

    def fit(self, learned: Learned, keys: LabelKeys) -> FlagTarget:
        """Return the target columns."""
        return FlagTarget(learned.schema.targets)

    def restore(self, stored: Mapping[str, Any], place: str) -> FlagTarget:
        """Return the target columns in an artifact's JSON."""
        return FlagTarget.restore(stored, place)

    def objective(self, inputs: Any, target: AbstractTarget, keys: LabelKeys) -> MultilabelObjective:
        """Return the loss of one logit a label."""
        from lamina.objectives import MultilabelObjective

        return MultilabelObjective(len(target.names), smoothing=keys.label_smoothing)

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: Any, target: AbstractTarget
    ) -> Prediction:
        """Return 0 or 1 for each label, and its probability."""
        found = target.predictions(decoded)
        columns = {f"prediction_{name}": found[:, index] for index, name in enumerate(target.names)}
        probabilities = {f"probability_{name}": decoded[:, index] for index, name in enumerate(target.names)}
        return Prediction(columns, probabilities=probabilities)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the quality of the predictions, label by label."""
        from lamina.tasks.prediction.sections import label_sections

        return label_sections(outcome)


TASKS.add("multilabel", MultilabelTask())
