"""Two classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina.tasks.base import AbstractTarget
from lamina.tasks.prediction.classes import AbstractClassTask, ClassKeys
from lamina.tasks.prediction.targets import ClassTarget
from lamina.tasks.registry import TASKS

if TYPE_CHECKING:
    from lamina.objectives import BinaryObjective


class BinaryTask(AbstractClassTask):
    """Which of two classes a row belongs to."""

    name = "binary"
    summary = "predicts which of two classes a row belongs to"
    most_classes = 2

    def restore(self, stored: Mapping[str, Any], place: str) -> ClassTarget:
        """Return the two classes in an artifact's JSON."""
        return ClassTarget.restore(stored, place, count=2)

    def objective(self, inputs: Any, target: AbstractTarget, keys: ClassKeys) -> BinaryObjective:
        """Return the loss of one logit, for the second class."""
        from lamina.objectives import BinaryObjective

        return BinaryObjective(loss=keys.loss, smoothing=keys.label_smoothing)


TASKS.add("binary", BinaryTask())
