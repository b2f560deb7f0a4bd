"""Roles of columns, as tests ask for them: with flat keys."""

from __future__ import annotations

from typing import Any

from lamina.data import AbstractTable, Schema
from lamina.tasks.audit import Cast, ask, cast_roles


def cast(table: AbstractTable, target: Any, **keys: Any) -> Cast:
    """Return who plays which role in a table, with the claimed table itself."""
    return cast_roles(table, target, ask(keys))


def schema_of(table: AbstractTable, target: Any, **keys: Any) -> Schema:
    """Return the columns of a table by their role."""
    return cast(table, target, **keys).schema
