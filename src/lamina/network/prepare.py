"""Before the first step: eight steps from a table and flat keys to a `Plan`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core import runtime
from lamina.core.errors import ConfigError, ShapeError, suggest
from lamina.core.keys import Owner, check_values, claim
from lamina.core.module import Module
from lamina.core.wording import counted
from lamina.data.audit import Audit
from lamina.data.folds import fold_rows
from lamina.data.split import Split, split_rows, split_words
from lamina.data.table import AbstractTable
from lamina.modalities import MODALITIES
from lamina.modalities.base import Block, Choice, Learned, Situation
from lamina.modalities.blocks import Encoders, as_learned
from lamina.models import MODELS
from lamina.network.keys import (
    ALWAYS,
    AUTO,
    Config,
    always_present,
    filled,
    modality_owner,
    model_owner,
    optional_owners,
    task_owner,
    waiting_for_owners,
)
from lamina.network.plan import Coding, Data, Plan, learning_rows, make_models
from lamina.objectives.base import AbstractObjective
from lamina.tasks.aside import leave_out
from lamina.tasks.audit import AuditKeys, Cast, Question, audit_cast, cast_roles
from lamina.train.loop.plan import default_batch_size

Keys = Mapping[str, Any]


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
    if model is not None:
        _check_own(config)
    cast, config, left = _claimed(table, target, config, keys, own=model)
    kept = leave_out(cast.claims.table, cast.schema, config.modalities)
    if kept.findings:
        cast, config, left = _claimed(kept.table, target, config, keys, own=model)
        cast = dataclasses.replace(cast, left_out=kept.findings)
    _check_ensemble(cast, config)
    found = _audited(cast, config, test_table)
    if test_table is not None:
        test_table = leave_out(as_learned(test_table, cast.schema), cast.schema, config.modalities).table
    for finding in found.warnings:
        warn(str(finding).removeprefix("warning: "))
    table, seed = cast.claims.table, config.training.seed
    split = split_rows(table, cast.schema, seed=seed, valid=config.split.valid, test=config.split.test)
    folds = _folds(table, cast, split, config, own=model)
    data = Data(table, found, cast.schema, split, folds, test_table)
    encoder, target_encoder, config = _fitted(data, cast, config)
    choice = _choice(cast, encoder, config, data, own=model, classes=len(target_encoder.labels))
    choice = dataclasses.replace(choice, variants=_variants(choice, keys, data))
    config, options = _resolved(config, choice, keys, left, data, own=model, takes=_takes(cast.blocks))
    objective = cast.task.objective(encoder.inputs, target_encoder, config.task)
    check_monitor(config.training.monitor, objective)
    coding = Coding(cast.task, encoder, target_encoder, objective, _augment(cast.blocks, config))
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
    question = Question(AuditKeys(config.run.task, config.training.seed), config.roles, config.split)
    cast = cast_roles(table, target, question)
    present = list(dict.fromkeys(block.modality.name for block in cast.blocks))
    owners = [task_owner(cast.task), *map(modality_owner, present)]
    left = waiting_for_owners(keys, owners)
    if left:
        possible = [] if own is not None else _possible_models(config.run.model)
        known = {name for owner in possible for name in owner.names}
        foreign = {name: value for name, value in left.items() if name not in known}
        absent = optional_owners(takes=_takes(cast.blocks))
        claim([*ALWAYS, *owners], foreign, absent=absent, run=_run_words(cast, config, own))
    mine = {name for owner in owners for name in owner.names}
    task, *others = claim(owners, {name: value for name, value in keys.items() if name in mine})
    named = own is None and config.run.model != AUTO
    defaults = MODELS[config.run.model].defaults if named else {}
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


def _possible_models(name: str) -> list[Owner]:
    """Return the architecture that was asked for; all, where it is still to be chosen."""
    return [model_owner(other) for other in (MODELS if name == AUTO else [name])]


def _takes(blocks: tuple[Block, ...]) -> str:
    """Return what kind of inputs a model has to take: those of the only block's modality; any without."""
    return blocks[0].modality.name if len(blocks) == 1 else ""


def _check_ensemble(cast: Cast, config: Config) -> None:
    """Refuse several networks where every position has an output: an ensemble gives one an example."""
    for name in ("folds", "members"):
        given = getattr(config.run, name)
        if cast.task.is_dense and (given or 1) > 1:
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
    folds = config.run.folds or (1 if own is not None else _preset_folds(cast.blocks, split, config))
    fixed = schema.time is not None or not len(split.valid)
    if schema.split is not None and config.run.folds is None:
        fixed = fixed or "valid" in split_words(table, schema.split)
    if folds == 1 or fixed:
        return ((split.train, split.valid),) * folds
    rows = learning_rows(split)
    return tuple(fold_rows(table, schema, rows, folds=min(folds, len(rows)), seed=config.training.seed))


