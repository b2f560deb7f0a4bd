"""Folders of images with a mask for each: ``images/`` and ``masks/``, perhaps below train, valid and test."""

from __future__ import annotations

from lamina.data.cells import CellTable
from lamina.data.images.column import IMAGE
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.paired_folders import PairedFolders, Side
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source

MASK = "mask"
FOLDERS = PairedFolders(
    Side(IMAGE, ("images", "image", "imgs", "img"), "without an image"),
    Side(
        MASK,
        ("masks", "mask", "labels", "label", "annotations", "segmentation", "segmentations"),
        "without a mask",
        ("_mask", "-mask", "_label", "_labels", "_seg"),
    ),
)


class MaskFolderReader(AbstractReader):
    """Read a folder with images in one subfolder and their masks, by the same names, in another."""

    name = "mask_folder"
    files = "folders of images and masks"

    def claims(self, source: Source) -> bool:
        """Return whether a folder holds a subfolder of images and one of masks, or parts that do."""
        return FOLDERS.are_in(source)

    def read(self, source: Source) -> CellTable:
        """Return the table: columns ``image``, ``mask`` and, where there are parts, ``split``."""
        return FOLDERS.read(source, "no image has a mask of its name")


READERS.add(MaskFolderReader.name, MaskFolderReader())
