"""Which model learns a graph, with which keys, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.guide import AbstractGuide, rounding_keys

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims

COMPLEX = "complex"
BY_DISTANCE = ("transe", "rotate")  # learned from negatives
NEGATIVES = 512
SOFTMAX_KEYS: Mapping[str, Any] = {"lr": 1e-2, "n3": 0.05, "negatives": 0}
SAMPLING_KEYS: Mapping[str, Any] = {"lr": 1e-3, "negatives": NEGATIVES}
EPOCHS = {"fast": 10, "balanced": 60, "best": 100}
BATCH = 512


class KnowledgeGuide(AbstractGuide):
    """Model and keys by the size of the graph."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return no keys."""
        return {}

    def inputs(self, given: Inputs, target: Any) -> Inputs:
        """Return how many entities and relations there are."""
        return target.inputs

    def choose(self, situation: Situation, blocks: Sequence[Block], target: Any) -> Choice:
        """Return model, options and keys."""
        name, reason, options = situation.model, "you asked for it", {}
        if name == "auto":
            name, reason = COMPLEX, "complex vectors"
        keys = {
            **(SAMPLING_KEYS if name in BY_DISTANCE else {**SOFTMAX_KEYS, **rounding_keys()}),
            "batch_size": BATCH,
            "epochs": EPOCHS[situation.preset],
            "optimizer": "adam",
            "schedule": "cosine",
            "weight_decay": 0.0,
            "patience": 1000,
            "monitor": "mrr",
        }
        return Choice(name, options, keys, reason)
