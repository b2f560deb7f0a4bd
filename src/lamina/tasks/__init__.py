"""Tasks: what a person asks for, from the roles of columns to the predictions that are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

_PLACES = {
    "lamina.tasks.base": "AbstractTarget AbstractTask Examples Prediction Roles Suit Verb",
    "lamina.tasks.registry": "TASKS choose_task task_named",
}
__all__ = [
    "TASKS",
    "AbstractTarget",
    "AbstractTask",
    "Examples",
    "Prediction",
    "Roles",
    "Suit",
    "Verb",
    "choose_task",
    "task_named",
]

if TYPE_CHECKING:
    from lamina.tasks.base import AbstractTarget, AbstractTask, Examples, Prediction, Roles, Suit, Verb
    from lamina.tasks.registry import TASKS, choose_task, task_named

__getattr__, __dir__ = lazy(__name__, _PLACES)
