"""One against all: the right entities of a question by a softmax over every entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.objectives.base import Batch, Losses
from lamina.objectives.links import AbstractLinkObjective
from lamina.ops.answers import answers_entropy, shares


@dataclass(frozen=True)
class EntitySoftmaxObjective(AbstractLinkObjective):
    """-log p(t | h, r) over all entities, the mean over triples, and N3 of the vectors that take part.

    The triples of one question share its softmax: an example is a question with some of its answers,
    weighted by their number, so that the loss is the mean over triples as if each stood alone, at a fraction
    of the products.

    N3 is λ · the mean over triples of Σ |h_i|³ + Σ |r_i|³ + Σ |t_i|³.

    Args:
        entities: how many there are.
        n3: λ, the weight of the vectors' cubes.
        smoothing: share of the target that is spread over all entities.

    References:
        Lacroix, Usunier, Obozinski. Canonical tensor decomposition for knowledge base completion. ICML 2018.
        Ruffinelli, Broscheit, Gemulla. You can teach an old dog new tricks! On training knowledge graph
        embeddings. ICLR 2020.
    """

    n3: float = 0.0
    smoothing: float = 0.0

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean surprise at the answers, with N3."""
        if self.n3:  # the vectors that are compared, made once for the scores and for N3
            model = model.encoded(key=key, train=True)
        scores = model(batch["x"], key=key, train=True).astype(jnp.float32)
        each = answers_entropy(scores, batch["y"], smoothing=self.smoothing)
        weight = jnp.asarray(batch["weight"])
        share = weight / jnp.maximum(weight.sum(), 1e-12)
        loss = (each * share).sum()
        if self.n3:
            loss = loss + self.n3 * cubes_of_triples(model, batch, share)
        return {"all": (loss, {})}


def cubes_of_triples(model: Any, batch: Batch, share: Array) -> Array:
    """Return the weighted mean over triples of Σ |h|³ + Σ |r|³ + Σ |t|³.

    Counted by entity: vectors that stand in many triples are cubed once, and gradients need no scatter.

    Args:
        model: a `lamina.models.triples.AbstractLinkModel`.
        batch: questions with their answers.
        share: of each question in the mean, (b,).
    """
    x, answers = batch["x"], batch["y"]
    entities, relations = jnp.asarray(model.entity.weight), jnp.asarray(model.relation.weight)
    own = shares(answers, jnp.float32) * share[:, None]
    counts = jnp.zeros(len(entities)).at[x["entity"]].add(share)
    counts = counts.at[jnp.where(answers >= 0, answers, len(entities))].add(own, mode="drop")
    of_relations = jnp.zeros(len(relations)).at[x["relation"]].add(share)
    found = (counts * model.cubes(entities).astype(jnp.float32)).sum()
    return found + (of_relations * model.cubes(relations).astype(jnp.float32)).sum()
