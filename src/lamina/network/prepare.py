"""Before the first step: audit, encode, choose the model, resolve every key."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import random, runtime
from lamina.core.errors import ConfigError, DataError, ShapeError, suggest
from lamina.core.module import Module
from lamina.core.wording import counted
from lamina.data.audit import Audit, audit
from lamina.data.encoders import Encoder, ImageEncoder, TargetEncoder, fitted, has_images
from lamina.data.folds import fold_rows
from lamina.data.schema import Schema
from lamina.data.split import Split, split_rows, split_words
from lamina.data.table import AbstractTable
from lamina.models import MODELS
from lamina.network import images
from lamina.network.artifact import build_model
from lamina.network.choose import Choice, choose, preset_keys, variants
from lamina.network.config import FitConfig, fit_config
from lamina.objectives import (
    AbstractObjective,
    BinaryObjective,
    MulticlassObjective,
    MultilabelObjective,
    QuantileObjective,
    RegressionObjective,
)
from lamina.train.augment import Augmentation
from lamina.train.plan import default_batch_size

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
        variants: options to try on the first fold; the best serves the others.
    """

    table: AbstractTable
    audit: Audit
    schema: Schema
    split: Split
    encoder: Encoder
    target_encoder: TargetEncoder
    task: AbstractObjective
    choice: Choice
    config: FitConfig
    options: dict[str, Any]
    models: tuple[Module, ...]
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]
    variants: tuple[dict[str, Any], ...] = ({},)

    @property
    def trainings(self) -> int:
        """How many times a network is trained: every variant once, then the other folds."""
        return len(self.folds) + len(self.variants) - 1

    def model(self, fold: int, variant: Mapping[str, Any]) -> Module:
        """Return the untrained model of a fold with the options of a variant."""
        if not variant:
            return self.models[fold]
        options = {**self.options, **variant}
        return _models(self.choice, self.encoder, self.task, options, self.config)[fold]

    def with_options(self, variant: Mapping[str, Any]) -> Prepared:
        """Return the same with the options of a variant written into options and config."""
        config = dataclasses.replace(self.config, **variant)
        return dataclasses.replace(self, options={**self.options, **variant}, config=config)

    @property
    def is_repeated(self) -> bool:
        """Whether every network has the same validation rows, so that none of them learned from these."""
        return _is_repeated(self.folds)

    @property
    def valid_rows(self) -> np.ndarray:
        """The validation rows, fold after fold."""
        if self.is_repeated:
            return self.folds[0][1]
        return np.concatenate([rows for _, rows in self.folds])

    @property
    def learning_rows(self) -> np.ndarray:
        """Rows from which anything was learned, validation included."""
        return _learning_rows(self.split)

    def rows(self, which: np.ndarray) -> dict[str, Any]:
        """Return encoded inputs, targets and weights of some rows."""
        weight = np.ones(len(which), np.float32)
        if self.schema.weight:
            weight = self.table.scalar(self.schema.weight).numbers()[which].astype(np.float32)
        targets = self.target_encoder.transform(self.table, which)
        return {"x": self.encoder.transform(self.table, which), "y": targets, "weight": weight}


Folds = Sequence[tuple[np.ndarray, np.ndarray]]


def _is_repeated(folds: Folds) -> bool:
    return all(valid is folds[0][1] for _, valid in folds)


def _learning_rows(split: Split) -> np.ndarray:
    return np.sort(np.concatenate([split.train, split.valid]))


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

    Returns:
        Everything `run` needs.

    Raises:
        DataError: the data cannot be learned from.
        ConfigError: a key is unknown, out of range, or means nothing to the model.
        ShapeError: a model of your own gives more or fewer numbers than the task takes.
    """
    given = fit_config(keys)
    found, schema = _audited(table, target, given, test_table)
    for finding in found.warnings:
        warn(str(finding).removeprefix("warning: "))
    split = split_rows(table, schema, seed=given.seed, valid=given.valid, test=given.test)
    rows = len(split.train)
    name = "auto" if model is not None else given.model
    preset = {} if has_images(schema) else preset_keys(given.preset, task=schema.task, rows=rows)
    folds = _folds(table, schema, split, given, preset if model is None else {})
    learned = split.train if _is_repeated(folds) else _learning_rows(split)
    encoder = fitted(table, schema, rows=learned, numeric=_scale(given, keys), image_size=given.image_size)
    target_encoder = TargetEncoder().fit(table, schema, learned)
    choice = choose(
        name,
        given.preset,
        task=schema.task,
        inputs=encoder.inputs,
        rows=rows,
        seconds=None if given.time_limit is None else given.time_limit / len(folds),
    )
    if model is not None and preset:  # the preset's keys, not those of the architecture that auto would take
        choice = dataclasses.replace(choice, keys=preset)
    given = _with_changes(given, keys, table, schema, encoder, learned)
    config = _resolved(given, keys, choice, schema, rows=rows, folds=len(folds), valid=len(split.valid))
    if model is not None:
        config = dataclasses.replace(config, model=type(model).__name__)
    task = make_task(schema, target_encoder, config)
    check_monitor(config.monitor, task)
    if model is not None:
        check_outputs(model, task, encoder.transform(table, split.train[:2]))
    options = {} if model is not None else _model_options(choice, config)
    resolved = {name: value for name, value in options.items() if name in _MODEL_KEYS}
    config = dataclasses.replace(config, **resolved, loss=config.loss or getattr(task, "loss", None))
    models = (model,) if model is not None else _models(choice, encoder, task, options, config)
    tried = ({},) if model is not None or not len(folds[0][1]) else _variants(choice, config, keys)
    return Prepared(
        table, found, schema, split, encoder, target_encoder, task, choice, config, options, models, folds,
        tried,
    )  # fmt: skip


def _audited(
    table: AbstractTable, target: str | Sequence[str], given: FitConfig, test_table: AbstractTable | None
) -> tuple[Audit, Schema]:
    """Return what the audit found, and the schema with the task that was asked for.

    Raises:
        DataError: the data cannot be learned from.
    """
    found = audit(
        table,
        target=target,
        task=None if given.task == "classification" else given.task,
        **{name: getattr(given, name) for name in ("weight", "group", "time", "split", "keep", "drop")},
        seed=given.seed,
        valid=given.valid,
        test=given.test,
        test_table=test_table,
        image_size=given.image_size,
    )
    found.raise_errors()
    schema = found.schema
    if schema is None:
        raise DataError("the audit found nothing to learn", where=table.source)
    if given.task == "classification" and schema.task == "regression":
        schema = dataclasses.replace(schema, task="multiclass")
    return found, schema


def _variants(choice: Choice, config: FitConfig, keys: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the options to try on the first fold, those left out that the user gave."""
    known = variants(choice.spec.name, config.preset, task=str(config.task))
    tried = tuple({key: value for key, value in variant.items() if key not in keys} for variant in known)
    return tried if any(tried) else ({},)


