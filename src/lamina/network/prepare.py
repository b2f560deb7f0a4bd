"""Before the first step: eight steps from a table and flat keys to a `Plan`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core import runtime
from lamina.core.errors import ConfigError, ShapeError, suggest
from lamina.core.keys import check_values, claim
from lamina.core.module import Module
from lamina.core.wanted import ONE
from lamina.core.wording import counted
from lamina.data.audit import Audit
from lamina.data.folds import fold_rows
from lamina.data.readers.registry import check_unread
from lamina.data.split import Split, split_words
from lamina.data.table import AbstractTable
from lamina.modalities.base import Choice
from lamina.modalities.blocks import as_learned
from lamina.models import MODELS
from lamina.network.choose import choose, preset_folds, takes
from lamina.network.coding import augmentation, fitted, with_settled, wrappers
from lamina.network.keys import (
    ALWAYS,
    AUTO,
    Config,
    Keys,
    always_present,
    filled,
    modality_keys,
    modality_owner,
    model_owner,
    optional_owners,
    possible_models,
    task_owner,
    waiting_for_owners,
)
from lamina.network.plan import Coding, Data, Plan, learning_rows, make_models
from lamina.objectives.base import AbstractObjective
from lamina.tasks.aside import leave_out
from lamina.tasks.audit import AuditKeys, Cast, Question, audit_cast, cast_roles, grouped, selected
from lamina.train.loop.plan import default_batch_size

IN_MEMORY = ("<frame>", "<arrays>", "<paths>")  # sources that no reader has read


def prepare(
    table: AbstractTable,
    *,
    target: str | Sequence[str],
    keys: Keys,
    model: Module | None = None,
    test_table: AbstractTable | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Plan:
    """Audit and encode the data, choose the model and resolve every key.

    Args:
        table: the data.
        target: column or columns to be predicted.
        keys: flat keys, as values or texts.
        model: a model of your own, or None.
        test_table: test data of their own, for the audit.
        warn: is told each warning of the audit.

    Returns:
        Everything `run` needs.

    Raises:
        DataError: the data cannot be learned from.
        ConfigError: a key is unknown, out of range, or belongs to nobody who takes part.
        ShapeError: a model of your own gives more or fewer numbers than the objective takes.
    """
    config = always_present(keys)
    if table.source in IN_MEMORY:
        check_unread(config.reading)
    if model is not None:
        _check_own(config)
    cast, config, left = _claimed(table, target, config, keys, own=model)
    kept = leave_out(cast.claims.table, cast.schema, config.modalities)
    if kept.findings:
        cast, config, left = _claimed(kept.table, target, config, keys, own=model)
        cast = dataclasses.replace(cast, left_out=kept.findings)
    cast = grouped(selected(cast, config.task, config.split), config.modalities)
    _check_ensemble(cast, config)
    found = _audited(cast, config, test_table)
    if test_table is not None:
        test_table = leave_out(as_learned(test_table, cast.schema), cast.schema, config.modalities).table
    for finding in found.warnings:
        warn(str(finding).removeprefix("warning: "))
    table, seed = cast.claims.table, config.training.seed
    split = cast.split(config.split, seed)
    folds = _folds(table, cast, split, config, own=model)
    data = Data(table, found, cast.schema, split, folds, test_table, cast.rule)
    encoder, target_encoder, settled = fitted(data, cast, config)
    config = with_settled(config, cast.blocks, settled)
    coded = (encoder, target_encoder)
    choice, left = choose(cast, coded, config, data, own=model, settled=settled, left=left)
    choice = dataclasses.replace(choice, variants=_variants(choice, keys, data))
    wrapped = wrappers(cast.blocks[0], settled[cast.blocks[0].name]) if len(cast.blocks) == 1 else {}
    config, options = _resolved(config, choice, keys, left, data, own=model, takes=takes(cast.blocks))
    options = {**options, **wrapped} if model is None else options
    objective = cast.task.objective(encoder.inputs, target_encoder, config.task)
    check_monitor(config.training.monitor, objective)
    coding = Coding(cast.task, encoder, target_encoder, objective, augmentation(cast.blocks, settled))
    if model is None:
        return Plan(data, coding, config, choice, options, make_models(choice.model, coding, options, config))
    check_outputs(model, coding, encoder.transform(table, split.train[:2]))
    return Plan(data, coding, config, choice, options, (model,))


def _claimed(
    table: AbstractTable, target: Any, config: Config, keys: Keys, *, own: Module | None
) -> tuple[Cast, Config, Keys]:
    """Find out who takes part, and give each the keys that it claims; return what is left for the model.

    Raises:
        DataError: a role cannot be filled.
        ConfigError: a key belongs to nobody who takes part.
    """
    asked = AuditKeys(config.run.task, config.training.seed)
    question = Question(asked, config.roles, config.split, modality_keys(keys))
    cast = cast_roles(table, target, question)
    present = list(dict.fromkeys(block.modality.name for block in (*cast.blocks, *cast.context)))
    owners = [task_owner(cast.task), *map(modality_owner, present)]
    left = waiting_for_owners(keys, owners)
    if left:
        possible = [] if own is not None else possible_models(config.run.model)
        known = {name for owner in possible for name in owner.names}
        foreign = {name: value for name, value in left.items() if name not in known}
        absent = optional_owners(takes=takes(cast.blocks))
        claim([*ALWAYS, *owners], foreign, absent=absent, run=_run_words(cast, config, own))
    mine = {name for owner in owners for name in owner.names}
    task, *others = claim(owners, {name: value for name, value in keys.items() if name in mine})
    named = own is None and config.run.model != AUTO
    defaults = MODELS[config.run.model].defaults if named else {}
    defaults = {**defaults, **cast.task.guide.reading(cast.claims, cast.schema, task)}
    modalities = {name: filled(value, defaults, keys) for name, value in zip(present, others, strict=True)}
    return cast, dataclasses.replace(config, task=task, modalities=modalities), left


def _check_own(config: Config) -> None:
    """Refuse keys that build an architecture several times, where a model of one's own is one network.

    Raises:
        ConfigError: naming the key.
    """
    for name in ("members", "folds"):
        count = getattr(config.run, name)
        if count not in (None, 1):
            raise ConfigError(
                f"{name} builds a model several times; a model of your own is built already",
                received=f"{name}={count}",
                fix=f"leave {name} out, or register the model and give its name",
            )


def _check_ensemble(cast: Cast, config: Config) -> None:
    """Refuse several networks where every position has an output: an ensemble gives one an example."""
    for name in ("folds", "members"):
        given = getattr(config.run, name)
        if cast.task.wants != ONE and (given or 1) > 1:
            message = f"the task {cast.task.name} is learned by one network"
            raise ConfigError(message, received=f"{name}={given}", fix=f"leave {name}= out")


def _run_words(cast: Cast, config: Config, own: Module | None) -> str:
    """Return what a run is, for the refusal of a key."""
    schema = cast.schema
    targets = f" (target {', '.join(repr(name) for name in schema.targets[:3])})" if schema.targets else ""
    model = "" if config.run.model == AUTO else f" by model={config.run.model}"
    return f"this run is {schema.task}{targets}{' by a model of your own' if own is not None else model}"


def _audited(cast: Cast, config: Config, test_table: AbstractTable | None) -> Audit:
    """Return what the audit found.

    Raises:
        DataError: the data cannot be learned from.
    """
    asked = AuditKeys(config.run.task, config.training.seed)
    found = audit_cast(cast, Question(asked, config.roles, config.split, config.modalities), test_table)
    found.raise_errors()
    return found


def _folds(
    table: AbstractTable, cast: Cast, split: Split, config: Config, *, own: Module | None
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Return the folds asked for; the one split as often where the data say which rows validate."""
    schema = cast.schema
    alone = own is not None or cast.task.wants != ONE
    folds = config.run.folds or (1 if alone else preset_folds(cast.blocks, split, config))
    fixed = schema.time is not None or cast.groups is not None or not len(split.valid)
    if schema.split is not None and config.run.folds is None:
        fixed = fixed or "valid" in split_words(table, schema.split)
    if folds == 1 or fixed:
        return ((split.train, split.valid),) * folds
    rows = learning_rows(split)
    return tuple(fold_rows(table, schema, rows, folds=min(folds, len(rows)), seed=config.training.seed))


