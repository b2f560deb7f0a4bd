"""How samples are read, and which model reconstructs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.reconstruct.methods import METHODS
from lamina.tasks.samples.guide import AbstractSampleGuide, paced

if TYPE_CHECKING:
    pass

STEPS = {"fast": 1_000, "balanced": 4_000, "best": 16_000}
BATCH = 128
TRAINING: Mapping[str, Any] = {
    "optimizer": "adamw",
    "lr": 1e-3,
    "weight_decay": 1e-4,
    "schedule": "cosine",
    "warmup": 0.05,
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}


class ReconstructGuide(AbstractSampleGuide):
    """The method of the run chooses."""

    def wanted(self, target: Any) -> str:
        """Return what the method wants of a model."""
        return METHODS[target.method].wants

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return the method's model, and as many epochs as the steps of the preset take."""
        method = METHODS[target.method]
        name, options, reason = situation.model, {}, "you asked for it"
        if name in ("auto", method.model):
            options = dict(method.options)
        if name == "auto":
            name, reason = method.model, f"method={method.name}: {method.summary}"
        return Choice(name, options, {**TRAINING, **paced(situation, STEPS, BATCH)}, reason)
