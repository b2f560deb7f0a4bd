"""JSON files that hold an array of objects, also packed."""

from __future__ import annotations

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class JsonReader(AbstractReader):
    """Read an array of objects, or one object a line under another name; keys are the columns."""

    name = "json"
    files = "JSON files"
    keys = TextFileKeys
    endings = (".json",)

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as JSON is."""
        return not source.is_folder and source.ending in self.endings

    def read(self, source: Source) -> AbstractTable:
        """Return the table; nested objects are flattened one level."""
        from lamina.data.readers.parsers.jsonl import read_json

        return read_json(source.path, encoding=source.keys.encoding)


READERS.add(JsonReader.name, JsonReader())
