"""Flow matching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.core.wanted import DENOISED
from lamina.tasks.generate.methods.base import TRAINING, AbstractMethod
from lamina.tasks.generate.methods.diffusion import DiffusionKeys
from lamina.tasks.generate.methods.registry import METHODS

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.objectives.samples import AbstractGenerativeObjective


class Flow(AbstractMethod):
    """Noise moves to data along straight lines."""

    name = "flow"
    summary = "noise moves to data along nearly straight lines: few steps draw a sample"
    wants = DENOISED
    of_images, of_rows = "denoising-unet", "denoising-mlp"
    training = {**TRAINING, "ema": 0.999}  # noqa: RUF012

    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return the error of the velocity at random times."""
        from lamina.objectives.flow_matching import FlowMatchingObjective

        return FlowMatchingObjective(space)


METHODS.add(Flow.name, Flow())
