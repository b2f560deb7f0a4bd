"""From data to a trained network: read, audit, encode, choose, train."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import random, runtime
from lamina.core.errors import ConfigError, DataError, Interrupted, suggest
from lamina.core.module import Module
from lamina.data.audit import Audit, audit
from lamina.data.encoders import TableEncoder, TargetEncoder
from lamina.data.schema import Schema
from lamina.data.folds import fold_rows
from lamina.data.split import Split, split_rows, split_words
from lamina.data.table import AbstractTable

from lamina.network.artefact import build_model
from lamina.network.choose import Choice, choose, preset_keys
from lamina.network.config import FitConfig, fit_config
from lamina.network.network import Network, predict_batches
from lamina.nn.ensemble import Ensemble
from lamina.tasks import AbstractTask, BinaryTask, MulticlassTask, MultilabelTask, QuantileTask, RegressionTask
from lamina.train.callbacks import Callback
from lamina.train.checkpoint import Checkpoints
from lamina.train.loop import INTERRUPTED, TrainResult, default_batch_size, train

_MODEL_KEYS = ("size", "members", "depth", "dropout", "activation", "embedding", "embedding_width")


@dataclass(frozen=True)
class Prepared:
    """Everything that is decided before the first step.

    Args:
        table: the data.
        target: columns to be predicted.
        audit: what was found.
        schema: columns and their part.
        split: which rows train, validate, test.
        encoder: rows → arrays.
        target_encoder: targets → arrays.
        task: losses and metrics.
        choice: model and why.
        config: every key, resolved.
        options: what the architecture is built with.
        models: the untrained models, one a fold.
        folds: rows that train and rows that validate, one pair a model.
    """

    table: AbstractTable
    audit: Audit
    schema: Schema
    split: Split
    encoder: TableEncoder
    target_encoder: TargetEncoder
    task: AbstractTask
    choice: Choice
    config: FitConfig
    options: dict[str, Any]
    models: tuple[Module, ...]
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]

    @property
    def learning_rows(self) -> np.ndarray:
        """Rows from which anything was learned, validation included."""
        return np.sort(np.concatenate([self.split.train, self.split.valid]))

    def rows(self, which: np.ndarray) -> dict[str, Any]:
        """Return encoded inputs, targets and weights of some rows."""
        weight = np.ones(len(which), np.float32)
        if self.schema.weight:
            weight = self.table.column(self.schema.weight).numbers()[which].astype(np.float32)
        targets = self.target_encoder.transform(self.table, which)
        return {"x": self.encoder.transform(self.table, which), "y": targets, "weight": weight}


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


def prepare(
    table: AbstractTable,
    *,
    target: str | Sequence[str],
    keys: Mapping[str, Any],
    model: Module | None = None,
    test_table: AbstractTable | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Prepared:
    """Audit and encode the data, choose the model and resolve every key.

    Args:
        table: the data.
        target: column or columns to be predicted.
        keys: keys of `FitConfig`, as values or texts.
        model: a model of your own, or None.
        test_table: test data of their own, for the audit.
        warn: is told each warning of the audit.

    Raises:
        DataError: the data cannot be learned from.
        ConfigError: a key is unknown, out of range, or means nothing to the model.
    """
    given = fit_config(keys)
    task = None if given.task == "classification" else given.task
    found = audit(
        table,
        target=target,
        task=task,
        **{name: getattr(given, name) for name in ("weight", "group", "time", "split", "keep", "drop")},
        seed=given.seed,
        valid=given.valid,
        test=given.test,
        test_table=test_table,
    )
    found.raise_errors()
    for finding in found.warnings:
        warn(str(finding).removeprefix("warning: "))
    schema = found.schema
    if schema is None:
        raise DataError("the audit found nothing to learn", where=table.source)
    if given.task == "classification" and schema.task == "regression":
        schema = dataclasses.replace(schema, task="multiclass")
    split = split_rows(table, schema, seed=given.seed, valid=given.valid, test=given.test)
    rows = len(split.train)
    name = "auto" if model is not None else given.model
    preset = preset_keys(given.preset, rows=rows)
    folds = _folds(table, schema, split, given, preset if model is None else {})
    learned = split.train if len(folds) == 1 else np.sort(np.concatenate([split.train, split.valid]))
    encoder = TableEncoder().fit(table, schema, rows=learned, numeric=given.numeric)
    target_encoder = TargetEncoder().fit(table, schema, learned)
    choice = choose(name, given.preset, task=schema.task, inputs=encoder.inputs, rows=rows)
    config = _resolved(given, keys, choice, schema, rows=rows, folds=len(folds), valid=len(split.valid))
    if model is not None:
        config = dataclasses.replace(config, model=type(model).__name__)
    task = make_task(schema, target_encoder, config)
    options = {} if model is not None else _model_options(choice, config)
    resolved = {name: value for name, value in options.items() if name in _MODEL_KEYS}
    config = dataclasses.replace(config, **resolved, loss=config.loss or getattr(task, "loss", None))
    models = (model,) if model is not None else _models(choice, encoder, task, options, config)
    return Prepared(
        table, found, schema, split, encoder, target_encoder, task, choice, config, options, models, folds
    )


def _folds(
    table: AbstractTable, schema: Schema, split: Split, given: FitConfig, preset: Mapping[str, Any]
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return the folds asked for; a plain split where the data say which rows validate."""
    folds = given.folds or preset.get("folds", 1)
    fixed = schema.time is not None or not len(split.valid)
    if schema.split is not None and given.folds is None:
        fixed = fixed or "valid" in split_words(table, schema.split)
    if folds == 1 or fixed:
        return ((split.train, split.valid),)
    rows = np.sort(np.concatenate([split.train, split.valid]))
    return tuple(fold_rows(table, schema, rows, folds=min(folds, len(rows)), seed=given.seed))


