"""Classification: two classes, many classes, many labels at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.objectives.base import (
    AbstractObjective,
    Batch,
    Interval,
    Losses,
    Score,
    Shown,
    over_members,
    with_members,
)
from lamina.ops import losses as loss_functions

MONITOR: Mapping[str, bool] = MappingProxyType({"loss": False, "accuracy": True})
SHOWN = Shown("accuracy", "valid_accuracy", lambda value, scale: value)


@dataclass(frozen=True)
class MulticlassObjective(AbstractObjective):
    """One of several classes; one logit a class.

    Args:
        classes: number of classes, at least two.
        loss: ``"cross_entropy"``, ``"focal"`` or ``"perceptron"``.
        smoothing: label smoothing in [0, 1), for cross-entropy.

    Example:
        >>> batch = {"x": jnp.array([[9.0, 0, 0]] * 2), "y": jnp.array([0, 2]), "weight": jnp.ones(2)}
        >>> float(MulticlassObjective(3).evaluate(lambda x: x, batch, key=None)["accuracy"])
        1.0
    """

    classes: int
    loss: str = "cross_entropy"
    smoothing: float = 0.0
    monitor = MONITOR
    shown = SHOWN

    def __post_init__(self) -> None:
        _check_loss(self.loss, ("cross_entropy", "focal", "perceptron"))

    @property
    def out_features(self) -> int:
        """One logit a class."""
        return self.classes

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch."""
        logits = model(batch["x"], key=key, train=True).astype(jnp.float32)
        labels = with_members(batch["y"], logits, features=0)
        labels = jnp.broadcast_to(labels, logits.shape[:-1])
        each = _class_loss(self.loss, self.smoothing)(logits, labels)
        return {"all": ((over_members(each, len(logits)) * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of log-loss, hits and weights."""
        probabilities = self.decode(model(batch["x"]))
        loss = _log_loss(probabilities, batch["y"], self.smoothing)
        hit = probabilities.argmax(-1).astype(batch["y"].dtype) == batch["y"]
        return {
            "loss": (loss * batch["weight"]).sum(),
            "accuracy": jnp.where(hit, batch["weight"], 0).sum(),
            "weight": batch["weight"].sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return probabilities, (batch, classes)."""
        probabilities = jax.nn.softmax(outputs.astype(jnp.float32), axis=-1)
        return probabilities if outputs.ndim == 2 else probabilities.mean(axis=1)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return accuracy, balanced_accuracy, f1, auc, log_loss and ece."""
        from lamina.objectives.metrics import classification_metrics

        return classification_metrics(targets, decoded, weights)

    @property
    def score(self) -> Score:
        """Accuracy."""
        from lamina.objectives.metrics import accuracy

        return Score(
            "accuracy", lambda targets, decoded, weights: accuracy(targets, decoded.argmax(-1), weights)
        )

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric."""
        from lamina.objectives.metrics import classification_intervals

        return classification_intervals(targets, decoded, weights)


@dataclass(frozen=True)
class BinaryObjective(AbstractObjective):
    """Yes or no; one logit for yes.

    Args:
        loss: ``"cross_entropy"``, ``"focal"`` or ``"perceptron"``.
        smoothing: label smoothing in [0, 1), for cross-entropy.

    Example:
        >>> BinaryObjective().decode(jnp.zeros((1, 1))).tolist()
        [[0.5, 0.5]]
    """

    loss: str = "cross_entropy"
    smoothing: float = 0.0
    monitor = MONITOR
    shown = SHOWN

    def __post_init__(self) -> None:
        _check_loss(self.loss, ("cross_entropy", "focal", "perceptron"))

    @property
    def out_features(self) -> int:
        """One logit."""
        return 1

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch."""
        logits = model(batch["x"], key=key, train=True).astype(jnp.float32)
        labels = jnp.broadcast_to(with_members(batch["y"], logits, features=0), logits.shape[:-1])
        if self.loss == "cross_entropy":
            each = loss_functions.binary_cross_entropy(
                logits[..., 0], labels.astype(jnp.float32), smoothing=self.smoothing
            )
        else:
            scores = jnp.concatenate([jnp.zeros_like(logits), logits], axis=-1)
            each = _class_loss(self.loss, self.smoothing)(scores, labels)
        return {"all": ((over_members(each, len(logits)) * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of log-loss, hits and weights."""
        probabilities, truth = self.decode(model(batch["x"])), batch["y"] > 0
        loss = _log_loss(probabilities, truth.astype(jnp.int32), self.smoothing)
        return {
            "loss": (loss * batch["weight"]).sum(),
            "accuracy": jnp.where((probabilities[:, 1] > 0.5) == truth, batch["weight"], 0).sum(),
            "weight": batch["weight"].sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return probabilities of no and yes, (batch, 2)."""
        yes = jax.nn.sigmoid(outputs[..., 0].astype(jnp.float32))
        yes = yes if yes.ndim == 1 else yes.mean(axis=1)
        return jnp.stack([1 - yes, yes], axis=-1)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return accuracy, balanced_accuracy, f1, auc, log_loss and ece."""
        from lamina.objectives.metrics import classification_metrics

        return classification_metrics(targets, decoded, weights)

    @property
    def score(self) -> Score:
        """The area under the ROC curve, which sees columns that change no decision."""
        from lamina.objectives.metrics import auc

        return Score("auc", auc)

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric."""
        from lamina.objectives.metrics import classification_intervals

        return classification_intervals(targets, decoded, weights)


@dataclass(frozen=True)
class MultilabelObjective(AbstractObjective):
    """Several labels of one example, each present or not; one logit each.

    A target below 0 is not known: it has no part in loss and metrics.

    Args:
        labels: how many there are.
        smoothing: label smoothing in [0, 1).

    Example:
        >>> MultilabelObjective(3).decode(jnp.zeros((1, 3))).tolist()
        [[0.5, 0.5, 0.5]]
    """

    labels: int
    smoothing: float = 0.0
    monitor = MONITOR
    shown = SHOWN

    @property
    def out_features(self) -> int:
        """One logit a label."""
        return self.labels

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of the batch, averaged over the labels; unknown ones are zeros."""
        logits = model(batch["x"], key=key, train=True).astype(jnp.float32)
        targets = jnp.broadcast_to(with_members(batch["y"], logits, features=1), logits.shape)
        each = loss_functions.binary_cross_entropy(logits, jnp.maximum(targets, 0), smoothing=self.smoothing)
        each = jnp.where(targets >= 0, each, 0)
        return {"all": ((over_members(each, len(logits)) * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of log-loss, hits (share of right labels) and weights."""
        yes, truth, known = self.decode(model(batch["x"])), batch["y"] > 0.5, batch["y"] >= 0
        both = jnp.stack([1 - yes, yes], axis=-1)
        loss = jnp.where(known, _log_loss(both, truth.astype(jnp.int32), self.smoothing), 0).mean(-1)
        right = jnp.where(known, (yes > 0.5) == truth, False).sum(-1) / jnp.maximum(known.sum(-1), 1)
        return {
            "loss": (loss * batch["weight"]).sum(),
            "accuracy": (right * batch["weight"]).sum(),
            "weight": batch["weight"].sum(),
        }

    def decode(self, outputs: Array) -> Array:
        """Return the probability of each label, (batch, labels)."""
        yes = jax.nn.sigmoid(outputs.astype(jnp.float32))
        return yes if yes.ndim == 2 else yes.mean(axis=1)

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return accuracy, f1, auc and log_loss over all labels."""
        from lamina.objectives.metrics import multilabel_metrics

        return multilabel_metrics(targets, decoded, weights)

    @property
    def score(self) -> Score:
        """The log-loss over all labels."""
        from lamina.objectives.metrics import multilabel_metrics

        return Score(
            "log_loss", lambda truth, given, weights: multilabel_metrics(truth, given, weights)["log_loss"]
        )

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric."""
        from lamina.objectives.metrics import multilabel_intervals

        return multilabel_intervals(targets, decoded, weights)


def _log_loss(probabilities: Array, labels: Array, smoothing: float) -> Array:
    """Return the log-loss, labels smoothed as in training.

    A network that learned smoothed labels is less sure than plain ones want, whose loss is least after the
    first epochs: what decides which weights are kept has to be what was learned.
    """
    return loss_functions.cross_entropy(
        jnp.log(jnp.maximum(probabilities, 1e-12)), labels, smoothing=smoothing
    )


def _check_loss(loss: str, known: tuple[str, ...]) -> None:
    if loss not in known:
        raise ConfigError(
            "this objective has no such loss", expected="one of " + ", ".join(known), received=loss
        )


def _class_loss(loss: str, smoothing: float) -> Any:
    if loss == "cross_entropy":
        return lambda logits, labels: loss_functions.cross_entropy(logits, labels, smoothing=smoothing)
    return loss_functions.LOSSES[loss]
