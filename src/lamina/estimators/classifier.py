"""A classifier that scikit-learn takes for one of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

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
        warm_start: whether `fit` goes on from the weights of the fit before, on the same columns and classes.
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
        warm_start: bool = False,
        keys: Mapping[str, Any] | None = None,
    ):
        self._set(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train on some more rows: a few passes from the weights that there are.

        The first call learns columns, scales, categories and classes, which stay as they are from then on;
        after a `fit` it goes on from there. Nothing validates.

        Args:
            X: numbers (rows, features) or a frame, as in `fit`.
            y: labels, all of them among ``classes``.
            classes: every label that will ever come; needed in the first call (several labels at once: not).
            sample_weight: one number of 0 or more a row.

        Returns:
            The estimator.

        Raises:
            DataError: the classes are not given, or others than before; the data cannot be learned from.
            ConfigError: a parameter is unknown or out of range, or ``class_weight="balanced"``.

        Example:
            >>> X = np.random.default_rng(0).normal(size=(200, 2))
            >>> y = np.where(X.sum(axis=1) > 0, "yes", "no")
            >>> classifier = NeuralClassifier(model="logistic", lr=0.1, random_state=0)
            >>> for start in range(0, 200, 20):
            ...     part = slice(start, start + 20)
            ...     classifier = classifier.partial_fit(X[part], y[part], classes=["no", "yes"])
            >>> classifier.score(X, y) > 0.9
            True
        """
        if isinstance(self.class_weight, str):
            fix = "give sample_weight, or a dict of weights by label"
            raise ConfigError("class_weight='balanced' would balance each part by itself", fix=fix)
        if not hasattr(self, "network_"):
            _check_given(y, classes)
        elif classes is not None:
            self._check_classes(np.unique(classes))
        return self._partly_fitted(X, y, sample_weight, classes)

    def _check_classes(self, classes: np.ndarray) -> None:
        """Refuse classes that are not those of before."""
        if not np.array_equal(classes, self.classes_):
            raise DataError(
                "the classes are not those that training is to go on from",
                where="y",
                expected=", ".join(map(str, self.classes_[:12])),
                received=", ".join(map(str, classes[:12])),
            )

    def _check_known(self, task: str, before: Mapping[str, Any]) -> None:
        classes, self.classes_ = self.classes_, before["classes_"]
        self._check_classes(classes)

    def _unseen(self, targets: np.ndarray) -> np.ndarray:
        if targets.ndim == 2:
            return targets[:0]
        return np.setdiff1d(np.arange(len(self.classes_)), targets)

    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None, classes: Any = None) -> str:
        check_classification_targets(y)
        _refuse_rare(self.keys or {})
        kind = type_of_target(y, input_name="y")
        if kind == "multilabel-indicator":
            self.classes_ = np.arange(y.shape[1])
            return MultilabelTask.name
        if y.ndim > 1:
            raise DataError("several targets that are not 0 and 1", where="y", received=kind)
        found = y if weights is None else y[weights > 0]
        self.classes_ = np.unique(found if classes is None else classes)
        if len(self.classes_) < 2:
            only = f"only 1 class: {self.classes_[0]!r}"
            raise DataError("nothing to tell apart", where="y", expected="2 classes or more", received=only)
        return BinaryTask.name if len(self.classes_) == 2 else MulticlassTask.name

    def _encoded(
        self, y: np.ndarray, weights: np.ndarray | None = None, where: str = "eval_set"
    ) -> np.ndarray:
        if y.ndim == 2:
            return y.astype(np.int64)
        codes = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = (self.classes_[codes] != y) & (True if weights is None else weights > 0)
        if unknown.any():
            received = repr(y[unknown.argmax()])
            raise DataError("label that training does not have", where=where, received=received)
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


def _check_given(y: Any, classes: Any) -> None:
    """Refuse a first part of data that does not say which labels will come."""
    if classes is None and np.ndim(y) < 2:
        fix = "partial_fit(X, y, classes=[...]), every label that will ever come"
        raise DataError("the first call of partial_fit needs the classes", where="classes", fix=fix)


def _refuse_rare(keys: Any) -> None:
    """Refuse to leave out or join small classes: those of an estimator are the labels in y."""
    if isinstance(keys, Mapping) and keys.get("rare") not in (None, "refuse"):
        raise ConfigError(
            "the classes of an estimator are the labels in y",
            received=f"rare={keys['rare']}",
            fix="leave rare out, and drop or join the rows of small classes before fit",
        )
