"""How samples are read, and which model reconstructs them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.guide import AbstractGuide
from lamina.tasks.reconstruct.methods import METHODS

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims

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


class ReconstructGuide(AbstractGuide):
    """The method of the run chooses."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return that samples are learned as they are."""
        return {"augment": ()}

    def inputs(self, given: Inputs, target: Any) -> Inputs:
        """Return what a model is told of the samples."""
        return target.inputs

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
        batch = max(1, min(BATCH, situation.examples))
        epochs = max(1, math.ceil(STEPS[situation.preset] * batch / max(1, situation.examples)))
        return Choice(name, options, {**TRAINING, "batch_size": batch, "epochs": epochs}, reason)
