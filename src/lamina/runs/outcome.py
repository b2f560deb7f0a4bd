"""What a run has come to, for those who report on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.hashing import hashed_keys
from lamina.modalities.base import Outcome
from lamina.network.features import classifier_features

if TYPE_CHECKING:
    from lamina.network.fit import Fitted
    from lamina.network.network import Network
    from lamina.tasks.preview import Preview

MOST_TRAINING = 2000  # training rows that sections may show
Intervals = dict[str, tuple[float, float]]


def outcome_of(
    fitted: Fitted,
    intervals: Mapping[str, Intervals],
    seconds: float = 0.0,
    previews: Mapping[int, Preview] | None = None,
) -> Outcome:
    """Return what the run has come to.

    Args:
        fitted: network, data and what training gave back.
        intervals: split → interval of each metric.
        seconds: how long costly sections may take together.
        previews: epoch → what was seen of the model at its end.
    """
    network, plan, info = fitted.network, fitted.plan, fitted.network.info
    name, judged = fitted.judged
    seed = plan.config.training.seed
    rows = np.random.default_rng(seed).permutation(plan.data.folds[0][0])[:MOST_TRAINING]
    return Outcome(
        schema=network.schema,
        evaluated="validation" if name == "valid" else name,
        table=None if judged is None or not judged.is_by_row else judged.table,
        training=plan.data.table.take(rows),
        decoded=None if judged is None else judged.decoded,
        targets=None if judged is None else judged.targets,
        weights=None if judged is None else judged.weights,
        metrics=_known(info.metrics.get(name, {})),
        valid_metrics=_known(info.valid or {}),
        intervals=intervals.get(name, {}),
        history=network.history,
        labels=network.labels,
        seed=seed,
        keys=network.config,
        model=network.model,
        transform=network.encoder.transform,
        measured=network.target.measured,
        outputs=network.decoded,
        score=_score(network),
        caption=network.target.caption,
        augment=None if plan.coding.augment is None else _augmented(plan.coding.augment, seed),
        seconds=seconds,
        quantiles=network.objective.quantiles,
        point=network.objective.point,
        encoder=network.encoder,
        held_out=None if judged is None else judged.table,
        target=network.target,
        objective=network.objective,
        trained_on=lambda: plan.data.table.take(plan.data.folds[0][0]),
        features_of=classifier_features,
        previews=previews or {},
    )


def _known(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Return metrics with NaN for those that are not defined."""
    return {name: float("nan") if value is None else value for name, value in metrics.items()}


def _score(network: Network) -> tuple[str, Any]:
    """Return the name of the score that columns are judged by, and what measures it."""
    objective = network.objective
    name, measure = objective.score
    return name, lambda targets, decoded, weights: measure(targets, objective.point(decoded), weights)


def _count(inputs: Any) -> int:
    """Return the examples of an array, or of the first one in a dict."""
    return _count(next(iter(inputs.values()))) if isinstance(inputs, dict) else len(inputs)


def _augmented(augment: Any, seed: int) -> Any:
    """Return ``inputs -> inputs`` as training changed them."""
    from lamina.train.step.program import StepContext

    def changed(inputs: Any) -> Any:
        count = _count(inputs)
        batch = {"x": inputs, "y": np.arange(count), "weight": np.ones(count, np.float32)}
        key = hashed_keys(seed, 1)[0]
        return augment(batch, StepContext(key=key, run_key=key, ids=np.arange(count), epoch=np.int32(0)))["x"]

    return changed
