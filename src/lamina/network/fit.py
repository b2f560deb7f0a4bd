"""From data to a trained network: read, audit, encode, choose, train."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import runtime
from lamina.core.errors import ConfigError, DataError, suggest
from lamina.core.module import Module
from lamina.core.random import fold_in, make_key
from lamina.data.audit import Audit, audit
from lamina.data.encoders import TableEncoder, TargetEncoder
from lamina.data.schema import Schema
from lamina.data.split import Split, split_rows
from lamina.data.table import AbstractTable

from lamina.network.artefact import build_model
from lamina.network.choose import Choice, choose
from lamina.network.config import FitConfig, fit_config
from lamina.network.network import Network
from lamina.tasks import AbstractTask, BinaryTask, MulticlassTask, MultilabelTask, QuantileTask, RegressionTask
from lamina.train.callbacks import Callback
from lamina.train.loop import TrainResult, default_batch_size, train

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
        model: the untrained model.
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
    model: Module

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
    encoder = TableEncoder().fit(table, schema, rows=split.train, numeric=given.numeric)
    target_encoder = TargetEncoder().fit(table, schema, split.train)
    return _chosen(table, found, schema, split, encoder, target_encoder, given, keys, model)


def _chosen(
    table: AbstractTable,
    found: Audit,
    schema: Schema,
    split: Split,
    encoder: TableEncoder,
    target_encoder: TargetEncoder,
    given: FitConfig,
    keys: Mapping[str, Any],
    model: Module | None,
) -> Prepared:
    name = "auto" if model is not None else given.model
    choice = choose(name, given.preset, task=schema.task, inputs=encoder.inputs, rows=len(split.train))
    chosen = {k: v for k, v in choice.keys.items() if k not in keys}
    config = dataclasses.replace(given, **chosen)
    config = dataclasses.replace(
        config,
        task=schema.task,
        split=schema.split,
        model=type(model).__name__ if model is not None else choice.spec.name,
        batch_size=config.batch_size or default_batch_size(len(split.train)),
        weight_decay=3e-4 if config.weight_decay is None else config.weight_decay,
        early_stopping=config.early_stopping and len(split.valid) > 0,
    )
    task = make_task(schema, target_encoder, config)
    options = {} if model is not None else _model_options(choice, config)
    key = fold_in(make_key(config.seed), 1)
    built = model or build_model(choice.spec.name, encoder.inputs, task.outputs, options, key)
    return Prepared(
        table, found, schema, split, encoder, target_encoder, task, choice, config, options, built
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
    known = {"size": None, "members": None, **choice.spec.options}
    options = {name: value for name, value in choice.options.items() if name in known}
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
    return options


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
) -> Fitted:
    """Train what was prepared and evaluate it.

    Args:
        prepared: from `prepare`.
        callbacks: called at the events of training.
        should_stop: asked after every chunk; a text ends the run.
        test_table: test data of their own.
        began: when the run began (``time.perf_counter``), so that reading counts in the time limit.
    """
    began = time.perf_counter() if began is None else began
    config = prepared.config
    rows = prepared.rows(prepared.split.train)
    if config.class_weight == "balanced" and config.task in ("binary", "multiclass"):
        rows["weight"] = rows["weight"] * class_weights(rows["y"], prepared.target_encoder.classes)
    rows["weight"] = rows["weight"] / max(float(rows["weight"].mean()), 1e-12)
    valid = prepared.rows(prepared.split.valid) if len(prepared.split.valid) else None
    train_config = config.train_config()
    if train_config.time_limit is not None:
        left = max(0.1, train_config.time_limit - (time.perf_counter() - began))
        train_config = dataclasses.replace(train_config, time_limit=left)
    result = train(
        prepared.model, prepared.task, rows, valid, config=train_config, callbacks=callbacks, should_stop=should_stop
    )
    return _evaluated(prepared, result, valid, test_table)


def _evaluated(
    prepared: Prepared, result: TrainResult, valid: dict[str, Any] | None, test_table: AbstractTable | None
) -> Fitted:
    network = _network(prepared, result)
    parts: dict[str, tuple[np.ndarray, np.ndarray] | None] = {"valid": None, "test": None}
    if valid is not None:
        table = prepared.table.take(prepared.split.valid)
        parts["valid"] = _part(network, "valid", network._decoded(valid["x"]), table)
    if test_table is None and len(prepared.split.test):
        test_table = prepared.table.take(prepared.split.test)
    if test_table is not None:
        decoded = network._decoded(prepared.encoder.transform(test_table))
        parts["test"] = _part(network, "test", decoded, test_table)
    return Fitted(network, prepared, result, parts["valid"], parts["test"])


def _part(network: Network, name: str, decoded: np.ndarray, table: AbstractTable) -> tuple[np.ndarray, np.ndarray]:
    targets, weights = network.truth(table)
    network.info[name] = network.metrics(decoded, targets, weights)
    return decoded, targets


def _network(prepared: Prepared, result: TrainResult) -> Network:
    split = prepared.split
    info = {
        "device": runtime.describe_device(),
        "model_reason": prepared.choice.reason,
        "seed": prepared.config.seed,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "steps": result.steps,
        "skipped_steps": result.skipped,
        "ended": result.ended,
        "rows": {"train": len(split.train), "valid": len(split.valid), "test": len(split.test)},
        "source": prepared.table.source,
        "versions": runtime.versions(),
        "valid": None,
        "test": None,
    }
    return Network(
        model=result.model,
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


