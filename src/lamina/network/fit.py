"""From a plan to a trained network: try what is open, train every fold, evaluate."""

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
from lamina.network.info import RunInfo
from lamina.network.network import Network, asked_of, predict_batches
from lamina.network.plan import Plan
from lamina.nn.augmented import TEST_TIME_AUGMENTATIONS, Augmented
from lamina.nn.ensemble import Ensemble
from lamina.tasks.examiner import Asked
from lamina.train.loop.callbacks import Callback
from lamina.train.loop.loop import INTERRUPTED
from lamina.train.loop.result import TrainResult
from lamina.train.loop.train import train
from lamina.train.safeguard.checkpoint import Checkpoints


@dataclass(frozen=True)
class Evaluated:
    """Rows that were evaluated.

    Args:
        table: the rows.
        decoded: outputs in the target's own unit.
        targets: in the form of the metrics.
        weights: one weight a row, or None.
        is_by_row: whether outputs and targets are those of the rows, one each.
    """

    table: AbstractTable
    decoded: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None
    is_by_row: bool = True


@dataclass(frozen=True)
class Fitted:
    """A trained network with what the report needs beside it.

    Args:
        network: the result.
        plan: what was decided before.
        result: what training gave back.
        evaluated: ``valid`` and ``test``, as far as there are such rows.
    """

    network: Network
    plan: Plan
    result: TrainResult
    evaluated: Mapping[str, Evaluated]

    @property
    def judged(self) -> tuple[str, Evaluated | None]:
        """The rows that judge the network: test rows if there are any, else those of validation."""
        name = "test" if "test" in self.evaluated else "valid"
        return name, self.evaluated.get(name)


def run(
    plan: Plan,
    *,
    callbacks: Sequence[Callback] = (),
    should_stop: Callable[[], str | None] = lambda: None,
    test_table: AbstractTable | None = None,
    began: float | None = None,
    checkpoints: Callable[[int], Checkpoints] | None = None,
    reserve: float = 0.0,
    warn: Callable[[str], None] = lambda text: None,
) -> Fitted:
    """Train what was planned and evaluate it.

    Args:
        plan: from `prepare`.
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
    judged = len(plan.data.split.test) if test_table is None else test_table.height
    trainings = _Trainings(plan, tuple(callbacks), should_stop, began, checkpoints, warn, judged=judged)
    tried = [trainings.train(0, variant) for variant in plan.variants]
    best = min(range(len(tried)), key=lambda index: _last_best(tried[index]))
    plan = plan.with_options(plan.variants[best])
    rest = [trainings.train(fold, plan.variants[best]) for fold in range(1, len(plan.data.folds))]
    monitor = plan.config.training.monitor
    trials = [
        {**variant, monitor: _last_best(result), "epochs": result.epochs, "chosen": index == best}
        for index, (variant, result) in enumerate(zip(plan.variants, tried, strict=True))
    ]
    return _evaluated(plan, [tried[best], *rest], test_table, trials)


def _last_best(result: TrainResult) -> float:
    return float(result.state.best_value) if result.state is not None else float("inf")


@dataclass
class _Trainings:
    """The trainings of one run, one after another, each with its share of the time left."""

    plan: Plan
    callbacks: tuple[Callback, ...]
    should_stop: Callable[[], str | None]
    began: float
    checkpoints: Callable[[int], Checkpoints] | None
    warn: Callable[[str], None]
    judged: int  # test rows
    done: int = 0

    def train(self, fold: int, variant: Mapping[str, Any]) -> TrainResult:
        """Train one fold with the options of one variant."""
        train_rows, valid_rows = self.plan.data.folds[fold]
        config = self.plan.config.training
        config = dataclasses.replace(config, seed=config.seed + fold, time_limit=self._share())
        saved = None if self.checkpoints is None else self.checkpoints(self.done)
        model = self.plan.model(fold, variant)
        augmented = model if isinstance(model, Augmented) else None
        with contextlib.nullcontext() if saved is None else saved.writer:
            result = train(
                model if augmented is None else augmented.model,  # epochs are judged by one view
                self.plan.coding.objective,
                self.plan.training_examples(train_rows).arrays,
                self.plan.validation_examples(valid_rows).arrays if len(valid_rows) else None,
                config=config,
                augment=self.plan.coding.augment,
                callbacks=self.callbacks if saved is None else (*self.callbacks, saved),
                should_stop=self.should_stop,
                resume=None if saved is None else saved.latest(warn=self.warn),
            )
        self.done += 1
        if result.ended in INTERRUPTED:
            if saved is not None and result.snapshot is not None:
                saved.write(result.snapshot)
            raise Interrupted("interrupted; a checkpoint was written")
        if augmented is None:
            return result
        return dataclasses.replace(result, model=Augmented(result.model, kind=augmented.kind))

    def _share(self) -> float | None:
        """Return this training's share of the seconds that are left."""
        limit = self.plan.config.training.time_limit
        if limit is None:
            return None
        left = limit - (time.perf_counter() - self.began)
        return max(0.1, left * self.share_of_training() / (self.plan.trainings - self.done))

    def share_of_training(self) -> float:
        """Return training's share of the time: afterwards every view of the rows that judge is evaluated.

        A forward pass over a row takes a third of what a step with it takes.
        """
        plan = self.plan
        views = len(TEST_TIME_AUGMENTATIONS[str(plan.options.get("test_time_augmentation", "none"))])
        passes = (len(plan.data.split.valid) + self.judged) * views
        steps = 3 * max(1, plan.config.training.epochs) * len(plan.data.split.train)
        return steps / max(1, steps + passes)


