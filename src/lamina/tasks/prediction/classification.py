"""One name for the tasks that predict classes or labels."""

from __future__ import annotations

from lamina.tasks.base import TaskGroup
from lamina.tasks.registry import TASKS

TASKS.add("classification", TaskGroup("classification", among=("binary", "multilabel", "multiclass")))
