"""The keys of a run, by their owners, and how they are resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lamina.core.errors import ConfigError
from lamina.core.keys import POSITIVE, NoKeys, Owner, claim, flat, key, make_keys, one_of
from lamina.data.readers.registry import reader_owners, reading_keys
from lamina.data.split import SplitKeys
from lamina.modalities import MODALITIES
from lamina.models import MODELS
from lamina.tasks import TASKS
from lamina.tasks.base import AbstractTask, RoleKeys
from lamina.tasks.registry import task_named
from lamina.train.config import TrainConfig

K = TypeVar("K")
Keys = Mapping[str, Any]  # flat, as values or texts
MIXED = "mixed"  # the kind of inputs that several blocks are, one of `ModelSpec.kinds`
PRESETS = ("fast", "balanced", "best")
AUTO = "auto"
MODEL_OPTIONS = "the model"
MODEL = "model="  # begins the name of an architecture as an owner


@dataclass(frozen=True)
class RunKeys:
    """The keys of a run that belong to no part of it."""

    task: str | None = key(None, "what is learned; guessed from the target")
    model: str = key(AUTO, "architecture by name; auto chooses and says why")
    preset: str = key("balanced", "how much time quality may cost", **one_of(*PRESETS))
    members: int | None = key(None, "networks in the ensemble", **POSITIVE)
    folds: int | None = key(
        None,
        "networks trained and averaged: on as many cross-validation folds, or on the split the data name",
        **POSITIVE,
    )
    checkpoint_every: str | int | None = key(
        None, "checkpoints of a run folder: a number of epochs, or seconds as 60s", is_duration=True
    )


@dataclass(frozen=True)
class Config:
    """Every key of a run, by owner.

    Args:
        run: of the run itself.
        roles: which columns play which role.
        split: shares of the rows.
        training: of the training engine.
        task: of the task.
        modalities: name → keys of each modality that is present.
        model: options of the architecture by name, the size dial among them; empty for a model of one's own.
        reading: keys by which the reader of the file was told how to read it; those that were given.
    """

    run: RunKeys
    roles: RoleKeys
    split: SplitKeys
    training: TrainConfig
    task: Any = NoKeys()  # noqa: RUF009
    modalities: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    reading: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the claimed keys as one flat dict, tuples as lists."""
        own = flat(self.run, self.roles, self.split, self.training, self.task, *self.modalities.values())
        return own | dict(self.model) | dict(self.reading)


ALWAYS = (
    Owner("the run", RunKeys),
    Owner("roles", RoleKeys),
    Owner("the split", SplitKeys),
    Owner("training", TrainConfig),
)


def always_present(keys: Mapping[str, Any]) -> Config:
    """Return the config of the owners that every run has; the other keys wait for theirs.

    Keys of readers are taken too: who reads the data has refused those that are not its own.

    Args:
        keys: flat keys, values or texts.

    Raises:
        ConfigError: a value is out of range, or a name is unknown.
    """
    reading, waiting = reading_keys(keys), waiting_for_owners(keys)
    claim(reader_owners(), reading)  # a value out of range is refused here
    given = {name: value for name, value in keys.items() if name not in {*reading, *waiting}}
    run, roles, split, training = claim(ALWAYS, given)
    if run.model != AUTO:
        MODELS[run.model]  # an unknown name is refused here
    if run.task is not None:
        TASKS[run.task]
    return Config(run, roles, split, training, reading=reading)


def check_keys(keys: Mapping[str, Any]) -> None:
    """Refuse keys that no owner knows, and values that their owner refuses, before any data are read.

    Args:
        keys: flat keys, values or texts.

    Raises:
        ConfigError: naming the key.
    """
    model, waiting = always_present(keys).run.model, waiting_for_owners(keys)
    for name, value in waiting.items():
        own = [owner for owner in data_owners() if name in owner.names]
        own = own or [owner for owner in possible_models(model) if name in owner.names]
        if not own:
            absent = optional_owners(takes="" if model == AUTO else MODELS[model].kinds[0])
            claim(ALWAYS, {name: value}, absent=absent, run=f"this run's model is {model}")
        _check_value(own, name, value)


def waiting_for_owners(keys: Mapping[str, Any], owners: Sequence[Owner] = ()) -> dict[str, Any]:
    """Return the keys that neither the owners of every run, nor readers, nor the given ones claim.

    Args:
        keys: flat keys, values or texts.
        owners: further owners who take part.
    """
    owned = {name for owner in (*ALWAYS, *owners) for name in owner.names} | {*reading_keys(keys)}
    return {name: value for name, value in keys.items() if name not in owned}


def _check_value(owners: list[Owner], name: str, value: Any) -> None:
    """Refuse a value that none of its possible owners takes."""
    refused: ConfigError | None = None
    for owner in owners:
        try:
            make_keys(owner.keys, {name: value})
            return
        except ConfigError as error:
            refused = refused or error
    if refused is not None:
        raise refused


