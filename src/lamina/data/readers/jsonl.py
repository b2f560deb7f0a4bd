"""JSON lines, also packed."""

from __future__ import annotations

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class JsonLinesReader(AbstractReader):
    """Read one JSON object a line; keys are the columns."""

    name = "jsonl"
    files = "JSON lines"
    keys = TextFileKeys
    endings = (".jsonl", ".ndjson")

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as JSON lines are."""
        return not source.is_folder and source.ending in self.endings

    def read(self, source: Source) -> AbstractTable:
        """Return the table; nested objects are flattened one level."""
        from lamina.data.readers.parsers.jsonl import read_jsonl

        return read_jsonl(source.path, encoding=source.keys.encoding)


READERS.add(JsonLinesReader.name, JsonLinesReader())
