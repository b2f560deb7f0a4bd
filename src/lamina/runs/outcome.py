"""What a run has come to, for those who report on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.hashing import hashed_keys
from lamina.modalities.base import Outcome
from lamina.network.network import predict_batches
from lamina.objectives import QuantileObjective
from lamina.objectives.metrics import accuracy, auc, metric_intervals, multilabel_metrics, r2, rmse
from lamina.train.augment import Augmentation

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.network import Fitted
    from lamina.network.network import Network

MOST_TRAINING = 2000  # training rows that sections may show
Score = Callable[[Any, Any, Any], float]
Intervals = dict[str, tuple[float, float]]


def intervals_of(network: Network, decoded: np.ndarray, truth: np.ndarray, weights: Any = None) -> Intervals:
    """Return the 95 % interval of each metric that has one.

    Args:
        network: knows the task.
        decoded: its outputs.
        truth: targets in the form of the metrics.
        weights: one weight a row, or None.
    """
    return metric_intervals(network.task.kind, truth, point_of(network, decoded), weights)


def score_of(network: Network) -> tuple[str, Score]:
    """Return the name of the score that columns are judged by, and what measures it.

    Args:
        network: knows the task.
    """
    kind = network.task.kind
    if kind == "regression":
        name, measure = ("rmse", rmse) if len(network.schema.targets) == 1 else ("r2", r2)
        return name, lambda truth, given, weights: measure(truth, point_of(network, given), weights)
    if kind == "binary":
        return "auc", auc
    if kind == "multilabel":
        return "log_loss", lambda truth, given, weights: multilabel_metrics(truth, given, weights)["log_loss"]
    return "accuracy", lambda truth, given, weights: accuracy(truth, given.argmax(-1), weights)


def outcome_of(
    fitted: Fitted, intervals: Intervals, table: AbstractTable | None, seconds: float = 0.0
) -> Outcome:
    """Return what the run has come to.

    Args:
        fitted: network, data and what training gave back.
        intervals: of the metrics of the evaluated rows.
        table: the evaluated rows, or None where there are none.
        seconds: how long costly sections may take together.
    """
    network, prepared, info = fitted.network, fitted.prepared, fitted.network.info
    decoded, targets = fitted.test or fitted.valid or (None, None)
    rows = np.random.default_rng(prepared.config.seed).permutation(prepared.folds[0][0])[:MOST_TRAINING]
    augmentation = Augmentation.of(prepared.config.augment)

    def augment(images: Any) -> Any:
        batch = {"x": images, "y": np.arange(len(images)), "weight": np.ones(len(images), np.float32)}
        return augmentation(batch, hashed_keys(prepared.config.seed, 1)[0])["x"]  # type: ignore[misc]

    def outputs(arrays: Any) -> np.ndarray:
        return network.in_target_unit(predict_batches(network.task, network.model, arrays))

    return Outcome(
        schema=network.schema,
        evaluated="validation" if info["test"] is None else "test",
        table=table,
        training=prepared.table.take(rows),
        decoded=decoded,
        targets=targets,
        weights=None if table is None else network.truth(table)[1],
        metrics=(info["valid"] or {}) if info["test"] is None else info["test"],
        valid_metrics=info["valid"] or {},
        intervals=intervals,
        history=network.history,
        labels=network.labels,
        seed=info["seed"],
        keys=prepared.config.to_json(),
        model=network.model,
        transform=network.encoder.transform,
        measured=lambda table: network.truth(table)[0],
        outputs=outputs,
        score=score_of(network),
        caption=lambda value: _caption(network, value),
        augment=None if augmentation is None else augment,
        seconds=seconds,
    )


def point_of(network: Network, decoded: np.ndarray) -> np.ndarray:
    """Return one number a target where quantiles are predicted; other outputs as they are.

    Args:
        network: knows the quantiles.
        decoded: its outputs.
    """
    return decoded[..., network.task.median] if isinstance(network.task, QuantileObjective) else decoded


def _caption(network: Network, value: Any) -> str:
    if network.task.kind in ("binary", "multiclass"):
        return str(network.labels[int(value)])
    if network.task.kind == "multilabel":
        on = [str(label) for label, is_on in zip(network.labels, value, strict=True) if is_on]
        return " ".join(on) or "–"
    return f"{np.ravel(value)[0]:.4g}"
