"""From prepared data to a trained network: try what is open, train every fold, evaluate."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import runtime
from lamina.core.errors import Interrupted
from lamina.data.table import AbstractTable
from lamina.network.network import Network, predict_batches
from lamina.network.prepare import Prepared, prepare
from lamina.nn.augmented import TEST_TIME_AUGMENTATIONS, Augmented
from lamina.nn.ensemble import Ensemble
from lamina.train.loop.callbacks import Callback
from lamina.train.loop.loop import INTERRUPTED, TrainResult, train
from lamina.train.safeguard.checkpoint import Checkpoints

__all__ = ["Fitted", "Prepared", "class_weights", "prepare", "run"]


@dataclass(frozen=True)
class Fitted:
    """A trained network with what the report needs beside it.

    Args:
        network: the result.
        prepared: what was decided before.
        result: what training gave back.
        valid: decoded outputs and truth on the validation rows, or None.
        test: the same on the test rows, or None.
    """

    network: Network
    prepared: Prepared
    result: TrainResult
    valid: tuple[np.ndarray, np.ndarray] | None
    test: tuple[np.ndarray, np.ndarray] | None


def class_weights(targets: np.ndarray, classes: int, weights: np.ndarray) -> np.ndarray:
    """Return one factor a row that gives every class the same total weight: Σw / (classes · Σw_class).

    Args:
        targets: class codes.
        classes: how many classes there are.
        weights: weights of the rows so far.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2, np.ones(4)).round(2).tolist()
        [0.67, 0.67, 0.67, 2.0]
    """
    totals = np.bincount(targets, weights, minlength=classes)
    factors = weights.sum() / (classes * np.where(totals > 0, totals, 1.0))
    return factors[targets]


def run(
    prepared: Prepared,
    *,
    callbacks: Sequence[Callback] = (),
    should_stop: Callable[[], str | None] = lambda: None,
    test_table: AbstractTable | None = None,
    began: float | None = None,
    checkpoints: Callable[[int], Checkpoints] | None = None,
    reserve: float = 0.0,
    warn: Callable[[str], None] = lambda text: None,
) -> Fitted:
    """Train what was prepared and evaluate it.

    Args:
        prepared: from `prepare`.
        callbacks: called at the events of training.
        should_stop: asked after every chunk; a text ends the run.
        test_table: test data of their own.
        began: when the run began (``time.perf_counter``), so that reading counts in the time limit.
        checkpoints: fold → where its checkpoints lie; training goes on from the newest one.
        reserve: seconds of the time limit to keep for what comes after training.
        warn: is told of each checkpoint that is damaged and passed over.

    Returns:
        The trained network and what a report needs beside it.
    """
    began = (time.perf_counter() if began is None else began) - reserve
    judged = len(prepared.split.test) if test_table is None else test_table.height
    trainings = _Trainings(prepared, tuple(callbacks), should_stop, began, checkpoints, warn, judged=judged)
    tried = [trainings.train(0, variant) for variant in prepared.variants]
    best = min(range(len(tried)), key=lambda index: _last_best(tried[index]))
    prepared = prepared.with_options(prepared.variants[best])
    rest = [trainings.train(fold, prepared.variants[best]) for fold in range(1, len(prepared.folds))]
    trials = [
        {
            **variant,
            prepared.config.monitor: _last_best(result),
            "epochs": result.epochs,
            "chosen": index == best,
        }
        for index, (variant, result) in enumerate(zip(prepared.variants, tried, strict=True))
    ]
    return _evaluated(prepared, [tried[best], *rest], test_table, trials)


def _last_best(result: TrainResult) -> float:
    return float(result.state.best_value) if result.state is not None else float("inf")


@dataclass
class _Trainings:
    """The trainings of one run, one after another, each with its share of the time left."""

    prepared: Prepared
    callbacks: tuple[Callback, ...]
    should_stop: Callable[[], str | None]
    began: float
    checkpoints: Callable[[int], Checkpoints] | None
    warn: Callable[[str], None]
    judged: int  # test rows
    done: int = 0

    def train(self, fold: int, variant: dict[str, Any]) -> TrainResult:
        """Train one fold with the options of one variant."""
        train_rows, valid_rows = self.prepared.folds[fold]
        config = self.prepared.config.train_config()
        config = dataclasses.replace(config, seed=config.seed + fold, time_limit=self._share())
        saved = None if self.checkpoints is None else self.checkpoints(self.done)
        model = self.prepared.model(fold, variant)
        views = model if isinstance(model, Augmented) else None
        with contextlib.nullcontext() if saved is None else saved.writer:
            result = train(
                model if views is None else views.model,  # the epochs are judged by one view
                self.prepared.task,
                _training_rows(self.prepared, train_rows),
                self.prepared.rows(valid_rows) if len(valid_rows) else None,
                config=config,
                callbacks=self.callbacks if saved is None else (*self.callbacks, saved),
                should_stop=self.should_stop,
                resume=None if saved is None else saved.latest(warn=self.warn),
            )
        self.done += 1
        if result.ended in INTERRUPTED:
            if saved is not None and result.snapshot is not None:
                saved.write(result.snapshot)
            raise Interrupted("interrupted; a checkpoint was written")
        if views is None:
            return result
        return dataclasses.replace(result, model=Augmented(result.model, kind=views.kind))

    def _share(self) -> float | None:
        """Return this training's part of the seconds that are left."""
        limit = self.prepared.config.time_limit
        if limit is None:
            return None
        left = limit - (time.perf_counter() - self.began)
        return max(0.1, left * self.share_of_training() / (self.prepared.trainings - self.done))

    def share_of_training(self) -> float:
        """Return training's part of the time: afterwards every view of the rows that judge is looked at.

        A look at a row takes a third of what a step with it takes.
        """
        prepared = self.prepared
        views = len(TEST_TIME_AUGMENTATIONS[prepared.config.test_time_augmentation or "none"])
        looks = (len(prepared.split.valid) + self.judged) * views
        steps = 3 * max(1, prepared.config.epochs) * len(prepared.split.train)
        return steps / max(1, steps + looks)


