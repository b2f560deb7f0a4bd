"""Roles of columns, as tests ask for them: with flat keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.data import AbstractTable, Schema
from lamina.modalities import Learned
from lamina.tasks import AbstractTarget, AbstractTask
from lamina.tasks.audit import Cast, ask, cast_roles


def cast(table: AbstractTable, target: Any, **keys: Any) -> Cast:
    """Return who plays which role in a table, with the claimed table itself."""
    return cast_roles(table, target, ask(keys))


def schema_of(table: AbstractTable, target: Any, **keys: Any) -> Schema:
    """Return the columns of a table by their role."""
    return cast(table, target, **keys).schema


def fit_target(task: AbstractTask, table: AbstractTable, schema: Schema, rows: np.ndarray) -> AbstractTarget:
    """Return the targets of a task, fitted to some rows of a table without its inputs."""
    return task.fit(Learned(table, schema, None, rows), task.keys())
