"""What a model of links minimizes: edges are to score higher than pairs of nodes that have none."""

from __future__ import annotations

from collections.abc import Callable
"""What objectives of knowledge graphs share: the rank of the right entity among all, filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown


@dataclass(frozen=True)
class LinkObjective(AbstractObjective):
    """The cross-entropy of edges against random pairs: −log σ(z_a · z_b) − log(1 − σ(z_c · z_d)).

    z are the vectors that the model gives for nodes; c and d are drawn anew at each step, as many pairs as
    there are edges. A few of them may be edges; in large graphs hardly any is. Examples are pairs, ``at``
    (batch, 2) in the inputs; where a pair without an edge stands beside each, ``at`` is (batch, 2, 2).

    Args:
        nodes: how many there are.
        width: length of a node's vector.

    References:
        Kipf, Welling. Variational graph auto-encoders. NeurIPS workshop on Bayesian deep learning 2016.
    """

    nodes: int
    width: int
    monitor = {"loss": False, "ranked": True}  # noqa: RUF012
    shown = Shown("ranked", "valid_ranked", lambda value, scale: value)
    noun = "edge"

    @property
    def out_features(self) -> int:
        """Numbers of a node's vector."""
        return self.width

    @property
    def score(self) -> Score:
        """The area under the ROC curve."""
        return Score("auc", lambda targets, points, weights: self.metrics(points, targets, weights)["auc"])

    def _scores(
        self, model: Callable[..., Array], batch: Batch, draw: Any, **mode: Any
    ) -> tuple[Array, Array]:
        """Return the scores of the batch's edges and of as many random pairs."""
        at = jnp.asarray(batch["x"]["at"])
        others = (hashed_bits(draw, at.shape) % jnp.uint32(self.nodes)).astype(at.dtype)
        found = self.between(model({**batch["x"], "at": jnp.stack([at, others], axis=1)}, **mode))
        return found[:, 0], found[:, 1]

    def between(self, vectors: Array) -> Array:
        """Return the scores of pairs of nodes: z_a · z_b.

        Args:
            vectors: (…, 2, width).
        """
        vectors = vectors.astype(jnp.float32)
        return (vectors[..., 0, :] * vectors[..., 1, :]).sum(axis=-1)

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted cross-entropy of edges and random pairs."""
        edges, others = self._scores(model, batch, key, key=key, train=True)
        each = jax.nn.softplus(-edges) + jax.nn.softplus(others)
        weight = batch["weight"]
        return {"all": ((each * weight).sum() / jnp.maximum(weight.sum(), 1e-12), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the cross-entropy, and of edges that score higher than a random pair."""
        edges, others = self._scores(model, batch, key)
        weight = batch["weight"]
        each = jax.nn.softplus(-edges) + jax.nn.softplus(others)
        ranked = jnp.where(edges > others, weight, 0.0)
        return {"loss": (each * weight).sum(), "ranked": ranked.sum(), "weight": weight.sum()}

    def decode(self, outputs: Array) -> Array:
        """Return σ(z_a · z_b): of an edge among as many pairs without one, the probability."""
        return jax.nn.sigmoid(self.between(outputs))
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
        """Return auc and average_precision of edges against pairs without one.

        Args:
            decoded: (edges, 2): of each edge, and of a pair beside it.
            targets: not looked at.
            weights: not looked at.
        """
        from lamina.objectives.metrics.ranking import auc, average_precision

        scores, labels = _flat(decoded)
        return {"auc": auc(labels, scores), "average_precision": average_precision(labels, scores)}
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
        """Return the 95 % interval of auc."""
        from lamina.objectives.metrics.ranking import auc_interval

        scores, labels = _flat(decoded)
        return {"auc": auc_interval(labels, scores)}


def _flat(decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of edges and of other pairs one after another, and which are edges."""
    return decoded.T.reshape(-1), np.repeat([1, 0], len(decoded))


@dataclass(frozen=True)
class NodeVectors:
    """Answers with what the model gives for each node, (batch, width)."""

    decoded_type = np.float32

    def answer(self, model: Callable[..., Array], x: Any) -> Array:
        """Return the vectors, float32.

        Args:
            model: called without a key, in evaluation mode.
            x: encoded inputs.
        """
        return model(x).astype(jnp.float32)
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
