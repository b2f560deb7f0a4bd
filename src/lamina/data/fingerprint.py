"""Whether data are still what they were: one hash over all files that a table was read from."""

from __future__ import annotations

import hashlib
import os

from lamina.data.cells import CellTable
from lamina.data.table import AbstractTable


def source_files(table: AbstractTable) -> list[str]:
    """Return the files that a table was read from, sorted; none for what came from memory.

    Of cells these are their files, and the table of their paths if there is one.
    """
    found = {*table.files} or ({table.source} if os.path.isfile(table.source) else set())
    if isinstance(table, CellTable):
        found.update(*(column.files() for column in table.cells.values()))
    return sorted(found)


def fingerprint(table: AbstractTable) -> tuple[int, str] | None:
    """Return bytes and SHA-256 of the files that a table was read from, or None where there are none.

    One file gives its own SHA-256. Of several it is taken over name, size and SHA-256 of each, names as
    they are seen from the source, so that a folder may be moved. Cost: every byte is read once.

    Args:
        table: as it was read, all rows.

    Example:
        >>> from lamina.data import read
        >>> fingerprint(read([[1, 2], [3, 4]])) is None
        True
    """
    files = source_files(table)
    if not files:
        return None
    if len(files) == 1:
        return os.path.getsize(files[0]), _hash_of(files[0])
    base = table.source if os.path.isdir(table.source) else table.folder
    total, state = 0, hashlib.sha256()
    for path in files:
        size = os.path.getsize(path) if os.path.exists(path) else 0
        digest = _hash_of(path) if os.path.exists(path) else "missing"
        name = os.path.relpath(path, base or ".")
        state.update(f"{name}\0{size}\0{digest}\n".encode())
        total += size
    return total, state.hexdigest()


def _hash_of(path: str) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
