"""Folders with a subfolder for each class, perhaps below train, valid and test: whatever their files hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lamina.core.errors import DataError
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.words import SPLIT_WORDS

_SKIPPED = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_NAMED = 3


@dataclass
class Found:
    """Files in the order in which they were found, each with its class and its part."""

    paths: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def add(self, paths: list[str], label: str | None, part: str) -> None:
        """Put files of one class and one part down."""
        self.paths += paths
        self.labels += [label] * len(paths)
        self.parts += [part] * len(paths)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns ``label`` and ``split``, where known."""
        columns: dict[str, np.ndarray] = {}
        if any(label is not None for label in self.labels):
            gaps = None in self.labels
            columns["label"] = np.array(self.labels, object if gaps else None)
        if len(set(self.parts)) > 1:
            columns["split"] = np.array(self.parts)
        return columns

    def remarks(self, noun: str) -> list[str]:
        """Return what is to be said of files of another kind.

        Args:
            noun: what the files hold, such as ``"image"``.
        """
        if not self.others:
            return []
        more = f" and {len(self.others) - _NAMED:,} more" if len(self.others) > _NAMED else ""
        return [f"passed over, as no {noun}s: {', '.join(self.others[:_NAMED])}{more}"]


@dataclass(frozen=True)
class ClassFolder:
    """The layout of a folder whose files are examples.

    ``root/class/file`` gives labels; ``root/train/class/file`` with ``valid`` or ``test`` (or ``val``,
    ``validation``, ``dev``) beside gives a split too; files right in the folder have neither. Deeper
    folders belong to the class above them. Hidden files and what Finder and Explorer leave are passed over.

    Args:
        noun: what a file holds, such as ``"image"``.
        accepts: whether a name is that of such a file.
        endings: of such files, for messages.
        example: the name of such a file, for messages.
        needs_labels: whether training files that lie in no folder of a class are a fault.
    """

    noun: str
    accepts: Callable[[str], bool]
    endings: tuple[str, ...]
    example: str
    needs_labels: bool = True

    def find(self, root: str, *, strict: bool = True) -> Found:
        """Return the files of a folder, with class and part.

        Args:
            root: the folder.
            strict: whether folders without such a file, and files beside the folders of classes, are faults,
                as they are where a network is to learn.

        Raises:
            DataError: there is no such file, or it is not clear what its class is.
        """
        root = os.path.normpath(root)
        folders, files = _listed(root)
        found = Found()
        own, others = self._sorted_out(files)
        found.others += [os.path.join(root, name) for name in others]
        if folders and _are_parts(root, folders):
            if strict and own:
                raise self._strays(root, own, "the folders of the parts")
            for folder in folders:
                part = SPLIT_WORDS[folder.lower()]
                self._add_part(found, os.path.join(root, folder), part, strict)
        else:
            self._add_classes(found, root, folders, own, "", strict)
        if not found.paths:
            raise self._nothing(root, folders, found.others)
        for path in found.paths:
            _check_name(path)
        return found

    def _below(self, root: str) -> tuple[list[str], list[str]]:
        """Return the paths of its files and of others in a folder and all folders below it."""
        own, others = [], []
        for place, folders, files in os.walk(root):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f.lower() not in _SKIPPED)
            kept = sorted(f for f in files if not f.startswith(".") and f.lower() not in _SKIPPED)
            found, rest = self._sorted_out(kept)
            own += [os.path.join(place, name) for name in found]
            others += [os.path.join(place, name) for name in rest]
        return own, others

    def _sorted_out(self, files: list[str]) -> tuple[list[str], list[str]]:
        """Return the files that are named as its files are, and the others."""
        return [f for f in files if self.accepts(f)], [f for f in files if not self.accepts(f)]

    def _add_part(self, found: Found, root: str, part: str, strict: bool) -> None:
        """Put the files of one part down; those of the test part may have no classes."""
        folders, files = _listed(root)
        own, others = self._sorted_out(files)
        found.others += [os.path.join(root, name) for name in others]
        if strict and self.needs_labels and not folders and own and part == "train":
            raise DataError(
                f"the training {self.noun}s have no labels",
                where=root,
                fix=self.own_folders(root),
            )
        self._add_classes(found, root, folders, own, part, strict)

    def _add_classes(
        self, found: Found, root: str, folders: list[str], own: list[str], part: str, strict: bool
    ) -> None:
        """Put the files in a folder of classes down."""
        if strict and folders and own:
            raise self._strays(root, own, "the folders of the classes")
        found.add([os.path.join(root, name) for name in own], None, part)
        if strict and len(folders) == 1 and self._wraps(os.path.join(root, folders[0])):
            inner = os.path.join(root, folders[0])
            raise DataError("there is one folder, with folders in it", where=root, fix=f"give {inner}")
        for folder in folders:
            below, others = self._below(os.path.join(root, folder))
            found.others += others
            if strict and not below:
                raise DataError(
                    f"there is no {self.noun} in the folder of class '{folder}'",
                    where=os.path.join(root, folder),
                    expected="files ending in " + " ".join(self.endings),
                    fix=f"put its {self.noun}s there, or remove the folder",
                )
            found.add(below, folder, part)

    def _wraps(self, folder: str) -> bool:
        """Return whether a folder holds folders and none of its files."""
        folders, files = _listed(folder)
        return bool(folders) and not any(map(self.accepts, files))

    def _strays(self, root: str, own: list[str], beside: str) -> DataError:
        """Return the error for files whose class nobody can know."""
        count = f"{len(own):,} {self.noun}{'' if len(own) == 1 else 's'}"
        verb = "lies" if len(own) == 1 else "lie"
        return DataError(
            f"{count} {verb} beside {beside}, the first one {own[0]}",
            where=root,
            fix="move them into the folder of their class, or away",
        )

    def _nothing(self, root: str, folders: list[str], others: list[str]) -> DataError:
        """Return the error for a folder without any of its files."""
        table = next((path for path in others if _is_table(path)), None)
        fix = self.own_folders(root) if table is None else f"name a file in it: {table}"
        state = f"there is no {self.noun} in the folder" if folders or others else "the folder is empty"
        return DataError(state, where=root, expected=f"files ending in {' '.join(self.endings)}", fix=fix)

    def own_folders(self, root: str) -> str:
        """Return what to do about files without a class.

        Args:
            root: the folder.
        """
        return f"put the {self.noun}s of each class into a folder of its own, such as {root}/{self.example}"


