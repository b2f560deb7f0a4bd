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
BY_DISTANCE = ("transe", "rotate")  # their scores are distances: half the rate, no N3, no rounded operands
# No product gives its distances: a softmax over all entities took some twenty times as long on UMLS and
# gained .007 MRR.
SAMPLED = ("rotate",)
# Measured on the validation triples of UMLS and FB15k-237 by benchmarks/rows/knowledge.py: docs/log.md,
# "Knowledge graphs".
REASON = "of the four models complex vectors ranked the right entities highest on UMLS"
FEW_TRIPLES = 50_000  # below it vectors learn by heart: dropout helps, and N3 needs less weight
SMALL: Mapping[str, Any] = {"batch_size": 64, "n3": 0.005}
LARGE: Mapping[str, Any] = {"batch_size": 512, "n3": 0.05}
OF_SMALL: Mapping[str, Any] = {"size": 256, "dropout": 0.3}
OF_LARGE: Mapping[str, Any] = {"size": 128, "dropout": 0.0}
EPOCHS = {"fast": (30, 5), "balanced": (150, 18), "best": (300, 60)}  # of small graphs, of large ones
MOST_SCORES = 1 << 23  # of a step: questions times entities
NEGATIVES = 256


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
        name, reason = situation.model, "you asked for it"
        if name == "auto":
            name, reason = COMPLEX, REASON
        is_small = situation.examples < FEW_TRIPLES
        by_distance = name in BY_DISTANCE
        own = dict(SMALL if is_small else LARGE)
        keys = {
            "optimizer": "adam",
            "schedule": "cosine",
            "lr": 3e-3 if by_distance else 1e-2,
            "weight_decay": 0.0,
            "patience": 1000,  # the rate falls to zero: the last epochs are the best
            "monitor": "mrr",
            "epochs": EPOCHS[situation.preset][0 if is_small else 1],
            "batch_size": max(16, min(own["batch_size"], MOST_SCORES // max(1, len(target.entities)))),
            "negatives": NEGATIVES if name in SAMPLED else 0,
        }
        if by_distance:
            return Choice(name, {}, keys, reason)
        options = dict(OF_SMALL if is_small else OF_LARGE)
        return Choice(name, options, {**keys, "n3": own["n3"], **rounding_keys()}, reason)
