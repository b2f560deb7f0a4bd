"""Texts as the arrays a model takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import DataError, suggest
from lamina.core.inputs.text import TextInputs
from lamina.data.sample import sample_indices
from lamina.data.table import AbstractTable
from lamina.data.texts.column import FileTextColumn
from lamina.modalities.base import AbstractEncoder, Strange
from lamina.modalities.text.letters import BYTES, CHARACTERS, Bytes, Characters
from lamina.modalities.text.ngrams import NGRAMS, Ngrams
from lamina.modalities.text.pieces import BPE, UNIGRAM, Pieces
from lamina.modalities.text.words import WORDS, Words

Tokens = Ngrams | Pieces | Words | Characters | Bytes
TOKENS = (NGRAMS, BPE, UNIGRAM, WORDS, CHARACTERS, BYTES)
VOCABULARY = {NGRAMS: 60_000, BPE: 8_000, UNIGRAM: 8_000, WORDS: 50_000, CHARACTERS: 1_000, BYTES: 256}
LONGEST = {NGRAMS: 1_536, BPE: 256, UNIGRAM: 256, WORDS: 1_024, CHARACTERS: 512, BYTES: 512}
WITH_UNKNOWN = (BPE, UNIGRAM, WORDS, CHARACTERS)  # in which what training never saw is symbol 0
UNKNOWN_SHARE = 0.5  # of the symbols of a text that is unlike those of training
MOST_FITTED = 200_000  # texts
MOST_LEARNED_FROM = 10_000_000  # bytes of texts that stay in their files
BYTES_OF_SYMBOL = 16  # at most, on average, in texts that stay in their files
MULTIPLE = 16  # lengths are rounded up to it, so that kernels run whole vectors
FEWEST_IN_CLASSES = 5_000  # texts; with fewer, a compilation for each length class costs more than it saves
COVERED = 0.995  # of the training texts are not cut off


class TextEncoder(AbstractEncoder):
    """Translate texts into ``{"ids": int32 (n, t), "scale": float32 (n, t)}``, filled up by -1 and 0.

    What a text is cut into, and the length t, are learned from training rows only. All texts have the length
    t, or one of few length classes (`lamina.data.ragged`), so that nothing is compiled anew for another
    length. A missing text is an empty one.

    Args:
        name: the column of texts.
        tokens: what a text is cut into.
        length: symbols of a text at most.
        ends: whether there is a further symbol, the last one, that stands for the end of a text.

    Example:
        >>> from lamina.data import read
        >>> table = read({"note": ["a cat", "a dog"], "y": [0, 1]})
        >>> encoder = TextEncoder.fit(table, "note", tokens="characters")
        >>> encoder.transform(table)["ids"].shape, encoder.inputs.symbols
        ((2, 16), 8)
    """

    def __init__(self, name: str, tokens: Tokens, length: int, *, ends: bool = False):
        self.name, self.tokens, self.length, self.ends = name, tokens, length, ends

    @staticmethod
    def fit(
        table: AbstractTable,
        name: str,
        *,
        rows: np.ndarray | None = None,
        tokens: str = NGRAMS,
        vocabulary: int | None = None,
        length: int | None = None,
        lowercase: bool = True,
        verbatim: bool = False,
        ends: bool = False,
    ) -> TextEncoder:
        """Return the encoder fitted to the training rows, to at most 200,000 of them.

        Args:
            table: the data.
            name: the column of texts.
            rows: indices of the training rows; all without.
            tokens: what a text is cut into: ``"ngrams"``, ``"bpe"``, ``"unigram"``, ``"words"``,
                ``"characters"`` or ``"bytes"``.
            vocabulary: how many different ones at most.
            length: of a text at most; without, what covers 99.5 % of the training texts, of words all.
            lowercase: whether capital letters become small ones.
            verbatim: whether texts are learned as they stand, with their case, blanks and line ends.
            ends: whether there is a symbol for the end of a text.

        Raises:
            DataError: there is no such column, or no text in it.
        """
        rows = np.arange(table.height) if rows is None else np.asarray(rows)
        sample = _sampled(table, name, rows, verbatim=verbatim or tokens == WORDS)
        if not any(text.strip() for text in sample):
            raise DataError(
                "the texts are all empty", where=table.where(name=name), fix=f"leave it out: drop={name}"
            )
        learned = _learned(sample, tokens, vocabulary or VOCABULARY[tokens], lowercase, verbatim)
        return TextEncoder(name, learned, length or _longest(learned, sample), ends=ends)

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of texts."""
        return (self.name,)

    @property
    def inputs(self) -> TextInputs:
        """What a model must know of the texts."""
        parts = len(self.tokens.parts) if isinstance(self.tokens, Words) else 0
        return TextInputs(self.tokens.symbols + self.ends, self.length, self.tokens.is_ordered, parts)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> dict[str, Any]:
        """Return the symbols of all rows, or of the given ones; of many texts as `Ragged` rows.

        Args:
            table: the data.
            rows: indices of rows; all without.

        Raises:
            DataError: there is no such column.
        """
        texts = self.texts(table, rows)
        if len(texts) < FEWEST_IN_CLASSES or not self.tokens.is_ordered:
            return self.encoded(texts)
        return self.tokens.encode(texts).ragged(self.length)

    def texts(self, table: AbstractTable, rows: np.ndarray | None = None) -> list[str]:
        """Return the texts of all rows, or of the given ones, as they are cut.

        Args:
            table: the data.
            rows: indices of rows; all without.

        Raises:
            DataError: there is no such column.
        """
        table = table if rows is None else table.take(np.asarray(rows))
        verbatim = isinstance(self.tokens, Words) or getattr(self.tokens, "verbatim", False)
        column = table.column(self.name) if self.name in table.names else None
        if isinstance(column, FileTextColumn):
            return column.ranges.heads(BYTES_OF_SYMBOL * self.length)  # what is longer is cut off
        return texts_of(table, self.name, verbatim=verbatim)

    def encoded(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the symbols of texts; each text is cut once, however often it stands there.

        Args:
            texts: as they were given.
        """
        place: dict[str, int] = {}
        number = np.array([place.setdefault(text, len(place)) for text in texts], np.int64)
        bags = self.tokens.encode(list(place))
        if not self.tokens.is_ordered:
            bags = bags.shortened(self.length)
        arrays = bags.padded(self.length)
        if len(place) == len(texts):
            return arrays
        return {name: array[number] for name, array in arrays.items()}

    def strange(self, table: AbstractTable, arrays: Any) -> Iterator[Strange]:
        """Yield the texts of which training saw hardly anything: no n-gram, or half of the characters.

        Args:
            table: new data.
            arrays: of all its rows, from `transform`.
        """
        texts = self.texts(table)
        ids = (
            arrays["ids"]
            if isinstance(arrays["ids"], np.ndarray)
            else arrays["ids"].take(np.arange(len(texts)))
        )
        held = (ids >= 0).sum(axis=1)
        unknown = (ids == 0).sum(axis=1) if self.tokens.kind in WITH_UNKNOWN else np.zeros(len(texts), int)
        doubtful = np.flatnonzero((held == 0) | (unknown >= UNKNOWN_SHARE * held))
        rows = np.array([row for row in doubtful.tolist() if texts[row].strip()], np.int64)
        if rows.size:
            words = "texts of which training saw hardly anything"
            yield Strange(self.name, "unknown-text", words, rows, texts[rows[0]][:60])

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        stored = {"name": self.name, "length": self.length, "tokens": self.tokens.to_json()}
        return {**stored, "ends": True} if self.ends else stored

    @staticmethod
    def from_json(stored: dict[str, Any]) -> TextEncoder:
        """Return the encoder that :meth:`to_json` stored."""
        return TextEncoder(
            stored["name"], _restored(stored["tokens"]), stored["length"], ends=stored.get("ends", False)
        )


def texts_of(table: AbstractTable, name: str, *, verbatim: bool = False) -> list[str]:
    """Return the texts of a column, an empty one where it is missing.

    Args:
        table: the data.
        name: the column.
        verbatim: whether blanks around a text are kept, and words such as ``NA`` are texts.

    Raises:
        DataError: there is no such column.
    """
    if name not in table.names:
        raise DataError(
            f"column '{name}' is absent{suggest(name, table.names)}",
            where=table.source,
            expected="the texts that the network learned from",
            fix="give the data the columns of the training data, by the same names",
        )
    table.scalar(name)  # cells are refused
    found = (table.labels(name) if verbatim else table.scalar(name)).distinct()
    words = [*found.spellings(), ""]  # the last one is where a code of -1 leads
    return [words[code] for code in found.codes.tolist()]


def _sampled(table: AbstractTable, name: str, rows: np.ndarray, *, verbatim: bool) -> list[str]:
    """Return the texts that are learned from, of all of them where they are few."""
    column = table.column(name) if name in table.names else None
    if isinstance(column, FileTextColumn):
        own = column.ranges.take(rows)
        most = max(1, len(own) * MOST_LEARNED_FROM // max(1, own.nbytes))
        return own.take(sample_indices(len(own), min(most, MOST_FITTED))).heads(MOST_LEARNED_FROM)
    texts = texts_of(table, name, verbatim=verbatim)
    return [texts[row] for row in rows[sample_indices(rows.size, MOST_FITTED)].tolist()]


def _longest(learned: Tokens, sample: list[str]) -> int:
    """Return the symbols of a text at most, where nobody says."""
    lengths = learned.encode(sample).lengths
    share = 1.0 if learned.kind == WORDS else COVERED  # every word may have a tag
    covered = int(np.quantile(lengths, share, method="higher"))
    return min(LONGEST[learned.kind], -(-max(1, covered) // MULTIPLE) * MULTIPLE)


def _learned(texts: list[str], tokens: str, most: int, lowercase: bool, verbatim: bool) -> Tokens:
    if tokens == NGRAMS:
        return Ngrams.fit(texts, most=most, lowercase=lowercase)
    if tokens in (BPE, UNIGRAM):
        return Pieces.fit(texts, kind=tokens, most=most, lowercase=lowercase, verbatim=verbatim)
    if tokens == WORDS:
        return Words.fit(texts, most=most, lowercase=lowercase)
    if tokens == BYTES:
        return Bytes(lowercase, verbatim)
    return Characters.fit(texts, most=most, lowercase=lowercase, verbatim=verbatim)


def _restored(stored: dict[str, Any]) -> Tokens:
    own: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in stored.items() if name != "kind"
    }
    if stored["kind"] == NGRAMS:
        return Ngrams(**own)
    if stored["kind"] in (BPE, UNIGRAM):
        return Pieces(stored["kind"], **own)
    if stored["kind"] == WORDS:
        return Words(**own)
    return Characters(**own) if stored["kind"] == CHARACTERS else Bytes(**own)
