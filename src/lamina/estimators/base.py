"""What both estimators share: checks as scikit-learn makes them, then `lamina.network`."""

from __future__ import annotations

import abc
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
from lamina.estimators.rows import Rows, frame_columns, input_table, is_frame, make_table, stacked

if TYPE_CHECKING:
    from lamina.network.network import Network

_FLOATS: Any = (np.float64, np.float32)  # Any: scikit-learn's inferred types know texts only
_LARGEST_SEED = 2**31 - 1
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
    keys: Mapping[str, Any] | None
    network_: Network
    _numeric: ClassVar[bool]

    @abc.abstractmethod
    def _learn_targets(self, y: np.ndarray, weights: np.ndarray | None) -> str:
        """Learn the classes, if there are any, and return the kind of the task."""

    @abc.abstractmethod
    def _encoded(self, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Return targets as class codes or numbers; what has no weight may be of any class."""

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
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None) -> Self:
        """Train a network.

        Args:
            X: numbers (rows, features), or a Polars or pandas frame, whose texts, dates and gaps are encoded.
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
        X, y = self._checked(X, y)
        self._columns = frame_columns(X)
        weights = _checked_weights(sample_weight, len(y))
        task = self._learn_targets(y, weights)
        targets = self._encoded(y, weights)
        rows = Rows(X, targets, self._weighted(y, weights))
        if eval_set is not None:
            rows = self._with_evaluation(rows, eval_set)
        self.network_ = self._named(self._trained(rows, task, began))
        self.n_iter_ = self.network_.info.epochs
        self.history_ = self.network_.history
        return self

    def _checked(self, X: Any, y: Any, *, reset: bool = True) -> tuple[Any, np.ndarray]:
        """Check X and y as scikit-learn does, and learn the features; frames keep their columns."""
        if y is not None and is_frame(X):
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            kind: Any = np.float64 if self._numeric else None
            y = check_array(y, ensure_2d=False, dtype=kind, input_name="y")
            check_consistent_length(X, y)
        else:
            kinds: dict[str, Any] = {"y": y, "y_numeric": self._numeric, "multi_output": True}
            X, y = validate_data(self, X, reset=reset, dtype=_FLOATS, **kinds)
        if reset and len(y) < 2:
            raise DataError("only 1 sample to learn from", where="X", expected="2 or more", received=1)
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
        return {n: value for n, value in flat.items() if value is not None and n != "random_state"}

    def _trained(self, rows: Rows, task: str, began: float) -> Network:
        """Prepare and train; warn of what the audit found doubtful."""
        from lamina.network.fit import run
        from lamina.network.prepare import prepare
        from lamina.tasks.registry import task_named

        keys = self._given()
        if isinstance(keys.get("class_weight"), dict):  # is in the weights of the rows already
            del keys["class_weight"]
        own = None if isinstance(self.model, str) else keys.pop("model")
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
        return run(plan, began=began).network

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the network's decoded outputs, after the checks of a fitted estimator."""
        check_is_fitted(self)
        if self._columns and is_frame(X):
            X = validate_data(self, X, reset=False, skip_check_array=True)
        else:
            X = validate_data(self, X, reset=False, dtype=None if self._columns else _FLOATS)
        return self.network_.outputs(input_table(X, self._columns))


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
