"""Diffusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.keys import FRACTION, key, one_of
from lamina.core.wanted import DENOISED
from lamina.tasks.generate.methods.base import TRAINING, AbstractMethod
from lamina.tasks.generate.methods.registry import METHODS

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.objectives.samples import AbstractGenerativeObjective

# Training keys of networks that take noise off; for images: docs/log.md, "Diffusion of images by Muon".
DENOISING: Mapping[str, Any] = {**TRAINING, "ema": 0.999}
DENOISING_IMAGES: Mapping[str, Any] = {**DENOISING, "optimizer": "muon", "lr": 3e-3}


@dataclass(frozen=True)
class HiddenLabels:
    """The keys of methods whose samples can be guided toward a class."""

    hidden_labels: float | None = key(
        None, "share of the classes that training hides, so that samples can be guided toward one", **FRACTION
    )


@dataclass(frozen=True)
class DiffusionKeys(HiddenLabels):
    """The keys of diffusion."""

    prediction: str | None = key(
        None, "what the network predicts of a noisy sample", **one_of("v", "epsilon", "data")
    )


class Diffusion(AbstractMethod):
    """Noise is taken off step by step."""

    name = "diffusion"
    summary = "noise is taken off step by step: the most faithful and most varied samples, slow to draw"
    wants = DENOISED
    keys = DiffusionKeys
    defaults = {"prediction": "v", "hidden_labels": 0.1}  # noqa: RUF012
    of_images, of_rows = "denoising-unet", "denoising-mlp"
    training, image_training = DENOISING, DENOISING_IMAGES
    rounds = True

    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return the weighted error of what is predicted at random levels of noise."""
        from lamina.objectives.diffusion import DiffusionObjective

        return DiffusionObjective(space, prediction=keys.prediction, hidden=keys.hidden_labels)


METHODS.add(Diffusion.name, Diffusion())
