"""Many classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina.tasks.base import AbstractTarget
from lamina.tasks.prediction.classes import AbstractClassTask, ClassKeys
from lamina.tasks.prediction.targets import ClassTarget
from lamina.tasks.registry import TASKS

if TYPE_CHECKING:
    from lamina.objectives import MulticlassObjective


class MulticlassTask(AbstractClassTask):
    """Which of several classes a row belongs to."""

    name = "multiclass"
    summary = "predicts which class a row belongs to"
    other = "regression"

    def restore(self, stored: Mapping[str, Any], place: str) -> ClassTarget:
        """Return the classes in an artifact's JSON."""
        return ClassTarget.restore(stored, place)

    def objective(self, inputs: Any, target: AbstractTarget, keys: ClassKeys) -> MulticlassObjective:
        """Return the loss of one logit a class."""
        from lamina.objectives import MulticlassObjective

        return MulticlassObjective(len(target.labels), loss=keys.loss, smoothing=keys.label_smoothing)


TASKS.add("multiclass", MulticlassTask())
