"""The list of tasks, and which of them a target asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina.core.errors import ConfigError, DataError
from lamina.core.registry import Registry
from lamina.tasks.base import AbstractTask, Suit, TaskGroup

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

# Which module registers a name; ``task=auto`` asks them in this order, those of `ASKED_FIRST` before.
TASKS: Registry[AbstractTask | TaskGroup] = Registry(
    "task",
    places={
        "binary": "lamina.tasks.prediction.binary",
        "multiclass": "lamina.tasks.prediction.multiclass",
        "multilabel": "lamina.tasks.prediction.multilabel",
        "regression": "lamina.tasks.prediction.regression",
        "classification": "lamina.tasks.prediction.classification",
        "segment": "lamina.tasks.segmentation.task",
        "language": "lamina.tasks.language.task",
        "masked_language": "lamina.tasks.masked_language.task",
        "tagging": "lamina.tasks.tagging.task",
        "translation": "lamina.tasks.translation.task",
        "enhance": "lamina.tasks.enhance.task",
        "generate": "lamina.tasks.generate.task",
        "anomaly": "lamina.tasks.anomaly.task",
        "reconstruct": "lamina.tasks.reconstruct.task",
        "links": "lamina.tasks.links.task",
        "knowledge": "lamina.tasks.knowledge.task",
        "forecast": "lamina.tasks.forecast.task",
    },
)


# They know their data from all others; for the others their texts would be classes.
ASKED_FIRST = ("tagging", "translation")


def asking_order() -> list[str]:
    """Return the names of all tasks in the order in which ``task=auto`` asks whether they suit.

    Example:
        >>> asking_order()[:3]
        ['tagging', 'translation', 'binary']
    """
    return [*ASKED_FIRST, *(name for name in TASKS if name not in ASKED_FIRST)]


def choose_task(
    name: str | None, table: AbstractTable, targets: Sequence[str]
) -> tuple[AbstractTask, Suit | None]:
    """Return the task that was asked for, or the first that suits the targets, and why.

    Args:
        name: of a task, or None.
        table: the data, claimed.
        targets: the target columns; none for tasks that need none.

    Returns:
        The task, and why it was chosen where nobody asked for it.

    Raises:
        ConfigError: there is no such task, or no target to choose by.
        DataError: no task suits the targets.
    """
    if name is not None:
        return _named(name, table, targets), None
    if not targets and needs_target(None, table):
        raise ConfigError(
            "there is no target, so the task has to be named",
            expected="one of " + ", ".join(TASKS),
            fix="name it: task=",
        )
    refused: DataError | None = None
    for task in map(TASKS.__getitem__, asking_order()):
        if isinstance(task, TaskGroup) or (not targets and task.needs_target):
            continue
        try:
            suit = task.suits(table, targets)
        except DataError as error:
            refused = refused or error
            continue
        if suit is not None:
            return task, suit
    raise refused or DataError("no task suits the target", where=table.where(name=targets[0]))


def task_named(name: str) -> AbstractTask:
    """Return a task by its name.

    Args:
        name: in `TASKS`, of no group.

    Raises:
        ConfigError: it is unknown, or the name of a group.
    """
    task = TASKS[name]
    if isinstance(task, TaskGroup):
        raise ConfigError(f"'{name}' is several tasks", expected="one of " + ", ".join(task.among))
    return task


def needs_target(name: str | None, table: AbstractTable) -> bool:
    """Return whether a task, None for one to be guessed, asks for a target column.

    Args:
        name: of a task, or None.
        table: as it was read, or claimed: some data, such as a text, are learned without a target.
    """
    entry = None if name is None else TASKS[name]
    if entry is not None:
        return not isinstance(entry, AbstractTask) or entry.needs_target
    tasks = (task for task in map(TASKS.__getitem__, TASKS) if isinstance(task, AbstractTask))
    return not any(not task.needs_target and task.suits(table, ()) for task in tasks)


def _named(name: str, table: AbstractTable, targets: Sequence[str]) -> AbstractTask:
    entry = TASKS[name]
    if not isinstance(entry, TaskGroup):
        return entry
    suiting = [other for other in entry.among if task_named(other).suits(table, targets)]
    return task_named(suiting[0] if suiting else entry.among[-1])
