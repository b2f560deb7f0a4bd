"""``config.json`` and ``schema.json``: their form, and the objects that they describe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from lamina.core import json_checks
from lamina.core.errors import ConfigError
from lamina.core.json_checks import items, mapping, optional, record, wrong
from lamina.core.keys import make_keys
from lamina.data.schema import TARGET_KINDS, ColumnSchema, Schema
from lamina.data.spellings import NumberForm
from lamina.modalities.blocks import Encoders, blocks_of, context_of
from lamina.modalities.registry import MODALITIES
from lamina.objectives.base import AbstractObjective
from lamina.tasks import TASKS
from lamina.tasks.base import AbstractTarget, AbstractTask


def _option(value: Any, place: str) -> None:
    """Check an option of an architecture: a value, or an object with the options of each block."""
    (mapping(mapping(json_checks.scalar)) if isinstance(value, dict) else json_checks.scalar)(value, place)


check_config = record(
    model=record(name=json_checks.text, options=mapping(_option)),
    task=record(name=json_checks.text, keys=mapping(json_checks.anything)),
    config=mapping(json_checks.anything),
    info=mapping(json_checks.anything),
    history=mapping(items(optional(json_checks.number))),
)


def _reason(value: Any, place: str) -> None:
    json_checks.texts(value, place)
    if len(value) != 2:
        raise wrong(place, "a column and why it was left out", value)


def _form(value: Any, place: str) -> None:
    json_checks.text(value, place)
    if NumberForm.parse(value) is None:
        from lamina.data.frame import is_date_format  # takes Polars, which networks without dates do without

        if not value.startswith("%") or not is_date_format(value):
            raise wrong(place, "a form of numbers or dates", value)


_COLUMN = record(**dict.fromkeys(("name", "kind", "detail", "modality"), json_checks.text))
_check_roles = record(
    inputs=items(_COLUMN),
    dropped=items(_reason),
    targets=json_checks.texts,
    task=json_checks.text,
    target_kind=json_checks.one_of(*TARGET_KINDS),
    forms=mapping(_form),
    context=items(_COLUMN),
    **dict.fromkeys(("weight", "group", "time", "split"), optional(json_checks.text)),
)


def _roles(value: Any, place: str) -> None:
    """Check the columns by their roles; forms and context are left out where no column has one."""
    _check_roles({"forms": {}, "context": [], **value} if isinstance(value, dict) else value, place)


check_schema = record(
    schema=_roles, blocks=mapping(mapping(json_checks.anything)), target=mapping(json_checks.anything)
)


def restore_task(stored: Mapping[str, Any]) -> tuple[AbstractTask, Any]:
    """Return the task and its keys in ``config.json``.

    Args:
        stored: name and keys, their form checked.

    Raises:
        ArtifactError: there is no such task, or a key is not one of its own.
    """
    name = stored["name"]
    task = TASKS[name] if name in TASKS else None
    if not isinstance(task, AbstractTask):
        tasks = [other for other in TASKS if isinstance(TASKS[other], AbstractTask)]
        raise wrong("task.name", "one of " + ", ".join(tasks), name)
    fields = {field.name: field for field in dataclasses.fields(task.keys)}
    if not set(stored["keys"]) <= set(fields):
        raise wrong("task.keys", "keys among " + ", ".join(fields), sorted(stored["keys"]))
    keys = {name: value for name, value in stored["keys"].items() if value is not None}
    for name, value in keys.items():
        try:
            make_keys(task.keys, {name: value})
            is_text = isinstance(value, str) and not str(fields[name].type).startswith("str")
        except ConfigError as error:
            raise wrong(f"task.keys.{name}", str(error.expected or error.message), value) from error
        if is_text:  # as a person would type it, which no artifact does
            raise wrong(f"task.keys.{name}", str(fields[name].type), value)
    return task, make_keys(task.keys, keys)


def restore_encoders(schema: Schema, stored: Mapping[str, Any]) -> Encoders:
    """Return the encoders in ``schema.json``, each of the columns that the schema names.

    Args:
        schema: columns and their roles.
        stored: block name → modality and encoder.

    Raises:
        ArtifactError: blocks and schema do not fit one another.
    """
    names = [column.name for column in schema.read]
    if len(set(names)) != len(names) or not schema.inputs:
        raise wrong("schema.inputs", "one or more columns of different names", names)
    _check_columns("schema.inputs", schema.inputs)
    _check_columns("schema.context", schema.context)
    blocks, context = blocks_of(schema), context_of(schema)
    every = (*blocks, *context)
    if sorted(block.name for block in every) != sorted(stored):
        raise wrong("blocks", ", ".join(block.name for block in every), sorted(stored))
    encoders = {}
    for block in every:
        own, place = stored[block.name], f"blocks.{block.name}"
        if own.get("modality") != block.modality.name:
            raise wrong(f"{place}.modality", block.modality.name, own.get("modality"))
        encoders[block.name] = block.modality.restore(own, place)
        encoded = sorted(encoders[block.name].columns)
        if encoded != sorted(column.name for column in block.columns):
            raise wrong(place, "the columns of schema.inputs", encoded)
    return Encoders(blocks, encoders, context)


def _check_columns(place: str, columns: Sequence[ColumnSchema]) -> None:
    """Check modality and kind of each column."""
    for index, column in enumerate(columns):
        if column.modality not in MODALITIES:
            known = ", ".join(MODALITIES)
            raise wrong(f"{place}.{index}.modality", f"one of {known}", column.modality)
        if column.kind not in MODALITIES[column.modality].kinds:
            kinds = ", ".join(MODALITIES[column.modality].kinds)
            raise wrong(f"{place}.{index}.kind", f"one of {kinds}", column.kind)


def restore_target(task: AbstractTask, schema: Schema, stored: Mapping[str, Any]) -> AbstractTarget:
    """Return the targets in ``schema.json``.

    Args:
        task: what is asked for.
        schema: columns and their roles.
        stored: of the target, as its task wrote it.

    Raises:
        ArtifactError: they do not fit task or schema.
    """
    if schema.task != task.name:
        raise wrong("schema.task", task.name, schema.task)
    if schema.target_kind not in {task.target_kind, task.optional_target or task.target_kind}:
        raise wrong("schema.target_kind", task.target_kind, schema.target_kind)
    target = task.restore(stored, "target")
    if target.names != schema.targets:
        raise wrong("target.names", "those of schema.targets", list(target.names))
    return target


def restore_objective(
    task: AbstractTask, encoders: Encoders, target: AbstractTarget, keys: Any
) -> AbstractObjective:
    """Return the objective that a task makes of its stored keys.

    Args:
        task: what is asked for.
        encoders: of the inputs.
        target: of the targets.
        keys: of the task.
    """
    return task.objective(encoders.inputs, target, keys)
