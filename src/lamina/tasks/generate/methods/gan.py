"""Generative adversarial networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import ImageSampleInputs
from lamina.core.keys import NOT_NEGATIVE, key, one_of
from lamina.core.wanted import GAME
from lamina.tasks.generate.methods.base import TRAINING, AbstractMethod
from lamina.tasks.generate.methods.registry import METHODS

if TYPE_CHECKING:
    from lamina.core.inputs import AbstractSampleInputs
    from lamina.objectives.samples import AbstractGenerativeObjective

RELATIVISTIC, HINGE, WASSERSTEIN = "relativistic", "hinge", "wasserstein"
_PENALTIES = {RELATIVISTIC: 1.0, WASSERSTEIN: 10.0}
_PENALTIES_OF_ROWS = {RELATIVISTIC: 0.05, WASSERSTEIN: 0.1}  # rows have finer structure


@dataclass(frozen=True)
class AdversarialKeys:
    """The keys of adversarial networks."""

    adversary: str | None = key(
        None, "the losses of critic and generator", **one_of(RELATIVISTIC, HINGE, WASSERSTEIN)
    )
    penalty: float | None = key(None, "weight of the penalty on the critic's gradient", **NOT_NEGATIVE)


class Adversarial(AbstractMethod):
    """A generator learns from a critic that tells its samples from data."""

    name = "gan"
    summary = "a generator against a critic: sharp samples in one evaluation of the network"
    wants = GAME
    keys = AdversarialKeys
    defaults = {"adversary": RELATIVISTIC}  # noqa: RUF012
    of_images, of_rows = "r3gan", "gan-mlp"
    training = {  # noqa: RUF012
        **TRAINING,
        "optimizer": "adam",
        "lr": 5e-4,
        "momentum": 0.0,
        "beta2": 0.99,
        "ema": 0.999,
        "monitor": "energy",
        "early_stopping": False,  # the energy score may rise while more kinds are covered
    }

    def architecture(self, keys: Any, *, is_image: bool) -> tuple[str, dict[str, Any]]:
        """Return the model; of the hinge loss one whose critic is normalized, so that it is not steep."""
        if keys.adversary == HINGE:
            return ("dcgan" if is_image else self.of_rows), {"spectral": True}
        return super().architecture(keys, is_image=is_image)

    def objective(self, space: AbstractSampleInputs, keys: Any) -> AbstractGenerativeObjective:
        """Return the losses of critic and generator."""
        from lamina.objectives import adversarial

        if keys.adversary == HINGE:
            return adversarial.HingeObjective(space)
        is_image = isinstance(space, ImageSampleInputs)
        usual = _PENALTIES if is_image else _PENALTIES_OF_ROWS
        penalty = usual[keys.adversary] if keys.penalty is None else keys.penalty
        if keys.adversary == WASSERSTEIN:
            return adversarial.WassersteinObjective(space, penalty=penalty)
        return adversarial.RelativisticObjective(space, penalty=penalty)


METHODS.add(Adversarial.name, Adversarial())
