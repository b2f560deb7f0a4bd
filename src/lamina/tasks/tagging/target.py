"""Tags as targets: a code for each word of a text, and tags again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.json_checks import record, wrong
from lamina.core.tag_scheme import NO_TAG, OUTSIDE, Scheme, codes_of
from lamina.core.wording import counted
from lamina.data.table import AbstractTable
from lamina.modalities.text.encoder import texts_of
from lamina.modalities.text.stored import MOST_LENGTH
from lamina.tasks.base import AbstractTarget

_FORM = record(
    names=json_checks.texts,
    words=json_checks.text,
    labels=json_checks.texts,
    length=json_checks.size,
    strict=json_checks.flag,
)
SHOWN = 12  # tags in a message


class TagTarget(AbstractTarget):
    """A tag for each word.

    Args:
        name: the column of tags.
        text: the column of texts.
        labels: the tags, sorted.
        length: words of a text that the network reads.
        is_strict: whether no training row goes on with an entity that does not stand before.
    """

    def __init__(self, name: str, text: str, labels: tuple[str, ...], length: int, *, is_strict: bool):
        self.names, self.text, self.labels = (name,), text, labels
        self.length, self.is_strict = length, is_strict

    @staticmethod
    def fit(table: AbstractTable, name: str, text: str, rows: np.ndarray, length: int) -> TagTarget:
        """Return the tags of the training rows.

        Args:
            table: the data.
            name: the column of tags.
            text: the column of texts.
            rows: the training rows.
            length: words of a text that the network reads.

        Raises:
            DataError: a row has not as many tags as words, or there is one tag only.
        """
        sentences = sentences_of(table, name, text, rows)
        labels = tuple(sorted({tag for tags in sentences for tag in tags}))
        if len(labels) < 2:
            raise DataError(
                "every word has the same tag: there is nothing to learn",
                where=table.where(name=name),
                received=repr(labels[0]) if labels else "no tag",
                fix="name the column of tags",
            )
        loose = TagTarget(name, text, labels, length, is_strict=False)
        codes = loose._codes(table, sentences, rows, max(map(len, sentences)))
        scheme = Scheme(labels)
        is_strict = scheme.has_entities and not scheme.breaks(codes).any()
        return TagTarget(name, text, labels, length, is_strict=bool(is_strict))

    @property
    def name(self) -> str:
        """The column of tags."""
        return self.names[0]

    @property
    def outside(self) -> str:
        """The tag of words that the network did not read."""
        return OUTSIDE if OUTSIDE in self.labels else self.labels[0]

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return codes int32 (n, length), cut off and filled up by -1.

        Raises:
            DataError: the column is absent, a row has not as many tags as words, or a tag that training
                never saw.
        """
        rows = np.arange(table.height) if rows is None else np.asarray(rows)
        return self._codes(table, sentences_of(table, self.name, self.text, rows), rows, self.length)

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return codes int32 of all words, (n, words of the longest text or more)."""
        rows = np.arange(table.height)
        sentences = sentences_of(table, self.name, self.text, rows)
        width = max([self.length, *map(len, sentences)])
        return self._codes(table, sentences, rows, width)

    def _codes(
        self, table: AbstractTable, sentences: Sequence[Sequence[str]], rows: np.ndarray, width: int
    ) -> np.ndarray:
        known = {label: code for code, label in enumerate(self.labels)}
        for row, tags in zip(rows.tolist(), sentences, strict=True):
            foreign = next((tag for tag in tags if tag not in known), None)
            if foreign is not None:
                more = " …" if len(self.labels) > SHOWN else ""
                raise DataError(
                    "tag that training never saw",
                    where=table.where(row, self.name),
                    expected=f"one of {', '.join(map(repr, self.labels[:SHOWN]))}{more}",
                    received=repr(foreign),
                    fix="correct the tag, remove the row, or train with rows of this tag",
                )
        return codes_of([[known[tag] for tag in tags] for tags in sentences], width)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the tags of each text, with blanks between, of codes (n, words)."""
        return np.array([self.caption(codes) for codes in decoded], object)

    def caption(self, value: Any) -> str:
        """Return the tags of one text, with blanks between."""
        return " ".join(self.labels[code] for code in np.asarray(value).tolist() if code != NO_TAG)

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {
            "names": list(self.names),
            "words": self.text,
            "labels": list(self.labels),
            "length": self.length,
            "strict": self.is_strict,
        }

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> TagTarget:
        """Return the target in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        labels = stored["labels"]
        if len(stored["names"]) != 1:
            raise wrong(f"{place}.names", "1 for this task", stored["names"])
        if (
            len(labels) < 2
            or labels != sorted(set(labels))
            or not all(label.split() == [label] for label in labels)
        ):
            raise wrong(f"{place}.labels", "2 or more different tags, sorted", labels)
        if stored["length"] > MOST_LENGTH:
            raise wrong(f"{place}.length", f"1 to {MOST_LENGTH}", stored["length"])
        return TagTarget(
            stored["names"][0], stored["words"], tuple(labels), stored["length"], is_strict=stored["strict"]
        )


def sentences_of(table: AbstractTable, name: str, text: str, rows: np.ndarray) -> list[list[str]]:
    """Return the tags of some rows, as many as the words of their texts.

    Args:
        table: the data.
        name: the column of tags.
        text: the column of texts.
        rows: indices.

    Raises:
        DataError: a column is absent, or the numbers differ, with the row.
    """
    table.require(name, "target column", fix="add the column; predict works without it")
    given, texts = texts_of(table, name, verbatim=True), texts_of(table, text, verbatim=True)
    found = []
    for row in np.asarray(rows).tolist():
        tags, words = given[row].split(), len(texts[row].split())
        if len(tags) != words:
            raise DataError(
                f"{counted(len(tags), 'tag')} for {counted(words, 'word')}",
                where=table.where(row, name),
                expected=f"as many as the words of '{text}', with blanks between",
                fix="correct the row, or remove it",
            )
        found.append(tags)
    return found
