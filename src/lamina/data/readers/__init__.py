"""One reader for each format: from a path to a table of typed columns, one row an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

_PLACES = {
    "lamina.data.readers.base": "AbstractReader",
    "lamina.data.readers.registry": "READERS read_source reader_of",
    "lamina.data.readers.source": "Source",
}
__all__ = ["READERS", "AbstractReader", "Source", "read_source", "reader_of"]

if TYPE_CHECKING:
    from lamina.data.readers.base import AbstractReader
    from lamina.data.readers.registry import READERS, read_source, reader_of
    from lamina.data.readers.source import Source

__getattr__, __dir__ = lazy(__name__, _PLACES)
