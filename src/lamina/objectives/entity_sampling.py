"""Some against one: right entities told from others that are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.hashing import hashed_bits, hashed_keys
from lamina.objectives.base import Batch, Losses
from lamina.objectives.links import AbstractLinkObjective
from lamina.ops.answers import shares


@dataclass(frozen=True)
class EntitySamplingObjective(AbstractLinkObjective):
    """-log σ(γ + s⁺) - Σ_i p_i · log σ(-γ - s_i), s scores as negative distances, p = softmax(α · s), fixed.

    The hardest of the drawn entities weigh most (self-adversarial). All questions of a step share the
    entities that are drawn, which makes their distances one block; the paper draws others for each.

    Args:
        entities: how many there are.
        negatives: entities that are drawn at a step.
        margin: γ, the distance at which an entity is as likely right as wrong.
        hardness: α, 0 weighs all of them alike.

    References:
        Sun, Deng, Nie, Tang. RotatE: knowledge graph embedding by relational rotation in complex space.
        ICLR 2019.
    """

    negatives: int = 256
    margin: float = 9.0
    hardness: float = 1.0

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean loss of the right answers and of those that were drawn."""
        keys = hashed_keys(key, 2)
        model = model.encoded(key=keys[0], train=True)
        question, vectors = (
            model.question(batch["x"], key=keys[0], train=True),
            jnp.asarray(model.entity.weight),
        )
        answers = jnp.asarray(batch["y"])
        share = shares(answers, jnp.float32)
        right = model.near(question, vectors[jnp.maximum(answers, 0)]).astype(jnp.float32)
        gain = (jax.nn.log_sigmoid(self.margin + right) * share).sum(1)
        drawn = (hashed_bits(keys[1], (self.negatives,)) % jnp.uint32(self.entities)).astype(jnp.int32)
        wrong = model.scores(question, vectors[drawn]).astype(jnp.float32)
        wrong = jnp.where(
            (drawn[None, :, None] == answers[:, None, :]).any(-1), -jnp.inf, wrong
        )  # no wrong ones
        pull = jax.lax.stop_gradient(jax.nn.softmax(self.hardness * wrong, axis=1))
        loss = jnp.where(pull > 0, jax.nn.log_sigmoid(-self.margin - wrong), 0.0)
        each = -(gain + (pull * loss).sum(1)) / 2
        weight = batch["weight"]
        return {"all": ((each * weight).sum() / jnp.maximum(weight.sum(), 1e-12), {})}
