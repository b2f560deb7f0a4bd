"""What readers are shown of a path."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lamina.core.keys import NoKeys
from lamina.data.readers.packing import packing_of

HEAD = 4096  # bytes
LEVELS = 3  # of folders that are listed: split, class, image
MOST_LISTED = 1000  # files below the first level


@dataclass(frozen=True)
class Source:
    """A path, and what can be seen of it without parsing; each part is read when it is asked for.

    Args:
        path: a file, a folder, or ``-`` for standard input.
        texts: columns that are read as texts although they look like numbers.
        strict: whether a layout that leaves a target unclear is a fault, as it is for training data.
        keys: what the reader was asked for: an instance of its `AbstractReader.keys`.

    Example:
        >>> Source("data/a.CSV").ending, Source("a.csv.gz").ending, Source("-").ending
        ('.csv', '.csv', '')
    """

    path: str
    texts: frozenset[str] = frozenset()
    strict: bool = True
    keys: Any = field(default=NoKeys(), compare=False)

    @property
    def packing(self) -> str:
        """The end of the name that says how the file is packed, such as ``.gz``; empty if it is not."""
        return packing_of(self.path)

    @property
    def is_packed(self) -> bool:
        """Whether the name says that the file is packed."""
        return bool(self.packing)

    @cached_property
    def ending(self) -> str:
        """The ending of the name in lower case, that of packing aside; for ``.zip`` that of the member."""
        ending = os.path.splitext(self.path.removesuffix(self.packing))[1].lower()
        if ending or self.packing != ".zip" or not self.is_file:
            return ending
        from lamina.data.readers.parsers.unpacking import members_of

        members = members_of(self.path)
        return os.path.splitext(members[0])[1].lower() if len(members) == 1 else ""

    @cached_property
    def is_folder(self) -> bool:
        """Whether a folder lies at the path."""
        return os.path.isdir(self.path)

    @cached_property
    def is_file(self) -> bool:
        """Whether a plain file lies at the path."""
        return os.path.isfile(self.path)

    @cached_property
    def listing(self) -> tuple[str, ...]:
        """Names of all that lies in a folder, sorted; empty for a file, or where nobody may look."""
        with suppress(OSError):
            return tuple(sorted(os.listdir(self.path))) if self.is_folder else ()
        return ()

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Paths of the first files in a folder, seen from it, level by level; hidden ones are left out."""
        found: list[str] = []
        level = [""] if self.is_folder else []
        for _ in range(LEVELS):
            below: list[str] = []
            for folder in level:
                folders, files = _entries(self.path, folder)
                below += folders
                found += files
                if len(found) >= MOST_LISTED:
                    return tuple(found)
            level = below
        return tuple(found)

    @cached_property
    def head(self) -> bytes:
        """The first 4 KiB of a file, unpacked if it is packed; empty where there are none."""
        if not self.is_file:
            return b""
        if self.is_packed:
            from lamina.data.readers.parsers.unpacking import head_of

            return head_of(self.path, HEAD)
        with suppress(OSError):
            with open(self.path, "rb") as stream:
                return stream.read(HEAD)
        return b""


def _entries(root: str, folder: str) -> tuple[list[str], list[str]]:
    """Return the folders and the files in a folder below a root, as paths seen from the root, sorted."""
    folders, files = [], []
    with suppress(OSError), os.scandir(os.path.join(root, folder)) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            (folders if entry.is_dir() else files).append(os.path.join(folder, entry.name))
    return sorted(folders), sorted(files)
