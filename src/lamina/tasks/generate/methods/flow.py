"""Flow matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.keys import key, one_of
from lamina.core.wanted import DENOISED
from lamina.tasks.generate.methods.base import AbstractMethod
from lamina.tasks.generate.methods.diffusion import DENOISING, DENOISING_IMAGES, HiddenLabels
from lamina.tasks.generate.methods.registry import METHODS

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.objectives.samples import AbstractGenerativeObjective


@dataclass(frozen=True)
class FlowKeys(HiddenLabels):
    """The keys of flow matching."""

    times: str | None = key(
        None, "how times between data and noise are drawn", **one_of("logit_normal", "uniform")
    )


class Flow(AbstractMethod):
    """Noise moves to data along straight lines."""

    name = "flow"
    summary = "noise moves to data along nearly straight lines: few steps draw a sample"
    wants = DENOISED
    keys = FlowKeys
    defaults = {"times": "logit_normal", "hidden_labels": 0.1}  # noqa: RUF012
    of_images, of_rows = "denoising-unet", "denoising-mlp"
    training, image_training = DENOISING, DENOISING_IMAGES
    rounds = True

    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return the error of the velocity at random times."""
        from lamina.objectives.flow_matching import FlowMatchingObjective

        return FlowMatchingObjective(space, hidden=keys.hidden_labels, times=keys.times)


METHODS.add(Flow.name, Flow())