def _variants(choice: Choice, keys: Keys, data: Data) -> tuple[Mapping[str, Any], ...]:
    """Return the options to try on the first fold without those that a person gave."""
    if not len(data.folds[0][1]):  # nothing would say which is better
        return ({},)
    tried = tuple({n: v for n, v in variant.items() if keys.get(n) is None} for variant in choice.variants)
    return tried if any(tried) else ({},)


def _resolved(
    config: Config, choice: Choice, keys: Keys, left: Keys, data: Data, *, own: Module | None, takes: str
) -> tuple[Config, dict[str, Any]]:
    """Return the config with everything filled in that was left open, and the options of the model.

    Raises:
        ConfigError: a key is no option of the model, or a value does not suit it.
    """
    training = filled(config.training, choice.keys, keys)
    training = dataclasses.replace(
        training,
        batch_size=training.batch_size or default_batch_size(len(data.split.train)),
        lr=training.lr or 1e-3,
        weight_decay=3e-4 if training.weight_decay is None else training.weight_decay,
        early_stopping=training.early_stopping and len(data.split.valid) > 0,
    )
    run = dataclasses.replace(config.run, task=data.schema.task, model=choice.model, folds=len(data.folds))
    roles = dataclasses.replace(config.roles, split=data.schema.split)
    task = filled(config.task, choice.keys, keys)
    check_values(task)
    config = dataclasses.replace(config, run=run, roles=roles, training=training, task=task)
    if own is not None:
        return config, {}
    words = f"this run's model is {choice.model}"
    (asked,) = claim([model_owner(choice.model)], left, absent=optional_owners(takes=takes), run=words)
    given = {name: v for name, v in dataclasses.asdict(asked).items() if name in left and v is not None}
    # Defaults are written out, so that a saved network does not depend on those of a later version.
    model = dataclasses.asdict(filled(type(asked)(**given), choice.options, given))
    model = {name: value for name, value in model.items() if value is not None}
    options = {**model, **_members(config, choice)}
    options |= {"folds": run.folds} if (run.folds or 1) > 1 else {}
    run = dataclasses.replace(run, members=options.get("members"))
    return dataclasses.replace(config, run=run, model=model), options


