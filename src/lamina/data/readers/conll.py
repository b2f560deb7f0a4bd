"""Files of tagged words, one word a line, also packed."""

from __future__ import annotations

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


class ConllReader(AbstractReader):
    """Read sentences, a word and its tags a line: a table of the columns ``text`` and ``tags``."""

    name = "conll"
    files = "CoNLL files"
    keys = TextFileKeys
    endings = (".conll", ".bio", ".iob")

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as files of tagged words are."""
        return not source.is_folder and source.ending in self.endings

    def read(self, source: Source) -> AbstractTable:
        """Return the table: a row a sentence; the first word of a line is the word, the last its tag."""
        from lamina.data.readers.parsers.conll import read_conll

        return read_conll(source.path, encoding=source.keys.encoding)


READERS.add(ConllReader.name, ConllReader())
