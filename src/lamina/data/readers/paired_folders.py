"""Two folders whose files of one name belong together, perhaps below train, valid and test."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable, columns_beside
from lamina.data.images.column import ImageColumn
from lamina.data.images.endings import is_image
from lamina.data.readers.source import Source
from lamina.data.words import SPLIT_WORDS

_NAMED = 3


@dataclass(frozen=True)
class Side:
    """One of the two folders.

    Args:
        column: of its images.
        names: that the folder may have, lower case, the preferred first.
        alone: what is said of a file of the other folder that has no partner here.
        endings: which names of its files may have behind those of their partners.
    """

    column: str
    names: tuple[str, ...]
    alone: str
    endings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PairedFolders:
    """Folders of images in pairs.

    Args:
        first: names the rows.
        second: its files are found by the names of the first.
    """

    first: Side
    second: Side

    def are_in(self, source: Source) -> bool:
        """Return whether a folder holds both, or parts for training and testing that do.

        Args:
            source: of any kind.
        """
        return source.is_folder and any(self._places(source.path, source.listing).values())

    def read(self, source: Source, message: str) -> CellTable:
        """Return the table: a column of images a side and, where there are parts, ``split``.

        Args:
            source: of which `are_in` is true.
            message: what is wrong where no file has a partner.

        Raises:
            DataError: no file has a partner.
        """
        from lamina.data.images.files import FileImages  # and with it Pillow

        root = os.path.normpath(source.path)
        remarks: list[str] = []
        pairs: list[tuple[str, str]] = []
        splits: list[str] = []
        for split, folders in self._places(root, source.listing).items():
            if folders is None:
                remarks.append(
                    f"no {self.first.names[0]}/ and {self.second.names[0]}/ in {split}/: passed over"
                )
                continue
            found = self._paired(*folders, remarks)
            pairs += found
            splits += [split] * len(found)
        if not pairs:
            raise DataError(message, where=root, fix="give both the same name")
        columns = {"split": np.array(splits)} if any(splits) else {}
        cells = {
            side.column: ImageColumn(side.column, FileImages([pair[place] for pair in pairs]))
            for place, side in enumerate((self.first, self.second))
        }
        return CellTable(cells, columns_beside(columns, len(pairs), root), remarks=remarks)

    def _places(self, root: str, names: Sequence[str]) -> dict[str, tuple[str, str] | None]:
        """Return the paths of both folders by part of the data; an empty text where there are no parts."""
        own = self._pair(root, names)
        if own is not None:
            return {"": own}
        parts = {SPLIT_WORDS[name.lower()]: name for name in names if name.lower() in SPLIT_WORDS}
        folders = {split: os.path.join(root, name) for split, name in parts.items()}
        return {
            split: self._pair(folder, os.listdir(folder))
            for split, folder in folders.items()
            if os.path.isdir(folder)
        }

    def _pair(self, folder: str, names: Sequence[str]) -> tuple[str, str] | None:
        """Return the paths of both folders where a folder has them among its names."""
        lowered = {name.lower(): name for name in names}
        first, second = (
            next((lowered[name] for name in side.names if name in lowered), None)
            for side in (self.first, self.second)
        )
        if first is None or second is None:
            return None
        return os.path.join(folder, first), os.path.join(folder, second)

    def _paired(self, first: str, second: str, remarks: list[str]) -> list[tuple[str, str]]:
        """Return files of one name; what is without a partner is said in the remarks."""
        images = _files(first, remarks)
        others = _renamed(_files(second, remarks), images, self.second.endings)
        for alone, lonely in (
            (self.second.alone, images.keys() - others),
            (self.first.alone, others.keys() - images),
        ):
            if lonely:
                named = ", ".join(sorted(lonely)[:_NAMED])
                where = os.path.dirname(first)
                remarks.append(f"{len(lonely):,} files {alone} in {where}, such as {named}: passed over")
        return [(images[stem], others[stem]) for stem in sorted(images.keys() & others.keys())]


def _files(folder: str, remarks: list[str]) -> dict[str, str]:
    """Return the image files of a folder by their names without endings; of two of one name the first."""
    found: dict[str, str] = {}
    for name in sorted(os.listdir(folder)):
        if is_image(name) and not name.startswith("."):
            path = os.path.join(folder, name)
            first = found.setdefault(os.path.splitext(name)[0], path)
            if first != path:
                remarks.append(f"two files of one name: {first} is taken, {path} passed over")
    return found


def _renamed(files: dict[str, str], stems: Collection[str], endings: Sequence[str]) -> dict[str, str]:
    """Return files by the names of their partners: their own, or without an ending such as ``_mask``."""
    found = {stem: path for stem, path in files.items() if stem in stems}
    for stem, path in files.items():
        if stem not in stems:
            short = next((stem.removesuffix(end) for end in endings if stem.endswith(end)), stem)
            found.setdefault(short if short in stems else stem, path)
    return found
