"""A regressor that scikit-learn takes for one of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin

from lamina.core.errors import ConfigError
from lamina.estimators.base import AbstractNeuralEstimator

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
        loss: what is minimized: mse, mae, huber or quantile.
        quantiles: levels for `predict_quantiles`, 0.5 among them.
        valid: share of the rows that validate.
        folds: networks trained on as many folds and averaged.
        keep: columns of a frame to learn from though they look like identifiers.
        drop: columns of a frame to leave out.

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
        quantiles: Sequence[float] | None = None,
        valid: float | None = None,
        folds: int | None = None,
        keep: Sequence[str] | None = None,
        drop: Sequence[str] | None = None,
    ):
        self._set(locals())

    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None) -> str:
        return "regression"

    def _encoded(self, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
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
        outputs = self._outputs(X)
        return self.network_.answers(outputs)

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
