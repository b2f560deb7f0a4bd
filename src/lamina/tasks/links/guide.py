"""Which model predicts links, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.modalities.base import Block, Choice, Situation
from lamina.tasks.guide import AbstractGuide

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims
    from lamina.tasks.base import AbstractTarget

# Measured on the validation edges of Cora by benchmarks/rows/links.py; see docs/log.md.
OPTIONS: dict[str, Any] = {"size": 128, "dropout": 0.7}
KEYS: dict[str, Any] = {
    "optimizer": "adam",
    "lr": 1e-2,
    "schedule": "constant",
    "weight_decay": 0.0,
    "epochs": 400,
    "patience": 1000,
}
LARGEST_BATCH = 1 << 16  # edges of a step


class LinkGuide(AbstractGuide):
    """A graph network gives a vector for each node; a step is taken over all edges, or over many."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return no keys."""
        return {}

    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return a graph convolution and its training keys."""
        name, reason, options = situation.model, "you asked for it", {}
        if name in ("auto", ""):
            name, reason = "gcn", "two rounds of neighbors place nodes with common neighbors close together"
            options = OPTIONS
        return Choice(name, options, {**KEYS, "batch_size": min(situation.examples, LARGEST_BATCH)}, reason)
