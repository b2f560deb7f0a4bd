"""Checks of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from lamina.core.wording import counted, plain
from lamina.data.audit import duplicates
from lamina.data.audit.duplicates import WORTH_A_WARNING
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.sample import sample_indices
from lamina.data.split import Split
from lamina.data.table import AbstractTable
from lamina.data.texts.column import FileTextColumn
from lamina.data.texts.ranges import digest_of
from lamina.modalities.base import AbstractCheck, Block, Subject
from lamina.modalities.text.encoder import texts_of
from lamina.modalities.text.giveaway import Giveaway, find_giveaway
from lamina.modalities.text.normal import normalized

MOST_JUDGED = 20_000  # texts in which marks of a class are looked for
SHOWN = 60  # characters of a text in a message


class TextCheck(AbstractCheck):
    """The checks of one column of texts.

    Args:
        subject: the data with their roles.
        block: the column of texts.
    """

    def __init__(self, subject: Subject, block: Block):
        self.subject, self.table, self.schema = subject, subject.table, subject.schema
        self.name = block.columns[0].name
        self.is_alone = len(self.schema.inputs) == 1  # else other columns tell a row, which may lack its text

    @cached_property
    def texts(self) -> list[str]:
        """The texts in one form, whatever their case."""
        return normal_texts(self.table, self.name)

    def findings(self) -> Iterator[Finding]:
        """Yield what is to be said of the texts themselves."""
        yield from self._of_empty()
        if self.schema.has_classes:
            yield from self._of_marks()

    def _of_empty(self) -> Iterator[Finding]:
        if _in_files(self.table, self.name):
            return  # a text of this size is not empty
        empty = np.flatnonzero([not text for text in self.texts])
        if not empty.size:
            return
        where = self.table.where(int(empty[0]), self.name)
        if empty.size == len(self.texts):
            yield error("empty-text", where, "the texts are all empty", f"leave it out: drop={self.name}")
            return
        say = warning if self.is_alone and empty.size > WORTH_A_WARNING * len(self.texts) else note
        message = f"{counted(empty.size, 'text')} {'is' if empty.size == 1 else 'are'} empty"
        yield say("empty-text", where, message, "fill them in, or remove the rows" if self.is_alone else "")

    def _of_marks(self) -> Iterator[Finding]:
        """Yield a warning for a word or phrase that names the class by itself."""
        target = self.table.labels(self.schema.targets[0]).distinct()
        rows = np.flatnonzero(target.codes >= 0)
        rows = rows[sample_indices(rows.size, MOST_JUDGED)]
        found = find_giveaway([self.texts[row] for row in rows.tolist()], target.codes[rows])
        if found is None or self.name in self.subject.keep:
            return
        fix = (
            f"remove it from the texts, unless new texts will hold it too; to silence this: keep={self.name}"
        )
        message = _words_of_mark(found, target.values)
        yield warning("gives-label-away", self.table.where(name=self.name), message, fix)

    def across(self, split: Split) -> Iterator[Finding]:
        """Yield what is to be said of held-out texts that equal a training text."""
        held = np.sort(np.concatenate([split.valid, split.test]))
        texts = _compared(self.table, self.name) if _in_files(self.table, self.name) else self.texts
        yield from self._of_copies(self.table, texts, texts, held, split, "held-out")

    def second(self, other: AbstractTable, split: Split) -> Iterator[Finding]:
        """Yield what is wrong with test data of their own."""
        if _in_files(self.table, self.name) or _in_files(other, self.name):
            known, texts = _compared(self.table, self.name), _compared(other, self.name)
        else:
            known, texts = self.texts, normal_texts(other, self.name)
        yield from self._of_copies(other, known, texts, np.arange(len(texts)), split, "test")

    def _of_copies(
        self,
        table: AbstractTable,
        own: Sequence[Any],
        texts: Sequence[Any],
        held: np.ndarray,
        split: Split,
        name: str,
    ) -> Iterator[Finding]:
        """Yield a finding for copies, unless texts repeat everywhere, as questions of a form do."""
        if len({*own}) < 0.5 * len(own):
            return
        known = {own[row] for row in split.train.tolist()} - {""}
        copies = np.array([row for row in held.tolist() if texts[row] in known], np.int64)
        words = f"{name} texts equal a training text"
        fix = 'remove the copies, or keep them on one side with group="..."'
        yield from duplicates.of_repeated(
            table, copies, held.size, words, fix, column=self.name, is_grave=self.is_alone
        )


def normal_texts(table: AbstractTable, name: str) -> list[str]:
    """Return the texts of a column in Unicode's form NFKC, in small letters.

    Args:
        table: the data.
        name: the column.
    """
    return [normalized(text, lowercase=True) for text in texts_of(table, name)]


def _in_files(table: AbstractTable, name: str) -> bool:
    """Return whether the texts of a column stay in their files."""
    return isinstance(table.column(name), FileTextColumn)


def _compared(table: AbstractTable, name: str) -> list[Any]:
    """Return what tells texts apart, where some stay in their files: numbers, equal where the bytes are."""
    column = table.column(name)
    if isinstance(column, FileTextColumn):
        return column.ranges.digests().tolist()
    texts = (text.encode("utf-8", "replace") for text in texts_of(table, name, verbatim=True))
    return [digest_of(text, len(text)) for text in texts]


def _words_of_mark(found: Giveaway, classes: Sequence[object]) -> str:
    share, others = f"{found.coverage:.0%}", f"{found.outside:.1%}" if found.outside else "none"
    return (
        f"'{plain(found.phrase, SHOWN)}' stands in {share} of the texts of class '{classes[found.label]}' "
        f"and in {others} of the others: it may give the label away"
    )
