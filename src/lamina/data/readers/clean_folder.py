"""Folders of degraded images, and what each should be: ``degraded/`` and ``clean/``."""

from __future__ import annotations

from lamina.data.cells import CellTable
from lamina.data.images.column import CLEAN, IMAGE
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.paired_folders import PairedFolders, Side
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source

FOLDERS = PairedFolders(
    Side(IMAGE, ("degraded", "noisy", "blurred", "input", "inputs"), "without a degraded image"),
    Side(CLEAN, ("clean", "sharp", "ground_truth", "gt"), "without a clean image", ("_clean", "_gt")),
)


class CleanFolderReader(AbstractReader):
    """Read a folder with degraded images in one subfolder and clean ones, by the same names, in another."""

    name = "clean_folder"
    files = "folders of degraded and clean images"

    def claims(self, source: Source) -> bool:
        """Return whether a folder holds a subfolder of each, or parts that do."""
        return FOLDERS.are_in(source)

    def read(self, source: Source) -> CellTable:
        """Return the table: columns ``image`` (degraded), ``clean`` and, where there are parts, ``split``."""
        return FOLDERS.read(source, "no degraded image has a clean one of its name")


READERS.add(CleanFolderReader.name, CleanFolderReader())
