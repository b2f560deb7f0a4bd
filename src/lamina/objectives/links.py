"""What objectives of knowledge graphs share: the rank of the right entity among all, filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.objectives.base import AbstractObjective, Batch, Interval, Score, Shown
from lamina.objectives.metrics.links import TOPS, link_intervals, link_metrics
from lamina.ops.cross_entropy import cross_entropy

NO_ANSWER = -1


@dataclass(frozen=True)
class AbstractLinkObjective(AbstractObjective):
    """Questions to a knowledge graph, (entity, relation, ?), and the entities that answer them.

    Trained on ``{"x": {"entity", "relation"}, "y": answers (b, k), filled up by -1, "weight"}``; measured by
    questions that have ``x["answer"]`` (b,) and ``x["known"]`` (b, ⌈n / 8⌉), uint8: a bit for each entity,
    the lowest first, that says whether it is known to be an answer.

    Args:
        entities: how many there are.
    """

    entities: int
    monitor = {"mrr": True, "loss": False}  # noqa: RUF012
    shown = Shown("mrr", "valid_mrr", lambda value, scale: value)
    noun = "question"

    @property
    def out_features(self) -> int:
        """One score an entity."""
        return self.entities

    @property
    def score(self) -> Score:
        """The mean reciprocal rank."""
        return Score("mrr", lambda targets, points, weights: self.metrics(points, targets, weights)["mrr"])

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of reciprocal ranks, of hits, of the surprise at the answers, and of weights."""
        scores, weight = model(batch["x"]).astype(jnp.float32), jnp.asarray(batch["weight"])
        ranks = filtered_ranks(scores, batch["x"])
        hits = {f"hits_{top}": jnp.where(ranks <= top, weight, 0).sum() for top in TOPS}
        answer = jnp.asarray(batch["x"]["answer"])
        surprise = cross_entropy(scores, jnp.maximum(answer, 0))
        surprise = jnp.where(answer == NO_ANSWER, jnp.log(float(self.entities)), surprise)
        sums = {"mrr": (weight / ranks).sum(), **hits, "loss": (surprise * weight).sum()}
        return {**sums, "weight": weight.sum()}

    def decode(self, outputs: Array) -> Array:
        """Return the probability of each entity."""
        return jax.nn.softmax(outputs.astype(jnp.float32), axis=-1)

    def answer(self, model: Any, x: Any) -> Array:
        """Return the rank of each answer among all entities but the other known answers, (b,).

        See `filtered_ranks`.
        """
        return filtered_ranks(model(x).astype(jnp.float32), x)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return mrr, hits_1, hits_3, hits_10 and mean_rank.

        Args:
            decoded: ranks.
            targets: the questions.
            weights: none.
        """
        return link_metrics(decoded)

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric."""
        return link_intervals(decoded)


def filtered_ranks(scores: Array, x: Any) -> Array:
    """Return the rank of each answer among all entities but the other known answers, (b,).

    1 + the number of higher scores + half the number of equal ones: the mean of the ranks that equal scores
    share. An answer that training never saw, -1, ranks behind all candidates; where training never saw what
    is asked about, every order is as good as another, and the mean of all ranks is taken. A score that is no
    number counts as higher.

    Args:
        scores: (b, entities).
        x: ``entity``, ``relation``, ``answer`` and ``known`` of the questions.

    Example:
        >>> x = {"entity": jnp.array([0]), "relation": jnp.array([0]), "answer": jnp.array([2]),
        ...      "known": jnp.array([[0b0110]], jnp.uint8)}
        >>> filtered_ranks(jnp.array([[3.0, 9.0, 2.0, 2.0]]), x).tolist()
        [2.5]
    """
    entities = scores.shape[1]
    number = jnp.arange(entities, dtype=jnp.int32)
    byte, bit = number // 8, (number % 8).astype(jnp.uint8)[None]
    known = jnp.right_shift(jnp.take(jnp.asarray(x["known"]), byte, axis=1, mode="clip"), bit) & jnp.uint8(1)
    answer = jnp.asarray(x["answer"])[:, None]
    others = (known == 0) & (number[None] != answer)
    own = jnp.take_along_axis(scores, jnp.maximum(answer, 0), axis=1, mode="clip")
    higher = (others & ~(scores <= own)).sum(1).astype(jnp.float32)
    equal = (others & (scores == own)).sum(1).astype(jnp.float32)
    count = others.sum(1).astype(jnp.float32)
    rank = jnp.where((x["entity"] < 0) | (x["relation"] < 0), 1 + count / 2, 1 + higher + equal / 2)
    return jnp.where(answer[:, 0] == NO_ANSWER, 1 + count, rank)