def _members(config: Config, choice: Choice) -> dict[str, int]:
    """Return the number of networks in the ensemble, where there is more than one."""
    own = MODELS[choice.model].options.get("members")
    members = config.run.members or choice.options.get("members") or own
    return {} if members is None else {"members": members}


def check_monitor(name: str, objective: AbstractObjective) -> None:
    """Refuse to monitor what the objective does not measure after each epoch.

    Args:
        name: of the value.
        objective: what is minimized.

    Raises:
        ConfigError: naming what it measures.
    """
    if name not in objective.monitor:
        raise ConfigError(
            f"monitor is out of range{suggest(name, objective.monitor)}",
            expected=f"one of {', '.join(objective.monitor)}",
            received=repr(name),
        )


def check_outputs(model: Module, coding: Coding, rows: Any) -> None:
    """Refuse a model of one's own whose outputs are not as many as the objective takes.

    Args:
        model: the model.
        coding: what it is to learn.
        rows: a few encoded rows.

    Raises:
        ShapeError: with what it gives and what the objective takes.
    """
    import jax

    runtime.start()
    arrays = jax.tree.map(lambda array: gather_rows(array, np.arange(len(array))), rows)
    try:
        found = jax.eval_shape(lambda model, x: model(x), model, arrays)
    except (TypeError, AttributeError, KeyError, IndexError, ValueError) as error:
        if not coding.encoder.is_mixed:
            raise
        raise _unfit_for_blocks(model, coding, arrays, error) from error
    given = found.shape if isinstance(found, jax.ShapeDtypeStruct) else type(found).__name__
    outputs = coding.objective.out_features
    if isinstance(given, tuple) and len(given) > 1 and given[-1] == outputs:
        return
    labels = coding.target.labels
    logits = f": one logit for {labels[1]!r}" if labels and outputs == 1 else ""
    raise ShapeError(
        f"the model's outputs do not fit the task {coding.task.name}",
        where=type(model).__name__,
        expected=f"(rows, {outputs})",
        received=given,
        fix=f"let it give {counted(outputs, 'number')} a row{logits}",
    )


def _unfit_for_blocks(model: Module, coding: Coding, arrays: Any, error: Exception) -> ShapeError:
    """Return the error for a model of one's own that does not take a dict of blocks."""
    shapes = {
        name: {inner: tuple(array.shape) for inner, array in block.items()}
        if isinstance(block, dict)
        else tuple(block.shape)
        for name, block in arrays.items()
    }
    first = next(iter(coding.encoder.encoders))
    said = " ".join(str(error).split())[:200]
    return ShapeError(
        f"the model cannot take several blocks of inputs ({type(error).__name__}: {said})",
        where=type(model).__name__,
        expected=f"a model of x = {shapes}",
        fix=f"take each block from the dict: x[{first!r}]",
    )


def gather_rows(array: Any, rows: np.ndarray) -> np.ndarray:
    """Return some rows of an array, or of a stream that stands for one.

    Args:
        array: an array, or whatever has ``take(rows)``.
        rows: indices.
    """
    return array[rows] if isinstance(array, np.ndarray) else array.take(rows)
