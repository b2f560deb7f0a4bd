"""Checks of pairs of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.audit.findings import Finding, error, of_error, warning
from lamina.tasks.samples.pairs import check_sizes, images_of

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

NAMED = 5


def of_pairs(table: AbstractTable, schema: Schema) -> Iterator[Finding]:
    """Yield what is wrong with degraded and clean images.

    Args:
        table: the data, claimed.
        schema: columns and their roles.
    """
    given, clean = schema.inputs[0].name, schema.targets[0]
    where = table.where(name=clean)
    try:
        degraded, wanted = images_of(table, given), images_of(table, clean)
        check_sizes(table, given, clean)
    except DataError as fault:
        yield of_error(fault, "pairs")
        return
    unreadable = np.flatnonzero((wanted.sizes() == 0).any(axis=1))
    if unreadable.size:
        named = ", ".join(wanted.name(int(row)) or table.place(int(row)) for row in unreadable[:NAMED])
        message = f"{counted(unreadable.size, 'clean image')} absent or not readable: {named}"
        yield error("unreadable-image", where, message, "replace the files, or remove the pairs")
        return
    equal = np.flatnonzero(degraded.digests() == wanted.digests())
    if equal.size == table.height:
        message = "every degraded image equals its clean one: there is nothing to learn"
        yield error("pairs-equal", where, message, "check that the folders hold what their names say")
    elif equal.size:
        named = ", ".join(degraded.name(int(row)) or table.place(int(row)) for row in equal[:NAMED])
        message = f"{counted(equal.size, 'pair')} of two equal images: {named}"
        fix = "remove them, unless images that are clean already are to stay as they are"
        yield warning("pairs-equal", where, message, fix)