def _with_changes(
    given: FitConfig,
    keys: Mapping[str, Any],
    table: AbstractTable,
    schema: Schema,
    encoder: Encoder,
    rows: np.ndarray,
) -> FitConfig:
    """Return the config with augmentation and views, which only images have.

    Raises:
        ConfigError: they were asked for, and there are no images.
    """
    if not isinstance(encoder, ImageEncoder):
        for name in ("augment", "test_time_augmentation", "image_size"):
            if getattr(given, name):
                raise ConfigError(f"'{name}' is for images", received="a table", fix=f"leave {name}= out")
        return given
    augment = given.augment if "augment" in keys else images.augment_for(table, schema, encoder, rows)
    Augmentation.of(augment)  # an unknown name is refused before anything is trained
    return dataclasses.replace(
        given,
        augment=augment,
        test_time_augmentation=given.test_time_augmentation or images.test_time_for(augment),
    )


def _scale(given: FitConfig, keys: Mapping[str, Any]) -> str:
    """Return how numbers are scaled: as asked, else as the named model wants it."""
    wanted = MODELS[given.model].defaults if given.model in MODELS else {}
    return given.numeric if "numeric" in keys else str(wanted.get("numeric", given.numeric))


def _folds(
    table: AbstractTable, schema: Schema, split: Split, given: FitConfig, preset: Mapping[str, Any]
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return the folds asked for; the one split as often where the data say which rows validate."""
    folds = given.folds or preset.get("folds", 1)
    fixed = schema.time is not None or not len(split.valid)
    if schema.split is not None and given.folds is None:
        fixed = fixed or "valid" in split_words(table, schema.split)
    if folds == 1 or fixed:
        return ((split.train, split.valid),) * folds
    rows = np.sort(np.concatenate([split.train, split.valid]))
    return tuple(fold_rows(table, schema, rows, folds=min(folds, len(rows)), seed=given.seed))


def _models(
    choice: Choice, encoder: Encoder, task: AbstractObjective, options: dict[str, Any], config: FitConfig
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


def make_task(schema: Schema, target_encoder: TargetEncoder, config: FitConfig) -> AbstractObjective:
    """Return the task of a schema with the loss that the config asks for.

    Raises:
        ConfigError: the loss does not belong to the task.
    """
    loss = {} if config.loss is None else {"loss": config.loss}
    if schema.task == "binary":
        return BinaryObjective(smoothing=config.label_smoothing, **loss)
    if schema.task == "multiclass":
        return MulticlassObjective(target_encoder.classes, smoothing=config.label_smoothing, **loss)
    if schema.task == "multilabel":
        return MultilabelObjective(len(schema.targets), smoothing=config.label_smoothing)
    if config.quantiles or config.loss == "quantile":
        return QuantileObjective(len(schema.targets), tuple(sorted(config.quantiles or (0.05, 0.5, 0.95))))
    return RegressionObjective(len(schema.targets), **loss)


def check_monitor(name: str, task: AbstractObjective) -> None:
    """Refuse to monitor what the task does not measure after each epoch.

    Raises:
        ConfigError: naming what it measures.
    """
    known = ("loss", "mse") if task.kind == "regression" else ("loss", "accuracy")
    if name not in known:
        raise ConfigError(
            f"monitor is out of range{suggest(name, known)}",
            expected=f"one of {', '.join(known)}",
            received=repr(name),
        )


def check_outputs(model: Module, task: AbstractObjective, rows: Any) -> None:
    """Refuse a model of one's own whose outputs are not as many as the task takes: it would train, wrongly.

    Args:
        model: the model.
        task: what it is to learn.
        rows: a few encoded rows.

    Raises:
        ShapeError: with what it gives and what the task takes.
    """
    import jax

    runtime.start()
    given = jax.eval_shape(model, dict(rows)).shape
    if len(given) > 1 and given[-1] == task.outputs:
        return
    logits = ": one logit for yes" if task.kind == "binary" else ""
    raise ShapeError(
        f"the model's outputs do not fit the task {task.kind}",
        where=type(model).__name__,
        expected=f"(rows, {task.outputs})",
        received=tuple(given),
        fix=f"let it give {counted(task.outputs, 'number')} a row{logits}",
    )


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
    options |= (
        {"test_time_augmentation": config.test_time_augmentation}
        if config.test_time_augmentation not in (None, "none")
        else {}
    )
    return options | ({"folds": config.folds} if (config.folds or 1) > 1 else {})
