"""What a model of links minimizes: edges are to score higher than pairs of nodes that have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits
from lamina.objectives.base import AbstractObjective, Batch, Interval, Losses, Score, Shown


@dataclass(frozen=True)
class EdgeObjective(AbstractObjective):
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