def _training_rows(prepared: Prepared, which: np.ndarray) -> dict[str, Any]:
    """Return training rows with class weights, all weights scaled to mean one."""
    rows, config = prepared.rows(which), prepared.config
    if config.class_weight == "balanced" and config.task in ("binary", "multiclass"):
        factors = class_weights(rows["y"], prepared.target_encoder.classes, rows["weight"])
        rows["weight"] = rows["weight"] * factors.astype(np.float32)
    rows["weight"] = rows["weight"] / max(float(rows["weight"].mean()), 1e-12)
    return rows


def _evaluated(
    prepared: Prepared,
    results: list[TrainResult],
    test_table: AbstractTable | None,
    trials: list[dict[str, Any]],
) -> Fitted:
    """Put the network together; each row is validated by the one network that never saw it."""
    network = _network(prepared, results, trials)
    valid = test = None
    if prepared.is_repeated and len(prepared.valid_rows):
        valid_table = prepared.table.take(prepared.valid_rows)
        valid = _part(network, "valid", network.outputs(valid_table), valid_table)
    elif len(prepared.valid_rows):
        answers = [
            predict_batches(prepared.task, result.model, prepared.encoder.transform(prepared.table, rows))
            for result, (_, rows) in zip(results, prepared.folds, strict=True)
        ]
        decoded = network.in_target_unit(np.concatenate(answers))
        valid = _part(network, "valid", decoded, prepared.table.take(prepared.valid_rows))
    if test_table is None and len(prepared.split.test):
        test_table = prepared.table.take(prepared.split.test)
    if test_table is not None:
        test = _part(network, "test", network.outputs(test_table), test_table)
    return Fitted(network, prepared, results[0], valid, test)


def _part(
    network: Network, name: str, decoded: np.ndarray, table: AbstractTable
) -> tuple[np.ndarray, np.ndarray]:
    targets, weights = network.truth(table)
    network.info[name] = network.metrics(decoded, targets, weights)
    return decoded, targets


def _network(prepared: Prepared, results: list[TrainResult], trials: list[dict[str, Any]]) -> Network:
    split, result = prepared.split, results[0]
    info = {
        "device": runtime.describe_device(),
        "model_reason": prepared.choice.reason,
        "seed": prepared.config.seed,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": sum(r.steps for r in results),
        "skipped_steps": sum(r.skipped for r in results),
        "ended": result.ended,
        "folds": [{"epochs": r.epochs, "best_epoch": r.best_epoch, "ended": r.ended} for r in results],
        "trials": trials if len(trials) > 1 else [],
        "rows": {"train": len(split.train), "valid": len(split.valid), "test": len(split.test)},
        "source": prepared.table.source,
        "versions": runtime.versions(),
        "valid": None,
        "test": None,
    }
    return Network(
        model=result.model if len(results) == 1 else Ensemble([r.model for r in results]),
        model_name=prepared.config.model,
        options=prepared.options,
        task=prepared.task,
        schema=prepared.schema,
        encoder=prepared.encoder,
        target_encoder=prepared.target_encoder,
        config=prepared.config.to_json(),
        info=info,
        history=_timeless(result.history),
    )


def _timeless(history: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Return a history without seconds, so that equal runs leave equal files."""
    return {name: values for name, values in history.items() if name != "seconds"}
