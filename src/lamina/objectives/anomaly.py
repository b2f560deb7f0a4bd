"""What objectives of anomaly detection have in common: scores, measured by labels where known."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.objectives.base import Batch, Interval, Losses
from lamina.objectives.metrics import auc, auc_interval, average_precision
from lamina.objectives.reconstruction import ReconstructionObjective
from lamina.objectives.samples import AbstractSampleObjective


@dataclass(frozen=True)
class AbstractAnomalyObjective(AbstractSampleObjective):
    """What samples are like, learned so that those that are unlike have a high score.

    `answer` gives the score of each example first, then what else is known of it. Targets are 1 for
    anomalies, 0 for other examples, NaN where nobody knows; they are never learned from.
    """

    measures = ("score",)
    noun = "row"

    @abc.abstractmethod
    def errors(self, model: Any, x: Any) -> Array:
        """Return how odd each column or pixel is, (b, columns) or (b, y, x).

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, *shape)}``.
        """

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return the mean score; where targets are known, how well scores rank anomalies above other rows."""
        scores = decoded[:, 0].astype(np.float64)
        if not len(scores):
            return {"score": math.nan}
        found = {"score": float(np.average(scores, weights=weights))}
        known = np.isfinite(targets)
        if not known.any():
            return found
        own, weight = targets[known].astype(int), None if weights is None else weights[known]
        ranked = auc(own, scores[known], weight)
        return {"auc": ranked, "average_precision": average_precision(own, scores[known], weight), **found}

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of the mean score, and of the area where targets are known."""
        found = super().intervals(decoded[:, :1], targets, weights)
        known = np.isfinite(targets)
        if known.any():
            weight = None if weights is None else weights[known]
            found["auc"] = auc_interval(targets[known].astype(int), decoded[known, 0], weight)
        return found


@dataclass(frozen=True)
class AbstractErrorObjective(AbstractAnomalyObjective):
    """Samples again from their codes: what the network has not learned to write has a large error.

    error = mean over columns or pixels of ‖x - D(E(x))‖², of categories their cross-entropy

    Args:
        space: what samples are.
        noise: standard deviation of the noise that training takes off.

    References:
        Sakurada, Yairi. Anomaly detection using autoencoders with nonlinear dimensionality reduction.
        MLSDA 2014.
    """

    noise: float = 0.0

    @property
    def learned(self) -> ReconstructionObjective:
        """What is minimized."""
        return ReconstructionObjective(self.space, noise=self.noise)

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted error."""
        return self.learned.losses(model, batch, key=key)

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the error and of weights."""
        found = self.learned.evaluate(model, batch, key=key)
        return {"loss": found["loss"], "weight": found["weight"]}

    def errors(self, model: Any, x: Any) -> Array:
        """Return the error of each column or pixel."""
        return self.learned.errors(model, x)


@dataclass(frozen=True)
class ImageAnomalyObjective(AbstractErrorObjective):
    """Images of which the network does not know a part have a high score: the mean error of their pixels."""

    def answer(self, model: Any, x: Any) -> Array:
        """Return the mean error of each image, (b, 1)."""
        return self.learned.answer(model, x)


@dataclass(frozen=True)
class RowAnomalyObjective(AbstractErrorObjective):
    """Rows are odd by values that are rare, or that do not go together.

    The first is known from counts before anything is learned, ``rarity``: -log of the share of training rows
    in the bin of a number, or of a category. The second is the error of the network. The task weighs them.
    """

    def answer(self, model: Any, x: Any) -> Array:
        """Return the error of each column, and its rarity, (b, 2 * columns).

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, features), "rarity": (b, columns)}``.
        """
        return jnp.concatenate([self.errors(model, x), x["rarity"]], axis=1)