def _evaluated(
    plan: Plan,
    results: list[TrainResult],
    test_table: AbstractTable | None,
    trials: list[dict[str, Any]],
) -> Fitted:
    """Assemble the network; each row is validated by the one network that never saw it."""
    network, data, found = _network(plan, results, trials), plan.data, {}
    if len(data.valid_rows):
        table = data.table.take(data.valid_rows)
        asked = asked_of(network, table)
        if data.is_repeated:
            outputs = predict_batches(network.objective, network.model, asked.x)
        else:
            parts = [
                predict_batches(
                    plan.coding.objective, result.model, plan.coding.encoder.transform(data.table, rows)
                )
                for result, (_, rows) in zip(results, data.folds, strict=True)
            ]
            outputs = np.concatenate(parts)
        target = network.target.calibrated(outputs)
        network = dataclasses.replace(network, target=target)
        found["valid"] = _evaluated_as(asked, table, target.in_unit(outputs))
    if test_table is None and len(data.split.test):
        test_table = data.table.take(data.split.test)
    if test_table is not None:
        test_table = network.read(test_table)
        asked = asked_of(network, test_table)
        found["test"] = _evaluated_as(asked, test_table, network.decoded(asked.x))
    return Fitted(_measured(network, found), plan, results[0], found)


def _evaluated_as(asked: Asked, table: AbstractTable, decoded: np.ndarray) -> Evaluated:
    return Evaluated(table, decoded, asked.targets, asked.weights, is_by_row=asked.is_by_row)


def _measured(network: Network, evaluated: Mapping[str, Evaluated]) -> Network:
    """Return the network with the metrics of the evaluated rows among its facts."""
    objective = network.objective
    metrics = {
        name: objective.metrics(part.decoded, part.targets, part.weights) for name, part in evaluated.items()
    }
    rows = {**network.info.rows}
    if "test" in evaluated:
        rows["test"] = evaluated["test"].table.height
    return dataclasses.replace(network, info=dataclasses.replace(network.info, rows=rows, **metrics))


def _network(plan: Plan, results: list[TrainResult], trials: list[dict[str, Any]]) -> Network:
    split, result, coding = plan.data.split, results[0], plan.coding
    info = RunInfo(
        device=runtime.describe_device(),
        model_reason=plan.choice.reason,
        seed=plan.config.training.seed,
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        steps=sum(r.steps for r in results),
        skipped_steps=sum(r.skipped for r in results),
        ended=result.ended,
        folds=tuple({"epochs": r.epochs, "best_epoch": r.best_epoch, "ended": r.ended} for r in results),
        trials=tuple(trials) if len(trials) > 1 else (),
        rows={"train": len(split.train), "valid": len(split.valid), "test": len(split.test)},
        source=plan.data.table.source,
        versions=runtime.versions(),
    )
    return Network(
        model=result.model if len(results) == 1 else Ensemble([r.model for r in results]),
        model_name=plan.config.run.model,
        options=dict(plan.options),
        task=coding.task,
        schema=plan.data.schema,
        encoder=coding.encoder,
        target=coding.target,
        objective=coding.objective,
        config=plan.config.to_json(),
        info=info,
        history=_timeless(result.history),
    )


def _timeless(history: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Return a history without seconds, so that equal runs leave equal files."""
    return {name: values for name, values in history.items() if name != "seconds"}
