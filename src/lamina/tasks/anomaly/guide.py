"""How rows are read where anomalies are looked for, and what learns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import ImageSampleInputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.samples.guide import AbstractSampleGuide, paced

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims

MODEL = "autoencoder"
STEPS = {"fast": 500, "balanced": 1_500, "best": 4_000}
BATCH = 128
# Of tables, as chosen by benchmarks/rows/adbench.py: docs/log.md, "Anomalies in tables".
TRAINING: Mapping[str, Any] = {
    "optimizer": "adamw",
    "lr": 2e-3,
    "weight_decay": 1e-3,
    "schedule": "cosine",
    "warmup": 0.05,
    "early_stopping": False,  # held-out rows hold anomalies: their error says little of what is usual
}
ROW_OPTIONS: Mapping[str, Any] = {"size": 16, "depth": 1}  # the code has a third of the features, at most 32
IMAGE_OPTIONS: Mapping[str, Any] = {"size": 32}


class AnomalyGuide(AbstractSampleGuide):
    """Numbers keep their distances, since those are what tells anomalies."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return that numbers are scaled linearly, and that images are learned as they are."""
        return {**super().reading(claims, schema, keys), "numeric": "standard"}

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return an autoencoder, and as many epochs as the steps of the preset take."""
        name, options, reason = situation.model, {}, "you asked for it"
        is_image = isinstance(situation.inputs, ImageSampleInputs)
        if name in ("auto", MODEL):
            options = dict(IMAGE_OPTIONS if is_image else ROW_OPTIONS)
        if name == "auto":
            name, reason = MODEL, "it learns what rows are like without labels"
        return Choice(name, options, {**TRAINING, **paced(situation, STEPS, BATCH)}, reason)