def optional_owners(model: str = AUTO, *, takes: str = "") -> Iterator[Owner]:
    """Yield those who own keys in some runs only: tasks, modalities, readers, then models, imported for it.

    Args:
        model: the model that was asked for, or ``auto``: any.
        takes: kind of inputs, one of `ModelSpec.kinds`; models that take it come first, for a refusal names
            the first owner.
    """
    yield from data_owners()
    names = MODELS if model == AUTO else [model]
    for name in sorted(names, key=lambda other: takes not in MODELS[other].kinds):
        yield model_owner(name, takes=takes)


def possible_models(name: str) -> list[Owner]:
    """Return the architecture that was asked for; all where it is still to be chosen, or made of others.

    Args:
        name: in the registry, or ``auto``.
    """
    names = MODELS if name == AUTO or MIXED in MODELS[name].kinds else [name]
    return [model_owner(other) for other in names]


def data_owners() -> Iterator[Owner]:
    """Yield tasks, modalities and readers, who own keys in runs on their data only."""
    for name in TASKS:
        if isinstance(TASKS[name], AbstractTask):
            yield task_owner(task_named(name))
    for name in MODALITIES:
        yield modality_owner(name)
    yield from reader_owners()


def task_owner(task: AbstractTask) -> Owner:
    """Return a task as an owner of keys."""
    return Owner(f"task={task.name}", task.keys, f"add task={task.name}")


def modality_owner(name: str) -> Owner:
    """Return a modality as an owner of keys."""
    return Owner(f"{name} inputs", MODALITIES[name].keys)


def modality_keys(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of modalities among flat keys, before it is known which of these take part.

    Args:
        keys: flat keys, values or texts.

    Raises:
        ConfigError: a value is out of range.
    """
    given = {
        name: {own: keys[own] for own in modality_owner(name).names if own in keys} for name in MODALITIES
    }
    return {name: make_keys(MODALITIES[name].keys, own) for name, own in given.items() if own}


def model_owner(name: str, *, takes: str = "") -> Owner:
    """Return an architecture as an owner of keys.

    Args:
        name: in the registry.
        takes: kind of inputs; an architecture that does not take it is not proposed. Any without.
    """
    suits = not takes or takes in MODELS[name].kinds
    return Owner(f"{MODEL}{name}", MODELS[name].keys, f"choose model={name}" if suits else "")


def filled(own: K, chosen: Mapping[str, Any], given: Mapping[str, Any]) -> K:
    """Return keys with what was chosen for those that nobody gave.

    Args:
        own: keys of one owner.
        chosen: flat keys; those of others are left alone.
        given: flat keys that a person gave.
    """
    names = {field.name for field in dataclasses.fields(own)}  # type: ignore[arg-type]
    open_keys = {name: value for name, value in chosen.items() if name in names and name not in given}
    return dataclasses.replace(own, **open_keys)  # type: ignore[type-var]


def meanings(config: Mapping[str, Any]) -> dict[str, str]:
    """Return what each key of a run means.

    Args:
        config: flat keys of the run, resolved.
    """
    found: dict[str, str] = {}
    for owner in _likely_owners(config):
        if found.keys() >= config.keys():
            break  # the others need not be imported
        found |= {field.name: field.metadata["meaning"] for field in dataclasses.fields(owner.keys)}
    return {name: found.get(name, "") for name in config}


def _likely_owners(config: Mapping[str, Any]) -> Iterator[Owner]:
    """Yield those who take part in a run, then all others."""
    yield from ALWAYS
    if config.get("model") in MODELS:
        yield model_owner(str(config["model"]))
    if config.get("task") in TASKS:
        yield task_owner(task_named(str(config["task"])))
    yield from map(modality_owner, MODALITIES)
    yield from data_owners()


@dataclass(frozen=True)
class Declared:
    """A key as it is declared, for a list of all keys.

    Args:
        field: name, type, default, meaning and range.
        owners: who declares it alike.
    """

    field: dataclasses.Field[Any]
    owners: tuple[str, ...]


def declared_keys() -> dict[str, list[Declared]]:
    """Return every key by its owners; options of models together, each with the models that have it."""
    shared: dict[type, list[str]] = {}
    options: dict[str, list[tuple[dataclasses.Field[Any], str]]] = {}
    for owner in (*ALWAYS, *optional_owners()):
        if not owner.name.startswith(MODEL):
            shared.setdefault(owner.keys, []).append(owner.name)
            continue
        for field in dataclasses.fields(owner.keys):
            options.setdefault(field.name, []).append((field, owner.name.removeprefix(MODEL)))
    found = {
        ", ".join(names): [Declared(field, tuple(names)) for field in dataclasses.fields(keys)]
        for keys, names in shared.items()
    }
    found[MODEL_OPTIONS] = [
        Declared(declared[0][0], tuple(name for _, name in declared)) for declared in options.values()
    ]
    return {owner: keys for owner, keys in found.items() if keys}
