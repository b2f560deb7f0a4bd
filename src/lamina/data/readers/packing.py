"""Packed files, told by the ends of their names."""

from __future__ import annotations

import os

PACKINGS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "Zstandard", ".zip": "zip"}


def packing_of(path: str) -> str:
    """Return the end of a name that says how its file is packed, or an empty text.

    Example:
        >>> packing_of("a.csv.gz"), packing_of("a.csv")
        ('.gz', '')
    """
    ending = os.path.splitext(path)[1]
    return ending if ending in PACKINGS else ""