def _models(
    choice: Choice, encoder: TableEncoder, task: AbstractTask, options: dict[str, Any], config: FitConfig
) -> tuple[Module, ...]:
    single = {name: value for name, value in options.items() if name != "folds"}
    keys = random.split(random.fold_in(random.make_key(config.seed), 1), config.folds or 1)
    return tuple(build_model(choice.spec.name, encoder.inputs, task.outputs, single, key) for key in keys)


def _resolved(
    given: FitConfig,
    keys: Mapping[str, Any],
    choice: Choice,
    schema: Schema,
    *,
    rows: int,
    folds: int,
    valid: int,
) -> FitConfig:
    """Return the config with everything filled in that the user left open."""
    chosen = {name: value for name, value in choice.keys.items() if name not in keys}
    config = dataclasses.replace(given, **chosen)
    return dataclasses.replace(
        config,
        task=schema.task,
        split=schema.split,
        model=choice.spec.name,
        folds=folds,
        batch_size=config.batch_size or default_batch_size(rows),
        lr=config.lr or 1e-3,
        weight_decay=3e-4 if config.weight_decay is None else config.weight_decay,
        early_stopping=config.early_stopping and valid > 0,
    )


def make_task(schema: Schema, target_encoder: TargetEncoder, config: FitConfig) -> AbstractTask:
    """Return the task of a schema with the loss that the config asks for.

    Raises:
        ConfigError: the loss does not belong to the task.
    """
    loss = {} if config.loss is None else {"loss": config.loss}
    if schema.task == "binary":
        return BinaryTask(smoothing=config.label_smoothing, **loss)
    if schema.task == "multiclass":
        return MulticlassTask(target_encoder.classes, smoothing=config.label_smoothing, **loss)
    if schema.task == "multilabel":
        return MultilabelTask(len(schema.targets), smoothing=config.label_smoothing)
    if config.quantiles or config.loss == "quantile":
        return QuantileTask(len(schema.targets), tuple(sorted(config.quantiles or (0.05, 0.5, 0.95))))
    return RegressionTask(len(schema.targets), **loss)


