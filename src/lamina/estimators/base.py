"""What both estimators share: checks as scikit-learn makes them, then `lamina.network`."""

from __future__ import annotations

import abc
import dataclasses
import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from lamina.core.errors import ConfigError, DataError, LaminaWarning
from lamina.data.schema import CLASSES
from lamina.estimators.rows import (
    Rows,
    densified,
    frame_columns,
    input_table,
    is_frame,
    make_table,
    repeated_rows,
    stacked,
)

if TYPE_CHECKING:
    from lamina.network.network import Network

_FLOATS: Any = (np.float64, np.float32)  # Any: scikit-learn's inferred types know texts only
_GAPS: Any = {"accept_sparse": ["csr", "csc", "coo"], "ensure_all_finite": "allow-nan"}
_UNTRAINED = {"epochs": 0, "folds": 1, "early_stopping": False, "valid": 0.0}
_LARGEST_SEED = 2**31 - 1
PARTIAL_EPOCHS = 5  # passes over the rows of one call of partial_fit, at most
_KEYS = "keys__"  # begins the name of one of the further keys
_FROM_ELSEWHERE = {
    "seed": "random_state",
    "task": "a classifier or a regressor",
    "weight": "sample_weight of fit",
    "split": "eval_set of fit",
}


class AbstractNeuralEstimator(BaseEstimator, abc.ABC):
    """Fits a `lamina.Network` and predicts with it; a subclass says what targets mean."""

    model: Any
    random_state: Any
    warm_start: bool
    keys: Mapping[str, Any] | None
    network_: Network
    _coded: Network  # the same with classes as their codes
    _numeric: ClassVar[bool]

    @abc.abstractmethod
    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None, classes: Any = None) -> str:
        """Learn the classes, if there are any, and return the kind of the task."""

    @abc.abstractmethod
    def _encoded(
        self, y: np.ndarray, weights: np.ndarray | None = None, where: str = "eval_set"
    ) -> np.ndarray:
        """Return targets as class codes or numbers; what has no weight may be of any class."""

    @abc.abstractmethod
    def _unseen(self, targets: np.ndarray) -> np.ndarray:
        """Return targets that stand for the classes that some targets lack."""

    @abc.abstractmethod
    def _check_known(self, task: str, before: Mapping[str, Any]) -> None:
        """Refuse targets of other classes than before."""

    @abc.abstractmethod
    def _weighted(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """Return the weights of rows with those of their classes."""

    @abc.abstractmethod
    def _named(self, network: Network) -> Network:
        """Return the network with the labels that the user knows."""

    def _set(self, parameters: Mapping[str, Any]) -> None:
        """Store the constructor's parameters as they came, which is all it may do."""
        for name in self._get_param_names():
            setattr(self, name, parameters[name])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None) -> Self:
        """Train a network.

        Args:
            X: numbers (rows, features), where NaN is a gap; sparse ones become dense; or a Polars or pandas
                frame, whose texts, dates and gaps are encoded.
            y: targets, (rows,) or (rows, targets).
            sample_weight: one number of 0 or more a row. Whole numbers are counts: a row of weight three is
                the same as the row three times.
            eval_set: a pair (X, y) to validate on; without it a share ``valid`` of the rows is kept for that.

        Returns:
            The estimator.

        Raises:
            DataError: the data cannot be learned from (a ``ValueError``).
            ConfigError: a parameter is unknown or out of range (a ``ValueError``).
        """
        began = time.perf_counter()
        again = bool(self.warm_start) and hasattr(self, "network_")
        X, y = self._checked(X, y, reset=not again)
        weights = _checked_weights(sample_weight, len(y))
        task = self._known_task(X, y, weights) if again else self._learn_targets(y, weights)
        self._columns = frame_columns(X)
        targets = self._encoded(y, weights)
        rows = Rows(X, targets, self._weighted(y, weights))
        if eval_set is not None:
            rows = self._with_evaluation(rows, eval_set)
        self._keep(self._trained(rows, task, began, start=self._coded if again else None))
        return self

    def _keep(self, network: Network) -> None:
        """Keep a trained network, and what scikit-learn's users look for."""
        self._coded, self.network_ = network, self._named(network)
        self.n_iter_ = network.info.epochs
        self.history_ = network.history

    def _known_task(self, X: Any, y: np.ndarray, weights: np.ndarray | None) -> str:
        """Return the task, and refuse columns or classes that are not those of the fit before."""
        if frame_columns(X) != self._columns:
            expected = ", ".join(self._columns) or "an array"
            received = ", ".join(frame_columns(X)) or "an array"
            message = "the columns are not those of the fit that training is to go on from"
            raise DataError(message, where="X", expected=expected, received=received)
        before = {name: value for name, value in vars(self).items() if name == "classes_"}
        task = self._learn_targets(y, weights)
        self._check_known(task, before)
        return task

    def _partly_fitted(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Train on some more rows; the first call learns columns, scales and classes."""
        began = time.perf_counter()
        first = not hasattr(self, "network_")
        X, y = self._checked(X, y, reset=first)
        weights = _checked_weights(sample_weight, len(y))
        if first:
            task, self._columns = self._learn_targets(y, weights, classes), frame_columns(X)
            rows = self._with_every_class(X, self._encoded(y, weights, "y"))
            self._coded = self._trained(rows, task, began, more=_UNTRAINED)
        targets = self._encoded(y, weights, "y")
        self._keep(self._further(Rows(X, targets, self._weighted(y, weights))))
        return self

    def _with_every_class(self, X: Any, targets: np.ndarray) -> Rows:
        """Return rows that hold every class; copies stand for those that are still to come, untrained."""
        more = self._unseen(targets)
        if not len(more):
            return Rows(X, targets)
        copies = repeated_rows(X, np.arange(len(more)) % len(targets))
        return Rows(stacked(X, copies), np.concatenate([targets, more]))

    def _further(self, rows: Rows) -> Network:
        """Return the network trained on some more rows, with the keys that are set now."""
        from lamina.network.continuing import trained_on
        from lamina.train.loop.plan import default_batch_size

        given, network = self._given(), self._coded
        epochs = min(given.get("epochs", PARTIAL_EPOCHS), PARTIAL_EPOCHS)
        rows = dataclasses.replace(rows, names=self._columns)
        table = make_table(rows, has_classes=network.schema.has_classes, seed=0, valid=0.0)
        keys = {"batch_size": default_batch_size(table.table.height), "schedule": "constant", **given}
        keys |= {"epochs": epochs, "early_stopping": False, "seed": network.info.seed + network.info.epochs}
        return trained_on(network, table.table, weight=table.weight, keys=keys)

    def _checked(self, X: Any, y: Any, *, reset: bool = True) -> tuple[Any, np.ndarray]:
        """Check X and y as scikit-learn does, and learn the features; frames keep their columns."""
        if y is not None and is_frame(X):
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            kind: Any = np.float64 if self._numeric else None
            y = check_array(y, ensure_2d=False, dtype=kind, input_name="y")
            check_consistent_length(X, y)
        else:
            kinds: dict[str, Any] = {"y": y, "y_numeric": self._numeric, "multi_output": True}
            X, y = validate_data(self, X, reset=reset, dtype=_FLOATS, **_GAPS, **kinds)
        if reset and len(y) < 2:
            raise DataError("only 1 sample to learn from", where="X", expected="2 or more", received=1)
        X = densified(X)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _with_evaluation(self, rows: Rows, eval_set: Any) -> Rows:
        """Return the rows with those to validate on behind them."""
        pair = eval_set[0] if isinstance(eval_set, list) and len(eval_set) == 1 else eval_set
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise DataError("not a pair", where="eval_set", expected="(X, y)", received=type(pair).__name__)
        X, y = self._checked(*pair, reset=False)
        if type(X) is not type(rows.inputs):
            expected = type(rows.inputs).__name__
            raise DataError("X is of another type than in fit", where="eval_set", expected=expected)
        weights = None if rows.weights is None else np.append(rows.weights, np.ones(len(y)))
        targets = np.concatenate([rows.targets, self._encoded(y)])
        return Rows(stacked(rows.inputs, X), targets, weights, valid=len(y))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name, each of ``keys`` as ``keys__<name>`` too.

        Args:
            deep: with those of ``keys``.
        """
        found = super().get_params(deep=deep)
        if deep and isinstance(found["keys"], Mapping):
            found |= {f"{_KEYS}{name}": value for name, value in found["keys"].items()}
        return found

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``keys__<name>`` sets one of ``keys``.

        Args:
            **params: name and value.

        Returns:
            The estimator.
        """
        own = {name: value for name, value in params.items() if name.startswith(_KEYS)}
        super().set_params(**{name: value for name, value in params.items() if name not in own})
        if own:
            self.keys = {**(self.keys or {}), **{name.removeprefix(_KEYS): own[name] for name in own}}
        return self

    def _given(self) -> dict[str, Any]:
        """Return the parameters as flat keys; None leaves the choice to Lamina.

        Raises:
            ConfigError: one of ``keys`` has a place of its own.
        """
        given = self.get_params(deep=False)
        more = {} if (keys := given.pop("keys")) is None else keys
        if not isinstance(more, Mapping):
            raise ConfigError("not keys by name", where="keys", expected="a dict", received=repr(more)[:80])
        for name in more:
            if name in given:
                fix = f"give it as such: {type(self).__name__}({name}=…)"
                raise ConfigError(f"'{name}' is a parameter of its own", where="keys", fix=fix)
            if name in _FROM_ELSEWHERE:
                fix = f"use {_FROM_ELSEWHERE[name]}"
                raise ConfigError(f"'{name}' comes from elsewhere", where="keys", fix=fix)
        flat = {**given, **more}
        elsewhere = ("random_state", "warm_start")
        return {n: value for n, value in flat.items() if value is not None and n not in elsewhere}

    def _trained(
        self,
        rows: Rows,
        task: str,
        began: float,
        *,
        start: Network | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Network:
        """Prepare and train, perhaps from the weights of a network; warn of what the audit found doubtful."""
        from lamina.network.continuing import going_on
        from lamina.network.fit import run
        from lamina.network.prepare import prepare
        from lamina.tasks.registry import task_named

        keys = {**self._given(), **(more or {})}
        given = dict(keys)
        if isinstance(keys.get("class_weight"), dict):  # is in the weights of the rows already
            del keys["class_weight"]
        own = None if isinstance(self.model, str) else keys.pop("model")
        if start is not None:
            keys |= _architecture(start, own, keys)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(_LARGEST_SEED)
        has_classes = task_named(task).target_kind == CLASSES
        table = make_table(rows, has_classes=has_classes, seed=int(seed), valid=keys.get("valid", 0.2))
        keys |= {"task": task, "seed": int(seed), "valid": table.valid}
        keys |= {"weight": table.weight, "split": table.split}
        plan = prepare(table.table, target=table.targets, keys=keys, model=own)
        for finding in plan.data.audit.warnings:
            if not (table.copied and finding.code == "duplicates"):
                text = str(finding).removeprefix("warning: ")
                warnings.warn(text, LaminaWarning, stacklevel=3)
        plan = plan if start is None else going_on(plan, start, given)
        return run(plan, began=began).network

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the network's decoded outputs, after the checks of a fitted estimator."""
        check_is_fitted(self)
        if self._columns and is_frame(X):
            X = validate_data(self, X, reset=False, skip_check_array=True)
        else:
            X = validate_data(self, X, reset=False, dtype=None if self._columns else _FLOATS, **_GAPS)
        return self.network_.outputs(input_table(densified(X), self._columns))


def _architecture(start: Network, own: Any, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that ask for the architecture of a network.

    Raises:
        ConfigError: another one was asked for.
    """
    asked = keys.get("model", "auto") if own is None else type(own).__name__
    if asked not in ("auto", start.model_name):
        raise ConfigError(
            "model is not that of the fit that training is to go on from",
            expected=start.model_name,
            received=asked,
            fix="leave model as it was, or warm_start out",
        )
    folds = {"folds": start.options.get("folds", 1)}
    return folds if own is not None else {**folds, "model": start.model_name}


def _checked_weights(sample_weight: Any, rows: int) -> np.ndarray | None:
    """Return weights as numbers, one a row.

    Raises:
        DataError: of another shape, negative, or all zero.
    """
    if sample_weight is None:
        return None
    where, kind = "sample_weight", _FLOATS[0]
    weights = check_array(sample_weight, ensure_2d=False, dtype=kind, input_name=where)
    if weights.shape != (rows,):
        raise DataError("wrong shape", where=where, expected=f"({rows},)", received=weights.shape)
    if (weights < 0).any():
        raise DataError("a weight is negative", where=where, expected="0 or more", received=weights.min())
    if not weights.any():
        raise DataError("every weight is zero", where=where, fix="give some rows a weight")
    return weights
