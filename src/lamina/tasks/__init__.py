"""Tasks: what a person asks for, from the roles of columns to the predictions that are written."""

from lamina.tasks.base import AbstractTarget, AbstractTask, Examples, Prediction, Roles, Suit, Verb
from lamina.tasks.registry import TASKS, choose_task, task_named

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
