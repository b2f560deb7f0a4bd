"""Folders of images: one subfolder a class, perhaps below train, valid and test."""

from __future__ import annotations

from lamina.data.cells import CellTable
from lamina.data.images.endings import IMAGES, holds_idx, is_image
from lamina.data.images.table import image_table
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.class_folder import ClassFolder
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source

FOLDER = ClassFolder("image", is_image, IMAGES, "cat/1.jpg")


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


def read_folder(root: str, *, strict: bool = True) -> CellTable:
    """Return the table of a folder of images: columns ``image``, ``label`` and ``split``, where known.

    Args:
        root: the folder; see `lamina.data.readers.class_folder.ClassFolder` for its layout.
        strict: whether folders without an image and images beside the folders of classes are faults,
            as they are where a network is to learn.

    Raises:
        DataError: there is no image, or it is not clear what its class is.
    """
    from lamina.data.images.files import FileImages  # and with it Pillow

    found = FOLDER.find(root, strict=strict)
    return image_table(FileImages(found.paths), found.columns(), root, remarks=found.remarks(FOLDER.noun))
