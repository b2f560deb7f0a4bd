"""A classifier that scikit-learn takes for one of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from lamina.core.errors import ConfigError, DataError
from lamina.estimators.base import AbstractNeuralEstimator
from lamina.tasks.prediction.binary import BinaryTask
from lamina.tasks.prediction.multiclass import MulticlassTask
from lamina.tasks.prediction.multilabel import MultilabelTask
from lamina.tasks.prediction.targets import ClassTarget

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
        weight_decay: decoupled decay of weights per unit of lr.
        early_stopping: stop when the monitored value stays worse, and keep the best weights.
        time_limit: seconds for the whole fit.
        valid: share of the rows that validate.
        class_weight: ``"balanced"``, or a dict from labels to weights.
        keys: any other key of `lamina.fit` by name, such as ``{"depth": 3, "dropout": 0.1}``; `get_params`
            and grid search reach each as ``keys__depth``.

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
        weight_decay: float | None = None,
        early_stopping: bool | None = None,
        time_limit: float | None = None,
        valid: float | None = None,
        class_weight: str | dict[Any, float] | None = None,
        keys: Mapping[str, Any] | None = None,
    ):
        self._set(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None) -> str:
        check_classification_targets(y)
        _refuse_rare(self.keys or {})
        kind = type_of_target(y, input_name="y")
        if kind == "multilabel-indicator":
            self.classes_ = np.arange(y.shape[1])
            return MultilabelTask.name
        if y.ndim > 1:
            raise DataError("several targets that are not 0 and 1", where="y", received=kind)
        self.classes_ = np.unique(y if weights is None else y[weights > 0])
        if len(self.classes_) < 2:
            only = f"only 1 class: {self.classes_[0]!r}"
            raise DataError("nothing to tell apart", where="y", expected="2 classes or more", received=only)
        return BinaryTask.name if len(self.classes_) == 2 else MulticlassTask.name

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
        if not network.schema.has_classes:
            return network
        dtype = "" if self.classes_.dtype.kind in "US" else self.classes_.dtype.name
        target = ClassTarget(network.target.names[0], tuple(self.classes_.tolist()), dtype)
        return dataclasses.replace(network, target=target)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most likely label of each row, or 0 and 1 for each of several labels.

        Args:
            X: rows as in `fit`.
        """
        outputs = self._outputs(X)
        if self.network_.schema.has_classes:
            return self.classes_[outputs.argmax(-1)]
        return self.network_.target.predictions(outputs)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, (rows, classes), or of each of several labels.

        Args:
            X: rows as in `fit`.
        """
        return self._outputs(X)


def _refuse_rare(keys: Mapping[str, Any]) -> None:
    """Refuse to leave out or join small classes: those of an estimator are the labels in y."""
    if keys.get("rare") not in (None, "refuse"):
        raise ConfigError(
            "the classes of an estimator are the labels in y",
            received=f"rare={keys['rare']}",
            fix="leave rare out, and drop or join the rows of small classes before fit",
        )