def _preset_folds(blocks: tuple[Block, ...], split: Split, config: Config) -> int:
    """Return how many folds a preset trains: those of the only block's modality."""
    if len(blocks) != 1:
        return 1
    modality = blocks[0].modality
    within = len(split.train) <= modality.most_for_folds
    return modality.folds.get(config.run.preset, 1) if within else 1


def _fitted(data: Data, cast: Cast, config: Config) -> tuple[Encoders, Any, Config]:
    """Return encoders and target, fitted to the rows that are learned from, and the keys they settle."""
    rows, encoders, settled = data.learning_rows, {}, dict(config.modalities)
    for block in cast.blocks:
        keys = settled[block.modality.name]
        encoders[block.name] = block.modality.fit(data.table, block, rows, keys)
        own, dense = encoders[block.name], cast.task.is_dense
        learned = Learned(data.table, data.schema, own, rows, is_dense=dense)
        settled[block.modality.name] = block.modality.settle(keys, learned)
    encoder = Encoders(cast.blocks, encoders)
    target = cast.task.fit(Learned(data.table, data.schema, encoder, rows), config.task)
    return encoder, target, dataclasses.replace(config, modalities=settled)


def _choice(
    cast: Cast, encoder: Encoders, config: Config, data: Data, *, own: Module | None, classes: int
) -> Choice:
    """Return model, options and keys as the only block's modality chooses them.

    Raises:
        ConfigError: the model is not for such inputs.
    """
    limit = config.training.time_limit
    situation = Situation(
        inputs=encoder.inputs,
        examples=len(data.split.train),
        target_kind=data.schema.target_kind,
        classes=classes,
        preset=config.run.preset,
        seconds=None if limit is None else limit / len(data.folds),
        model=config.run.model if own is None else "",
        is_dense=cast.task.is_dense,
    )
    modality = cast.blocks[0].modality
    choice = modality.choose(situation)
    if own is not None:
        return dataclasses.replace(choice, model=type(own).__name__, variants=({},))
    spec = MODELS[choice.model]
    if type(encoder.inputs) not in spec.takes:
        known = [name for name in MODELS if type(encoder.inputs) in MODELS[name].takes]
        raise ConfigError(
            f"model '{choice.model}' is not for {modality.name}s",
            expected="one of " + ", ".join(sorted(known)),
        )
    if spec.is_dense != cast.task.is_dense:
        known = [name for name in MODELS if MODELS[name].is_dense == cast.task.is_dense]
        wanted = "one output for every position" if cast.task.is_dense else "one output an example"
        raise ConfigError(
            f"model '{choice.model}' is not for the task {cast.task.name}, which wants {wanted}",
            expected="one of " + ", ".join(sorted(known)),
        )
    return dataclasses.replace(choice, keys={**choice.keys, **spec.defaults})


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
    options = {**model, **_members(config, choice), **_wrappers(config)}
    options |= {"folds": run.folds} if (run.folds or 1) > 1 else {}
    run = dataclasses.replace(run, members=options.get("members"))
    return dataclasses.replace(config, run=run, model=model), options


def _members(config: Config, choice: Choice) -> dict[str, int]:
    """Return the number of networks in the ensemble, where there is more than one."""
    own = MODELS[choice.model].options.get("members")
    members = config.run.members or choice.options.get("members") or own
    return {} if members is None else {"members": members}


def _wrappers(config: Config) -> dict[str, Any]:
    """Return the keys of modalities that the built model takes as options, those that are off left out."""
    found = {
        key: getattr(own, key)
        for name, own in config.modalities.items()
        for key in MODALITIES[name].model_keys
    }
    return {key: value for key, value in found.items() if value not in (None, "none")}


def _augment(blocks: tuple[Block, ...], config: Config) -> Any:
    """Return the random changes of training examples; of one block's inputs so far."""
    found = [block.modality.augment(config.modalities[block.modality.name]) for block in blocks]
    return next((augment for augment in found if augment is not None), None)


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
    found = jax.eval_shape(lambda model, x: model(x), model, arrays)
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


def gather_rows(array: Any, rows: np.ndarray) -> np.ndarray:
    """Return some rows of an array, or of a stream that stands for one.

    Args:
        array: an array, or whatever has ``take(rows)``.
        rows: indices.
    """
    return array[rows] if isinstance(array, np.ndarray) else array.take(rows)
