"""What guides of tasks that learn samples have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs
from lamina.tasks.guide import AbstractGuide

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.base import Situation
    from lamina.modalities.blocks import Claims


class AbstractSampleGuide(AbstractGuide):
    """Samples are learned as they are, and the target knows what a model is told of them."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return that nothing is augmented: what training changes would be learned as a part of the data."""
        return {"augment": ()}

    def inputs(self, given: Inputs, target: Any) -> Inputs:
        """Return what a model is told of the samples."""
        return target.inputs


def paced(situation: Situation, steps: Mapping[str, int], batch: int) -> dict[str, int]:
    """Return batch size and epochs that take about as many steps as the preset says.

    Args:
        situation: preset and number of examples.
        steps: preset → training steps.
        batch: examples of a step, where there are so many.
    """
    batch = max(1, min(batch, situation.examples))
    epochs = max(1, math.ceil(steps[situation.preset] * batch / max(1, situation.examples)))
    return {"batch_size": batch, "epochs": epochs}
