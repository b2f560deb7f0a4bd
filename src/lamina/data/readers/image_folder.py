"""Folders of images: one subfolder a class, perhaps below train, valid and test."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable
from lamina.data.images.endings import IMAGES, holds_idx, is_image
from lamina.data.images.table import image_table
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.words import SPLIT_WORDS

_SKIPPED = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_NAMED = 3


class ImageFolderReader(AbstractReader):
    """Read a folder with images in it, or below it."""

    name = "image_folder"
    files = "folders of images"
    is_general = True

    def claims(self, source: Source) -> bool:
        """Return whether a folder holds images in files of their own."""
        return source.is_folder and not holds_idx(source.listing) and any(map(is_image, source.files))

    def read(self, source: Source) -> CellTable:
        """Return the table: columns ``image``, ``label`` and ``split``, where known."""
        return read_folder(source.path, strict=source.strict)


READERS.add(ImageFolderReader.name, ImageFolderReader())


@dataclass
class _Found:
    """Images in the order in which they were found, each with its class and its part."""

    paths: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def add(self, paths: list[str], label: str | None, part: str) -> None:
        """Put images of one class and one part down."""
        self.paths += paths
        self.labels += [label] * len(paths)
        self.parts += [part] * len(paths)


def read_folder(root: str, *, strict: bool = True) -> CellTable:
    """Return the table of a folder of images: columns ``image``, ``label`` and ``split``, where known.

    ``root/class/image`` gives labels; ``root/train/class/image`` with ``valid`` or ``test`` (or ``val``,
    ``validation``, ``dev``) beside gives a split too; images right in the folder have neither. Deeper
    folders belong to the class above them. Hidden files and what Finder and Explorer leave are passed over.

    Args:
        root: the folder.
        strict: whether folders without an image and images beside the folders of classes are faults,
            as they are where a network is to learn.

    Raises:
        DataError: there is no image, or it is not clear what its class is.
    """
    root = os.path.normpath(root)
    folders, files = _listed(root)
    found = _Found()
    images, others = _sorted_out(files)
    found.others += [os.path.join(root, name) for name in others]
    if folders and _are_parts(root, folders):
        if strict and images:
            raise _strays(root, images, "the folders of the parts")
        for folder in folders:
            _add_part(found, os.path.join(root, folder), SPLIT_WORDS[folder.lower()], strict)
    else:
        _add_classes(found, root, folders, images, "", strict)
    if not found.paths:
        raise _nothing(root, folders, found.others)
    return _table(found, root)


def _table(found: _Found, root: str) -> CellTable:
    """Return the table of what was found."""
    from lamina.data.images.files import FileImages  # and with it Pillow

    for path in found.paths:
        _check_name(path)
    columns: dict[str, np.ndarray] = {}
    if any(label is not None for label in found.labels):
        gaps = None in found.labels
        columns["label"] = np.array(found.labels, object if gaps else None)
    if len(set(found.parts)) > 1:
        columns["split"] = np.array(found.parts)
    return image_table(FileImages(found.paths), columns, root, remarks=_remarks(found.others))


def _remarks(others: list[str]) -> list[str]:
    """Return what is to be said of files that are no images."""
    if not others:
        return []
    more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
    return [f"passed over, as no images: {', '.join(others[:_NAMED])}{more}"]


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


def _below(root: str) -> tuple[list[str], list[str]]:
    """Return the paths of images and of other files in a folder and all folders below it."""
    images, others = [], []
    for place, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f.lower() not in _SKIPPED)
        kept = sorted(f for f in files if not f.startswith(".") and f.lower() not in _SKIPPED)
        found, rest = _sorted_out(kept)
        images += [os.path.join(place, name) for name in found]
        others += [os.path.join(place, name) for name in rest]
    return images, others


def _sorted_out(files: list[str]) -> tuple[list[str], list[str]]:
    """Return the files that are named as images are, and the others."""
    return [f for f in files if is_image(f)], [f for f in files if not is_image(f)]


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


def _add_part(found: _Found, root: str, part: str, strict: bool) -> None:
    """Put the images of one part down; test images may have no classes."""
    folders, files = _listed(root)
    images, others = _sorted_out(files)
    found.others += [os.path.join(root, name) for name in others]
    if strict and not folders and images and part == "train":
        raise DataError(
            "the training images have no labels",
            where=root,
            fix=f"put the images of each class into a folder of its own, such as {root}/cat/1.jpg",
        )
    _add_classes(found, root, folders, images, part, strict)


def _add_classes(
    found: _Found, root: str, folders: list[str], images: list[str], part: str, strict: bool
) -> None:
    """Put the images in a folder of classes down."""
    if strict and folders and images:
        raise _strays(root, images, "the folders of the classes")
    found.add([os.path.join(root, name) for name in images], None, part)
    if strict and len(folders) == 1 and _wraps(os.path.join(root, folders[0])):
        inner = os.path.join(root, folders[0])
        raise DataError("there is one folder, with folders in it", where=root, fix=f"give {inner}")
    for folder in folders:
        below, others = _below(os.path.join(root, folder))
        found.others += others
        if strict and not below:
            raise DataError(
                f"there is no image in the folder of class '{folder}'",
                where=os.path.join(root, folder),
                expected="files ending in " + " ".join(IMAGES),
                fix="put its images there, or remove the folder",
            )
        found.add(below, folder, part)


def _wraps(folder: str) -> bool:
    """Return whether a folder holds folders and no image."""
    folders, files = _listed(folder)
    return bool(folders) and not any(map(is_image, files))


def _strays(root: str, images: list[str], beside: str) -> DataError:
    """Return the error for images whose class nobody can know."""
    count = f"{len(images):,} image{'' if len(images) == 1 else 's'}"
    verb = "lies" if len(images) == 1 else "lie"
    return DataError(
        f"{count} {verb} beside {beside}, the first one {images[0]}",
        where=root,
        fix="move them into the folder of their class, or away",
    )


def _nothing(root: str, folders: list[str], others: list[str]) -> DataError:
    """Return the error for a folder without an image."""
    table = next((path for path in others if _is_table(path)), None)
    if table is not None:
        fix = f"name a file in it: {table}"
    else:
        fix = f"put the images of each class into a folder of its own, such as {root}/cat/1.jpg"
    state = "the folder is empty" if not folders and not others else "there is no image in the folder"
    return DataError(state, where=root, expected=f"files ending in {' '.join(IMAGES)}", fix=fix)


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
