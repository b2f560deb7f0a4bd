"""Folders of images with a mask for each: ``images/`` and ``masks/``, perhaps below train, valid and test."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable, columns_beside
from lamina.data.images.column import IMAGE, ImageColumn
from lamina.data.images.endings import is_image
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.words import SPLIT_WORDS

MASK = "mask"
IMAGE_FOLDERS = ("images", "image", "imgs", "img")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "annotations", "segmentation", "segmentations")
_ENDINGS_OF_MASKS = ("_mask", "-mask", "_label", "_labels", "_seg")
_NAMED = 3


class MaskFolderReader(AbstractReader):
    """Read a folder with images in one subfolder and their masks, by the same names, in another."""

    name = "mask_folder"
    files = "folders of images and masks"

    def claims(self, source: Source) -> bool:
        """Return whether a folder holds a subfolder of images and one of masks, or parts that do."""
        if not source.is_folder:
            return False
        return bool(_pair(source.listing)) or any(
            _pair(os.listdir(part)) for part in _parts(source.path, source.listing).values()
        )

    def read(self, source: Source) -> CellTable:
        """Return the table: columns ``image``, ``mask`` and, where there are parts, ``split``."""
        from lamina.data.images.files import FileImages  # and with it Pillow

        root = os.path.normpath(source.path)
        pair = _pair(source.listing)
        folders = {"": root} if pair else _parts(root, source.listing)
        images: list[str] = []
        masks: list[str] = []
        splits: list[str] = []
        remarks: list[str] = []
        for split, folder in folders.items():
            found = _paired(folder, remarks)
            images += [image for image, _ in found]
            masks += [mask for _, mask in found]
            splits += [split] * len(found)
        if not images:
            raise DataError("no image has a mask of its name", where=root, fix="give both the same name")
        columns = {"split": np.array(splits)} if any(splits) else {}
        beside = columns_beside(columns, len(images), root)
        cells = {IMAGE: ImageColumn(IMAGE, FileImages(images)), MASK: ImageColumn(MASK, FileImages(masks))}
        return CellTable(cells, beside, remarks=remarks)


READERS.add(MaskFolderReader.name, MaskFolderReader())


def _pair(names: Sequence[str]) -> tuple[str, str] | None:
    """Return the subfolders of images and of masks among some names."""
    lowered = {name.lower(): name for name in names}
    images = [lowered[name] for name in IMAGE_FOLDERS if name in lowered]
    masks = [lowered[name] for name in MASK_FOLDERS if name in lowered]
    return (images[0], masks[0]) if images and masks else None


def _parts(root: str, names: Sequence[str]) -> dict[str, str]:
    """Return the folders of train, valid and test by these words."""
    found = {
        SPLIT_WORDS[name.lower()]: os.path.join(root, name) for name in names if name.lower() in SPLIT_WORDS
    }
    return {split: folder for split, folder in found.items() if os.path.isdir(folder)}


def _paired(folder: str, remarks: list[str]) -> list[tuple[str, str]]:
    """Return images and masks of one name; what is without the other is said in the remarks."""
    pair = _pair(os.listdir(folder))
    if pair is None:
        remarks.append(f"no folders of images and of masks in {folder}: passed over")
        return []
    images = _files(os.path.join(folder, pair[0]), remarks)
    masks = _renamed(_files(os.path.join(folder, pair[1]), remarks), images)
    found = [(images[stem], masks[stem]) for stem in sorted(images.keys() & masks.keys())]
    for what, lonely in (
        ("without a mask", images.keys() - masks),
        ("without an image", masks.keys() - images),
    ):
        if lonely:
            named = ", ".join(sorted(lonely)[:_NAMED])
            remarks.append(f"{len(lonely):,} files {what} in {folder}, such as {named}: passed over")
    return found


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


def _renamed(masks: dict[str, str], images: Collection[str]) -> dict[str, str]:
    """Return masks by the names of their images: their own, or with an ending such as ``_mask`` left out."""
    found = {stem: path for stem, path in masks.items() if stem in images}
    for stem, path in masks.items():
        if stem not in images:
            short = next((stem.removesuffix(e) for e in _ENDINGS_OF_MASKS if stem.endswith(e)), stem)
            found.setdefault(short if short in images else stem, path)
    return found
