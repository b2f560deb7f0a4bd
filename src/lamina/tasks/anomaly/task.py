"""Anomaly detection as a task: what rows are like is learned, so that those that are unlike stand out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.inputs import ImageInputs
from lamina.core.wanted import CODE
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.tasks.anomaly.cells import CellSpace
from lamina.tasks.anomaly.examiner import OddExaminer
from lamina.tasks.anomaly.guide import AnomalyGuide
from lamina.tasks.anomaly.keys import AnomalyKeys
from lamina.tasks.anomaly.target import AnomalyTarget, odd_value
from lamina.tasks.anomaly.verbs import VERBS
from lamina.tasks.base import Prediction, Roles
from lamina.tasks.registry import TASKS
from lamina.tasks.samples.images import ImageSpace
from lamina.tasks.samples.task import AbstractSampleTask

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.audit.findings import Finding
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

ANOMALY = "anomaly"


class AnomalyTask(AbstractSampleTask):
    """How unlike the others a row or an image is, learned without labels."""

    name = ANOMALY
    summary = "says how unlike the others a row is, and why"
    learns = "what rows are like; one column may be named that says which rows are anomalies, to measure by"
    keys = AnomalyKeys
    verbs = VERBS
    wants = CODE
    predicts = True
    guide = AnomalyGuide()
    examiner = OddExaminer()

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return images, or the columns of a table, as inputs; labels of anomalies are set aside.

        Raises:
            DataError: there is nothing to learn from, or labels do not have two values.
        """
        if len(given.targets) > 1:
            message, received = "one column says which rows are anomalies", ", ".join(given.targets)
            raise DataError(message, where=claims.table.source, received=received)
        for name in given.targets:
            odd_value(claims.table, name)
        aside = (*given.keys.drop, *given.targets)
        keys = dataclasses.replace(given.keys, drop=aside)
        schema = super().roles(claims, Roles((), keys))
        left = tuple((name, why) for name, why in schema.dropped if name not in given.targets)
        return dataclasses.replace(schema, targets=given.targets, dropped=left)

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield nothing: there is no target."""
        yield from ()

    def fit(self, learned: Learned, keys: AnomalyKeys) -> AnomalyTarget:
        """Learn bins of numbers from training rows, and which label is that of anomalies."""
        inputs = learned.encoder.inputs
        if isinstance(inputs, ImageInputs):
            space: Any = ImageSpace(inputs.height, inputs.width, inputs.channels)
        else:
            space = CellSpace.fit(learned)
        labels = learned.schema.targets
        if not labels:
            return AnomalyTarget(space, keys.contamination)
        odd = odd_value(learned.table, labels[0])
        return AnomalyTarget(space, keys.contamination, label=labels[0], odd=odd)

    def restore(self, stored: Mapping[str, Any], place: str) -> AnomalyTarget:
        """Return the target in an artifact's JSON."""
        return AnomalyTarget.restore(stored, place)

    def objective(self, inputs: Any, target: Any, keys: AnomalyKeys) -> AbstractObjective:
        """Return the error of columns or pixels."""
        from lamina.objectives.anomaly import ImageAnomalyObjective, RowAnomalyObjective

        is_row = isinstance(target.space, CellSpace)
        return (RowAnomalyObjective if is_row else ImageAnomalyObjective)(target.inputs)

    def predict(
        self, decoded: np.ndarray, table: AbstractTable, objective: AbstractObjective, target: Any
    ) -> Prediction:
        """Return score, p-value, and whether a row counts as an anomaly."""
        scores = decoded[:, 0].astype(np.float64)
        columns = {"score": scores}
        if target.threshold is not None:
            columns |= {
                "p_value": target.p_values(scores),
                "is_anomaly": (scores > target.threshold).astype(int),
            }
        return Prediction(columns)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return the oddest rows with what is odd about them, and how scores are spread."""
        from lamina.tasks.anomaly.sections import anomaly_sections

        return anomaly_sections(outcome)


TASKS.add(ANOMALY, AnomalyTask())
