"""What each column is for and what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lamina.core.errors import ConfigError, DataError, suggest
from lamina.data import guess, kinds
from lamina.data.table import AbstractTable

KINDS = ("numeric", "category", "boolean", "datetime", "image", "text", "identifier", "constant")


@dataclass(frozen=True)
class ColumnSchema:
    """One column: its name, its kind (one of ``KINDS``) and a detail.

    The detail is the format of dates, or the size of images as ``28x28x1`` (height, width, channels), or
    ``mixed sizes``.
    """

    name: str
    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Schema:
    """The columns of a table by their part in learning.

    Args:
        inputs: columns that are learned from.
        dropped: columns left out, each with the reason.
        targets: columns to be predicted.
        task: ``binary``, ``multiclass``, ``multilabel`` or ``regression``.
        weight: column of row weights.
        group: column whose rows of one value stay on one side of every split.
        time: column by which the last rows become the validation rows.
        split: column that says ``train``, ``valid`` or ``test``.
    """

    inputs: tuple[ColumnSchema, ...]
    dropped: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]
    task: str
    weight: str | None = None
    group: str | None = None
    time: str | None = None
    split: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the schema as a dict that JSON can hold."""
        return asdict(self)

    @staticmethod
    def from_json(stored: dict[str, Any]) -> Schema:
        """Return the schema that :meth:`to_json` stored."""
        return Schema(
            **stored
            | {
                "inputs": tuple(ColumnSchema(**column) for column in stored["inputs"]),
                "dropped": tuple((name, reason) for name, reason in stored["dropped"]),
                "targets": tuple(stored["targets"]),
            }
        )


def infer_schema(
    table: AbstractTable,
    *,
    target: str | Sequence[str],
    task: str | None = None,
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Schema:
    """Return the part and kind of every column.

    Constants, identifiers, free text and columns that equal the target are left out, with the reason. Where
    there are images, they alone are learned from.

    Args:
        table: the data.
        target: the column, or columns, to be predicted.
        task: ``binary``, ``multiclass``, ``multilabel`` or ``regression``; guessed from the target without,
            and among the first three with ``classification``.
        weight: a column of row weights, 0 or more.
        group: a column whose rows of one value must not be torn apart by a split.
        time: a column to split by: the last rows are for validation.
        split: a column that holds the words train, valid and test. A column of that name that holds only
            these words is taken without being asked for.
        keep: columns to learn from although they look like identifiers or equal the target.
        drop: columns to leave out.

    Raises:
        DataError: a named column is absent, or the target cannot be learned.

    Example:
        >>> import numpy as np
        >>> from lamina.data import read
        >>> table = read(np.random.default_rng(0).normal(size=(9, 2)), y=["a", "b", "c"] * 3)
        >>> schema = infer_schema(table, target="target")
        >>> schema.task, [column.kind for column in schema.inputs]
        ('multiclass', ['numeric', 'numeric'])
    """
    targets = _target_names(table, target)
    keep, drop = names_of(keep), names_of(drop)
    if group is not None and time is not None:
        raise ConfigError(
            f"group '{group}' and time '{time}' ask for two different splits",
            expected="one of the two",
            fix="leave time out to keep groups together, or group to validate on the last rows",
        )
    for name in targets:
        guess.check_labeled(table, name)
        table.require(name, "target column")
    parts = {"weight": weight, "group": group, "time": time, "split": split}
    for role, name in parts.items():
        if name is not None:
            table.require(name, f"{role} column")
    for name in (*keep, *drop):
        table.require(name)
    if split is None and "split" in table.names and "split" not in (*targets, *keep, *drop):
        split = "split" if kinds.holds_split_words(table.column("split")) else None
    task = _chosen_task(table, targets, task)
    busy = {*targets, weight, group, time, split} - ({time} if time in keep else set())
    described = kinds.describe_all(
        table,
        [name for name in table.names if name not in busy and name not in drop],
        targets=targets,
        task=task,
        keep=keep,
    )
    return Schema(
        inputs=tuple(ColumnSchema(d.name, d.kind, d.detail) for d in described if not d.reason),
        dropped=tuple((d.name, d.reason) for d in described if d.reason)
        + tuple((name, kinds.ON_REQUEST) for name in drop if name not in busy),
        targets=targets,
        task=task,
        weight=weight,
        group=group,
        time=time,
        split=split,
    )


def names_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns, of which one may come as a plain text.

    Example:
        >>> names_of("id"), names_of(["id", "row"])
        (('id',), ('id', 'row'))
    """
    return (given,) if isinstance(given, str) else tuple(given)


def _target_names(table: AbstractTable, target: Any) -> tuple[str, ...]:
    """Return the names of the targets, or raise where there are none or they are no names."""
    names = (target,) if isinstance(target, str | int) else tuple(target)
    if not names:
        raise DataError("no target is named", where=table.source, fix="name at least one column")
    if not all(isinstance(name, str | int) for name in names):
        raise ConfigError(
            "target is the name of a column",
            received=type(target).__name__,
            fix="give values beside the inputs: y=...",
        )
    return tuple(map(str, names))


def _chosen_task(table: AbstractTable, targets: Sequence[str], task: str | None) -> str:
    """Return the task asked for, or the one that the targets ask for; ConfigError for an unknown one."""
    if task in guess.TASKS:
        return task
    if task is not None and task != "classification":
        known = (*guess.TASKS, "classification")
        raise ConfigError(
            f"unknown task '{task}'{suggest(task, known)}", expected="one of " + ", ".join(known)
        )
    guessed = guess.guess_task(table, targets)
    return "multiclass" if task and guessed == "regression" else guessed