def _model_options(choice: Choice, config: FitConfig) -> dict[str, Any]:
    """Return the options the architecture is built with; one it does not know is an error."""
    known = {"size": choice.spec.size, "members": None, **choice.spec.options}
    # defaults are written out, so that a saved network does not depend on those of a later version
    options = {name: value for name, value in known.items() if value is not None}
    options |= {name: value for name, value in choice.options.items() if name in known}
    for name in _MODEL_KEYS:
        value = getattr(config, name)
        if value is None:
            continue
        if name not in known:
            raise ConfigError(
                f"model '{choice.spec.name}' has no key '{name}'{suggest(name, known)}",
                expected="one of " + ", ".join(known),
            )
        options[name] = value
    return options | ({"folds": config.folds} if (config.folds or 1) > 1 else {})


def class_weights(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return one weight a row that gives every class the same total: n / (classes · n_class).

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2).round(2).tolist()
        [0.67, 0.67, 0.67, 2.0]
    """
    counts = np.maximum(np.bincount(targets, minlength=classes), 1)
    return (len(targets) / (classes * counts))[targets].astype(np.float32)


def run(
    prepared: Prepared,
    *,
    callbacks: Sequence[Callback] = (),
    should_stop: Callable[[], str | None] = lambda: None,
    test_table: AbstractTable | None = None,
    began: float | None = None,
    checkpoints: Callable[[int], Checkpoints] | None = None,
    reserve: float = 0.0,
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
    """
    began = time.perf_counter() if began is None else began
    results, answers = [], []
    for index, (model, (train_rows, valid_rows)) in enumerate(
        zip(prepared.models, prepared.folds, strict=True)
    ):
        share = _time_left(prepared.config, began - reserve, networks_left=len(prepared.models) - index)
        config = dataclasses.replace(
            prepared.config.train_config(), seed=prepared.config.seed + index, time_limit=share
        )
        valid = prepared.rows(valid_rows) if len(valid_rows) else None
        saved = None if checkpoints is None else checkpoints(index)
        result = train(
            model,
            prepared.task,
            _training_rows(prepared, train_rows),
            valid,
            config=config,
            callbacks=callbacks if saved is None else (*callbacks, saved),
            should_stop=should_stop,
            resume=None if saved is None else saved.latest(),
        )
        results.append(result)
        if result.ended in INTERRUPTED:
            if saved is not None and result.snapshot is not None:
                saved.write(result.snapshot)
            raise Interrupted("interrupted; a checkpoint was written")
        if valid is not None:
            answers.append(predict_batches(prepared.task, result.model, valid["x"]))
    return _evaluated(prepared, results, answers, test_table)


def _time_left(config: FitConfig, began: float, *, networks_left: int) -> float | None:
    if config.time_limit is None:
        return None
    return max(0.1, (config.time_limit - (time.perf_counter() - began)) / networks_left)


def _training_rows(prepared: Prepared, which: np.ndarray) -> dict[str, Any]:
    """Return training rows with class weights, all weights scaled to mean one."""
    rows, config = prepared.rows(which), prepared.config
    if config.class_weight == "balanced" and config.task in ("binary", "multiclass"):
        rows["weight"] = rows["weight"] * class_weights(rows["y"], prepared.target_encoder.classes)
    rows["weight"] = rows["weight"] / max(float(rows["weight"].mean()), 1e-12)
    return rows


def _evaluated(
    prepared: Prepared,
    results: list[TrainResult],
    answers: list[np.ndarray],
    test_table: AbstractTable | None,
) -> Fitted:
    """Put the network together; each row is validated by the one network that never saw it."""
    network = _network(prepared, results)
    valid = test = None
    if answers:
        rows = np.concatenate([valid_rows for _, valid_rows in prepared.folds])
        decoded = network.in_target_unit(np.concatenate(answers))
        valid = _part(network, "valid", decoded, prepared.table.take(rows))
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


def _network(prepared: Prepared, results: list[TrainResult]) -> Network:
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
        history=result.history,
    )


