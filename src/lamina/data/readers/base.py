"""What a reader is."""

from __future__ import annotations

import abc

from lamina.core.keys import NoKeys
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class AbstractReader(abc.ABC):
    """One format, or one layout of a folder.

    Its module imports nothing heavy: parsers are imported in `read`.

    Attributes:
        name: in `lamina.data.readers.READERS`.
        endings: of the tables it reads, for messages about files that nobody reads.
        is_general: whether it gives way to a reader of a more special layout.
        is_special: whether readers of plain files and folders give way to it.
        files: what it reads in words, such as "CSV and TSV files", for messages.
        keys: frozen dataclass of the flat keys it owns; `Source.keys` holds an instance when it reads.
    """

    name: str
    files: str = ""
    keys: type = NoKeys
    endings: tuple[str, ...] = ()
    is_general: bool = False
    is_special: bool = False

    @abc.abstractmethod
    def claims(self, source: Source) -> bool:
        """Return whether it reads a source, judged by name, listing and first bytes; no other one may.

        A file that is absent or damaged is claimed by its name: `read` says what is wrong with it.
        """

    @abc.abstractmethod
    def read(self, source: Source) -> AbstractTable:
        """Return the table, one row an example.

        Raises:
            DataError: with file, row and fix.
        """
