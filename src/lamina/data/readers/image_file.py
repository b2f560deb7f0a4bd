"""One image, for a prediction."""

from __future__ import annotations

from lamina.data.images.endings import is_image
from lamina.data.images.table import image_table
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class ImageFileReader(AbstractReader):
    """Read a file that holds an image as a table of one row."""

    name = "image_file"
    files = "images"

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as images are."""
        return not source.is_folder and is_image(source.path)

    def read(self, source: Source) -> AbstractTable:
        """Return the table: the image, no label."""
        from lamina.data.images.files import FileImages  # and with it Pillow
        from lamina.data.readers.parsers.text import check_file

        check_file(source.path, what="image")
        return image_table(FileImages([source.path]), {}, source.path)


READERS.add(ImageFileReader.name, ImageFileReader())