def _listed(root: str) -> tuple[list[str], list[str]]:
    """Return the names of folders and files, sorted, without those that systems hide."""
    folders, files = [], []
    try:
        with os.scandir(root) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower() in _SKIPPED:
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
    except OSError as error:
        raise DataError(f"the folder cannot be read ({error.strerror})", where=root) from error
    return sorted(folders), sorted(files)


def _are_parts(root: str, folders: list[str]) -> bool:
    """Return whether folders are parts of a split; a folder ``train`` among classes is a class of trains."""
    words = [folder for folder in folders if folder.lower() in SPLIT_WORDS]
    if len(words) == len(folders):
        return any(SPLIT_WORDS[word.lower()] == "train" for word in words) or len(words) > 1
    if any(_listed(os.path.join(root, word))[0] for word in words):
        stranger = next(folder for folder in folders if folder not in words)
        raise DataError(
            f"folder '{stranger}' stands beside {' and '.join(words)}",
            where=root,
            expected="folders train, valid and test only, or one folder for each class",
            fix=f"move '{stranger}' away",
        )
    return False


def _is_table(path: str) -> bool:
    """Return whether a file is read as a table."""
    return any(reader.endings and reader.claims(Source(path)) for reader in READERS.values())


def _check_name(path: str) -> None:
    """Raise DataError where a name cannot be written down as text."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        where = os.fsencode(path).decode("utf-8", "backslashreplace")
        fix = "rename it with letters of UTF-8"
        raise DataError("the name of the file is not UTF-8 text", where=where, fix=fix) from error
