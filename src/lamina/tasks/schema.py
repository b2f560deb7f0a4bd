"""Who plays which role: the steps that tasks share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ConfigError, DataError
from lamina.data.audit.roles import DOUBTFUL, EQUALS_TARGET, ON_REQUEST
from lamina.data.dates import sample_of
from lamina.data.schema import ColumnSchema, Schema
from lamina.data.words import SPLIT_WORDS, UNUSED
from lamina.modalities import MODALITIES
from lamina.modalities.blocks import Claims, claimed, described
from lamina.tasks.base import Roles

if TYPE_CHECKING:
    from lamina.data.table import AbstractColumn, AbstractTable
    from lamina.modalities.base import Description

_USUAL_TARGETS = ("target", "label", "class", "y", "outcome", "response")
Leak = Callable[[str], bool]
Describe = Callable[..., "list[Description]"]


def assign_roles(
    claims: Claims,
    given: Roles,
    *,
    task: str,
    target_kind: str,
    is_leak: Leak = lambda name: False,
    describe: Describe = described,
) -> Schema:
    """Return the role and kind of every column.

    Constants, identifiers, free texts and columns that give the target away are left out, with the reason.

    Args:
        claims: the data, and who reads which column.
        given: roles that were asked for.
        task: name of the task.
        target_kind: what the targets hold.
        is_leak: whether a column equals the target.
        describe: says what each column holds, as `lamina.modalities.blocks.described` does.

    Raises:
        DataError: a named column is absent.
    """
    table, keys = claims.table, given.keys
    for role in ("weight", "group", "time", "split"):
        if getattr(keys, role) is not None:
            table.require(getattr(keys, role), f"{role} column")
    for name in (*keys.keep, *keys.drop):
        table.require(name)
    split = keys.split or _split_column(table, given)
    busy = {*given.targets, keys.weight, keys.group, keys.time, split}
    busy -= {keys.time} if keys.time in keys.keep else set()
    names = [name for name in table.names if name not in busy and name not in keys.drop]
    found = _judged(claims, describe(claims, names, keep=keys.keep), keys.keep, is_leak)
    return Schema(
        inputs=tuple(
            ColumnSchema(d.name, d.kind, d.detail, claims.modalities[d.name]) for d in found if not d.reason
        ),
        dropped=tuple((d.name, d.reason) for d in found if d.reason)
        + tuple((name, ON_REQUEST) for name in keys.drop if name not in busy),
        targets=given.targets,
        task=task,
        target_kind=target_kind,
        weight=keys.weight,
        group=keys.group,
        time=keys.time,
        split=split,
        forms=_forms(table, [*(d.name for d in found if not d.reason), *given.targets, keys.weight]),
    )


def _forms(table: AbstractTable, names: Sequence[str | None]) -> tuple[tuple[str, str], ...]:
    """Return how some columns of texts are read as numbers or dates, by name."""
    columns = {name: table.column(name) for name in names if name is not None}
    forms = {name: getattr(column, "form", None) for name, column in columns.items()}
    return tuple((name, form) for name, form in forms.items() if form)


def _split_column(table: AbstractTable, given: Roles) -> str | None:
    """Return ``split`` where a column of that name holds nothing but the words of a split."""
    taken = (*given.targets, *given.keys.keep, *given.keys.drop)
    if "split" not in table.names or "split" in taken:
        return None
    return "split" if holds_split_words(table.column("split")) else None


def holds_split_words(column: AbstractColumn) -> bool:
    """Return whether a column holds the words train, valid and test, and nothing else."""
    if column.storage != "string" or column.missing().any():
        return False
    scalar: Any = column
    if any(len(value) > max(map(len, SPLIT_WORDS)) for value in map(str.strip, sample_of(scalar, 8))):
        return False  # not every text of a long column is worth a look
    words = {str(value).strip().lower() for value in scalar.distinct().values}
    return (
        words <= {*SPLIT_WORDS, UNUSED}
        and len(words) > 1
        and "train" in {SPLIT_WORDS.get(word) for word in words}
    )


def _judged(
    claims: Claims, descriptions: list[Description], keep: Sequence[str], is_leak: Leak
) -> list[Description]:
    """Return what each column holds and why it is left out: no reason counts for one that is to be kept.

    Where no input is left, doubtful columns are taken back: a single column that counts the rows, or that a
    simple law ties to the target, is what there is to learn from.
    """
    found: list[Description] = []
    for description in descriptions:
        if description.name in keep:
            description = replace(description, reason="")
        elif not description.reason and _may_leak(claims, description) and is_leak(description.name):
            description = replace(description, reason=EQUALS_TARGET, doubtful=True)
        found.append(description)
    if any(not description.reason for description in found):
        return found
    return [
        replace(d, detail=f"{DOUBTFUL}{d.reason}", reason="") if d.doubtful and d.reason else d for d in found
    ]


def _may_leak(claims: Claims, description: Description) -> bool:
    """Return whether a column is compared with the target: of a table, and no date."""
    shares = MODALITIES[claims.modalities[description.name]].shares_block
    return shares and description.kind != "datetime"


def names_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns, of which one may come as a plain text.

    Example:
        >>> names_of("id"), names_of(["id", "row"])
        (('id',), ('id', 'row'))
    """
    return (given,) if isinstance(given, str) else tuple(given)


