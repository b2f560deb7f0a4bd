"""Tagged words, one a line: sentences as rows."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from lamina.core.errors import DataError
from lamina.data.frame import FrameTable
from lamina.data.readers.parsers import text

DOCUMENT = "-DOCSTART-"  # stands where a document begins
_COMMENT = re.compile(r"#\s.*\S\s*=\s*\S|#\s*$")  # as "# sent_id = 3"
_BLANKS = re.compile(r"\s+")


def read_conll(path: str, *, encoding: str | None = None) -> FrameTable:
    """Return the table of a file with a word and its tags on each line, and a blank line behind a sentence.

    The first column is the word, the last one its tag; those between are left out, which a remark says.
    Columns are separated by tabs where a line has one, else by blanks. A blank within a word becomes ``_``.
    Lines that begin with ``-DOCSTART-``, and comments as ``# id = 3``, are passed over.

    Args:
        path: the file, perhaps packed.
        encoding: of the file; UTF-8 without, and a guess, which is said, where it is not.

    Raises:
        DataError: a line has no tag, or there is no sentence.
    """
    given = text.load_utf8(path, encoding)
    sentences = _Sentences(given)
    for number, line in enumerate(text.decoded(given).split("\n"), start=1):
        sentences.add(number, line.rstrip("\r"))
    return sentences.table()


class _Sentences:
    """The sentences so far."""

    def __init__(self, given: text.Text):
        self.given = given
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.lines: list[int] = []
        self.open: list[tuple[int, str, str]] = []
        self.most = 2  # columns

    def add(self, number: int, line: str) -> None:
        """Take in a line.

        Raises:
            DataError: it has one column only.
        """
        if not line.strip():
            self._close()
        elif not line.startswith(DOCUMENT) and not _COMMENT.match(line):
            fields = [field.strip() for field in line.split("\t")] if "\t" in line else line.split()
            self.most = max(self.most, len(fields))
            if len(fields) < 2 or not fields[0] or not fields[-1]:
                raise DataError(
                    "a word without a tag",
                    where=self.given.where(number),
                    expected="a word and its tag, with a tab or a blank between",
                    received=repr(line[:60]),
                    fix="add the tag (O for a word outside of all names), or remove the line",
                )
            word, tag = (_BLANKS.sub("_", fields[at]) for at in (0, -1))
            self.open.append((number, word, tag))

    def _close(self) -> None:
        if self.open:
            lines, words, tags = zip(*self.open, strict=True)
            self.lines.append(lines[0])
            self.texts.append(" ".join(words))
            self.tags.append(" ".join(tags))
            self.open = []

    def table(self) -> FrameTable:
        """Return the table.

        Raises:
            DataError: there is no sentence.
        """
        self._close()
        if not self.texts:
            fix = "write a word and its tag on each line"
            raise DataError("there is no word", where=self.given.source, fix=fix)
        left = f"left out: columns 2 to {self.most - 1} of {self.most}, between word and tag"
        return FrameTable(
            pl.DataFrame({"text": self.texts, "tags": self.tags}),
            source=self.given.source,
            first_line=1,
            lines=np.array(self.lines),
            remarks=(*self.given.remarks, *([left] if self.most > 2 else [])),
            doubts=self.given.doubts,
            clean=False,
        )
