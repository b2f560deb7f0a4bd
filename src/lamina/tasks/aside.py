"""Rows that are left out before the split, because keys ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, warning
from lamina.data.schema import Schema
from lamina.data.table import AbstractTable
from lamina.modalities import Subject
from lamina.modalities.blocks import blocks_of

NAMED_ROWS = 5  # so many rows are named in a message before the list is cut


@dataclass(frozen=True)
class Kept:
    """What is left of a table.

    Args:
        table: the rows that are learned from.
        findings: what is to be said of the others; nothing where all rows are kept.
    """

    table: AbstractTable
    findings: tuple[Finding, ...] = ()


def leave_out(table: AbstractTable, schema: Schema, keys: Mapping[str, Any]) -> Kept:
    """Return a table without the rows that modalities leave out, as their keys ask for.

    Where no row would be left, all are kept: the audit says what is wrong with them.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
        keys: name of a modality → its keys; those that are not there are not asked.
    """
    reasons: dict[int, str] = {}
    for block in blocks_of(schema):
        own = keys.get(block.modality.name)
        if own is not None:
            reasons |= block.modality.check(Subject(table, schema), block, own).left_out()
    if not reasons or len(reasons) >= table.height:
        return Kept(table)
    kept = np.setdiff1d(np.arange(table.height), list(reasons))
    return Kept(table.take(kept), (_told(table, reasons),))


def _told(table: AbstractTable, reasons: Mapping[int, str]) -> Finding:
    """Return the warning: how many rows, the first ones in words, all of them as details."""
    rows = sorted(reasons)
    more = f" and {len(rows) - NAMED_ROWS:,} more" if len(rows) > NAMED_ROWS else ""
    named = ", ".join(reasons[row] for row in rows[:NAMED_ROWS])
    message = f"{len(rows):,} of {counted(table.height, 'row')} left out: {named}{more}"
    details = tuple(_at(table.place(row), reasons[row]) for row in rows)
    return warning("rows-left-out", table.source, message, details=details)


def _at(place: str, words: str) -> str:
    """Return what is wrong with a row, behind the place of the row where the words do not name it."""
    return words if words.startswith(place) else f"{place}: {words}"