def target_names(table: AbstractTable, target: Any, *, task: str | None) -> tuple[str, ...]:
    """Return the names of the targets, each of them a column.

    Args:
        table: the data, claimed.
        target: one name or several.
        task: that was asked for, or None.

    Raises:
        DataError: the task needs one, and there is none; or one is absent.
        ConfigError: they are no names.
    """
    from lamina.tasks.registry import needs_target  # it imports tasks, which import this module

    names = (target,) if isinstance(target, str | int) else tuple(target)
    if not names and needs_target(task, table):
        raise DataError("no target is named", where=table.source, fix="name at least one column")
    if not all(isinstance(name, str | int) for name in names):
        raise ConfigError(
            "target is the name of a column",
            received=type(target).__name__,
            fix="give values beside the inputs: y=...",
        )
    for name in map(str, names):
        check_labeled(table, name)
        table.require(name, "target column")
    return tuple(map(str, names))


def guess_target(table: AbstractTable) -> str | tuple[str, ...]:
    """Return the column that is most likely the target: by a usual name, or the last one.

    Args:
        table: as it was read, or claimed.

    Example:
        >>> from lamina.data import read
        >>> guess_target(read({"y": [1, 2], "x": [3, 4]}))
        'y'
    """
    table = claimed(table).table
    check_labeled(table)
    several = tuple(name for name in table.names if name.startswith("target_") and name[7:].isdigit())
    if several:
        return several
    lowered = {name.lower(): name for name in reversed(table.names)}
    for usual in _USUAL_TARGETS:
        if usual in lowered:
            return lowered[usual]
    scalars = [name for name in table.names if name not in ("weight", "split", *table.cell_names)]
    if not scalars and len(table.cell_names) > 1:
        return table.cell_names[-1]  # images, and what is to be seen on them
    if not scalars:
        raise DataError("there is no column to predict", where=table.source, fix="name the target")
    return scalars[-1]


def default_target(table: AbstractTable, task: str | None) -> str | tuple[str, ...]:
    """Return the target where nobody named one: guessed, or none where the task needs none.

    Args:
        table: as it was read, or claimed.
        task: that was asked for, or None.
    """
    from lamina.tasks.registry import needs_target

    return guess_target(table) if needs_target(task, table) else ()


def check_labeled(table: AbstractTable, target: str = "") -> None:
    """Raise DataError, with the layouts that are understood, for examples without anything beside them.

    Args:
        table: any table.
        target: the column asked for; a table that has it is not looked at further.
    """
    cells = table.cell_names
    if table.unlabeled and target not in table.names:
        others = _without_target(table)
        fix = table.unlabeled + (f", or learn without labels: --task {others}" if others else "")
        raise DataError("the examples have no labels", where=table.source, fix=fix)
    if len(cells) == 1 and target not in table.names and {*table.names} <= {*cells, "split"}:
        column: Any = table.column(cells[0])
        raise column.unlabeled(table.source)


def _without_target(table: AbstractTable) -> str:
    """Return the tasks that learn such data without a target, for a fix."""
    from lamina.tasks.base import AbstractTask, RoleKeys
    from lamina.tasks.registry import TASKS

    claims, found = claimed(table), []
    for task in map(TASKS.__getitem__, TASKS):
        if not isinstance(task, AbstractTask) or task.needs_target:
            continue
        with contextlib.suppress(DataError):  # it has no use for such columns
            task.roles(claims, Roles((), RoleKeys()))
            found.append(task.name)
    return " or ".join(found)


def quoted(target: str | Sequence[str]) -> str:
    """Return the names of targets in quotes."""
    return ", ".join(f"'{name}'" for name in names_of(target))
