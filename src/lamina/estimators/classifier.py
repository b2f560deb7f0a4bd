"""A classifier that scikit-learn takes for one of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from lamina.core.errors import ConfigError, DataError
from lamina.estimators.base import AbstractNeuralEstimator

if TYPE_CHECKING:
    from lamina.network.network import Network


class NeuralClassifier(ClassifierMixin, AbstractNeuralEstimator):
    """A neural network that classifies, as a scikit-learn estimator.

    The parameters are keys of `lamina.fit`, where they are explained in full; None leaves the
    choice to Lamina. Two classes, many classes, and several labels at once (``y`` of zeros and
    ones, a column a label). The order of the rows means nothing, and a row of weight three is
    the same as the row three times.

    Args:
        model: an architecture (`lamina.list_models`), ``"auto"``, or a module of your own.
        preset: ``"fast"``, ``"balanced"`` or ``"best"``: how much time quality may cost.
        random_state: whole number, ``RandomState`` or None: decides weights, order, dropout and split.
        epochs: passes over the rows, at most.
        batch_size: rows in a step.
        lr: learning rate at its peak.
        optimizer: name in `lamina.train.OPTIMIZERS`.
        schedule: name in `lamina.train.SCHEDULES`.
        warmup: share of the steps in which the learning rate rises.
        weight_decay: decoupled decay of weights per unit of lr.
        momentum: momentum, or first beta.
        beta2: second beta, or decay of rmsprop.
        clip: largest norm of the gradient.
        accumulate: parts a batch is cut into to save memory.
        l1: penalty on absolute weights.
        l2: penalty on half the squared weights.
        ema: decay a step of the moving average of weights that is kept; 0 is off.
        early_stopping: stop when the monitored value stays worse, and keep the best weights.
        patience: epochs without improvement before stopping.
        monitor: validation value that decides what is best.
        plateau_factor: factor on the learning rate, for schedule plateau.
        plateau_patience: epochs without improvement, for schedule plateau.
        time_limit: seconds for the whole fit.
        precision: ``"float32"`` or ``"bfloat16"``.
        device_memory: MiB of training data kept on the device; more is streamed.
        chunk: steps in one compiled program call, at most.
        finite_patience: steps in a row that may be skipped as not finite.
        rollbacks: times to go back to the last good state, with half the rate, before giving up.
        size: the architecture's size dial.
        members: networks in the ensemble.
        depth: hidden layers or blocks.
        dropout: share of values switched off in training.
        activation: the activation between layers, for models that let you choose.
        embedding: how numbers are embedded: none, linear, piecewise or periodic.
        embedding_width: length of a number's embedding.
        numeric: how numbers are scaled: ``"quantile"`` or ``"standard"``.
        loss: what is minimized: cross_entropy, focal or perceptron.
        label_smoothing: share of each label spread over the others.
        class_weight: ``"balanced"``, or a dict from labels to weights.
        valid: share of the rows that validate.
        folds: networks trained on as many folds and averaged.
        keep: columns of a frame to learn from though they look like identifiers.
        drop: columns of a frame to leave out.

    Attributes:
        classes_: the labels, sorted; with several labels at once the numbers of the columns.
        n_features_in_: number of features.
        feature_names_in_: their names, if X was a frame.
        n_iter_: epochs begun.
        history_: one list a quantity, one entry an epoch.
        network_: the trained `lamina.Network`, which can be saved.

    Example:
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]] * 15, ["same", "other", "other", "same"] * 15
        >>> classifier = NeuralClassifier(model="mlp", epochs=30, random_state=0).fit(X, y)
        >>> classifier.predict([[1, 1], [1, 0]]).tolist()
        ['same', 'other']
    """

    class_weight: Any
    _numeric = False

    def __init__(
        self,
        *,
        model: Any = "auto",
        preset: str = "balanced",
        random_state: Any = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        optimizer: str | None = None,
        schedule: str | None = None,
        warmup: float | None = None,
        weight_decay: float | None = None,
        momentum: float | None = None,
        beta2: float | None = None,
        clip: float | None = None,
        accumulate: int | None = None,
        l1: float | None = None,
        l2: float | None = None,
        ema: float | None = None,
        early_stopping: bool | None = None,
        patience: int | None = None,
        monitor: str | None = None,
        plateau_factor: float | None = None,
        plateau_patience: int | None = None,
        time_limit: float | None = None,
        precision: str | None = None,
        device_memory: float | None = None,
        chunk: int | None = None,
        finite_patience: int | None = None,
        rollbacks: int | None = None,
        size: int | None = None,
        members: int | None = None,
        depth: int | None = None,
        dropout: float | None = None,
        activation: str | None = None,
        embedding: str | None = None,
        embedding_width: int | None = None,
        numeric: str | None = None,
        loss: str | None = None,
        label_smoothing: float | None = None,
        class_weight: str | dict[Any, float] | None = None,
        valid: float | None = None,
        folds: int | None = None,
        keep: Sequence[str] | None = None,
        drop: Sequence[str] | None = None,
    ):
        self._set(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None) -> str:
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multilabel-indicator":
            self.classes_ = np.arange(y.shape[1])
            return "multilabel"
        if y.ndim > 1:
            raise DataError("several targets that are not 0 and 1", where="y", received=kind)
        self.classes_ = np.unique(y if weights is None else y[weights > 0])
        if len(self.classes_) < 2:
            only = f"only 1 class: {self.classes_[0]!r}"
            raise DataError("nothing to tell apart", where="y", expected="2 classes or more", received=only)
        return "binary" if len(self.classes_) == 2 else "multiclass"

    def _encoded(self, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        if y.ndim == 2:
            return y.astype(np.int64)
        codes = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = (self.classes_[codes] != y) & (True if weights is None else weights > 0)
        if unknown.any():
            received = repr(y[unknown.argmax()])
            raise DataError("label that training does not have", where="eval_set", received=received)
        return codes

    def _weighted(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        if not isinstance(self.class_weight, dict):  # "balanced" is a key of training
            return weights
        if y.ndim == 2:
            raise ConfigError("class_weight is for one label a row", received="several labels a row")
        of_class = compute_sample_weight(self.class_weight, y)
        return of_class if weights is None else of_class * weights

    def _named(self, network: Network) -> Network:
        if network.task.kind == "multilabel":
            return network
        encoder = network.target_encoder
        encoder.labels = tuple(self.classes_.tolist())
        encoder.dtype = "" if self.classes_.dtype.kind in "US" else self.classes_.dtype.name
        return dataclasses.replace(network, target_encoder=encoder)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of each row, or 0 and 1 for each of several labels.

        Args:
            X: rows as in `fit`.
        """
        outputs = self._outputs(X)
        if self.network_.task.kind == "multilabel":
            return self.network_.answers(outputs)
        return self.classes_[outputs.argmax(-1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (rows, classes), or of each of several labels.

        Args:
            X: rows as in `fit`.
        """
        return self._outputs(X)
