"""A regressor that scikit-learn takes for one of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from lamina.core.errors import ConfigError
from lamina.estimators.base import AbstractNeuralEstimator
from lamina.tasks.prediction.regression import RegressionTask

if TYPE_CHECKING:
    from lamina.network.network import Network


class NeuralRegressor(RegressorMixin, AbstractNeuralEstimator):
    """A neural network that predicts numbers, as a scikit-learn estimator.

    The parameters are keys of `lamina.fit`, where they are explained in full; None leaves the
    choice to Lamina. One target or several (``y`` with a column each). The order of the rows
    means nothing, and a row of weight three is the same as the row three times.

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
        quantiles: levels for `predict_quantiles`, 0.5 among them.
        warm_start: whether `fit` goes on from the weights of the fit before, on the same columns.
        keys: any other key of `lamina.fit` by name, such as ``{"depth": 3, "dropout": 0.1}``; `get_params`
            and grid search reach each as ``keys__depth``.

    Attributes:
        n_features_in_: number of features.
        feature_names_in_: their names, if X was a frame.
        n_iter_: epochs begun.
        history_: one list a quantity, one entry an epoch.
        network_: the trained `lamina.Network`, which can be saved.

    Example:
        >>> X = np.linspace(-1, 1, 200)[:, None]
        >>> y = 3 * X[:, 0] ** 3
        >>> NeuralRegressor(model="linear", epochs=60, lr=0.1, random_state=0).fit(X, y).score(X, y) > 0.8
        True
    """

    _numeric = True

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
        quantiles: Sequence[float] | None = None,
        warm_start: bool = False,
        keys: Mapping[str, Any] | None = None,
    ):
        self._set(locals())

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on some more rows: a few passes from the weights that there are.

        The first call learns columns, scales and categories, which stay as they are from then on: its rows
        should be typical of those to come. After a `fit` it goes on from there. Nothing validates.

        Args:
            X: numbers (rows, features) or a frame, as in `fit`.
            y: numbers, (rows,) or (rows, targets).
            sample_weight: one number of 0 or more a row.

        Returns:
            The estimator.

        Raises:
            DataError: the data cannot be learned from.
            ConfigError: a parameter is unknown or out of range.

        Example:
            >>> X = np.random.default_rng(0).normal(size=(200, 2))
            >>> y = X[:, 0] - 2 * X[:, 1]
            >>> regressor = NeuralRegressor(model="linear", lr=0.1, random_state=0)
            >>> for rows in (slice(0, 100), slice(100, 200)) * 5:
            ...     regressor = regressor.partial_fit(X[rows], y[rows])
            >>> regressor.score(X, y) > 0.9
            True
        """
        return self._partly_fitted(X, y, sample_weight)

    def _check_known(self, task: str, before: Mapping[str, Any]) -> None:
        pass  # how many targets there are is seen from the table

    def _unseen(self, targets: np.ndarray) -> np.ndarray:
        return targets[:0]

    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None, classes: Any = None) -> str:
        return RegressionTask.name

    def _encoded(
        self, y: np.ndarray, weights: np.ndarray | None = None, where: str = "eval_set"
    ) -> np.ndarray:
        return y.astype(np.float64)

    def _weighted(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        return weights

    def _named(self, network: Network) -> Network:
        return network

    def predict(self, X: Any) -> np.ndarray:
        """Return a number for each row, or one for each of several targets.

        Args:
            X: rows as in `fit`.
        """
        outputs = self._outputs(X)  # before anything is asked of a network that may not be there
        return self.network_.target.predictions(self.network_.objective.point(outputs))

    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Return the levels ``quantiles``, (rows, levels) for one target.

        Args:
            X: rows as in `fit`.

        Raises:
            ConfigError: the estimator has no ``quantiles``.
        """
        levels = self._outputs(X)
        if levels.ndim < 3:
            raise ConfigError("no quantiles were learned", fix="set quantiles=(0.05, 0.5, 0.95) before fit")
        return levels[:, 0] if levels.shape[1] == 1 else levels
