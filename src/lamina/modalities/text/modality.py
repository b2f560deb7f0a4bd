"""Free text as a modality: one column of texts is one block."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.keys import key, one_of, up_to
from lamina.data.table import AbstractColumn, AbstractTable
from lamina.data.texts.table import FileTextTable
from lamina.modalities.base import (
    AbstractModality,
    Block,
    Choice,
    Description,
    Learned,
    Outcome,
    Situation,
    Subject,
)
from lamina.modalities.registry import MODALITIES
from lamina.modalities.text.check import TextCheck
from lamina.modalities.text.choose import MOST_FOR_FOLDS, choose
from lamina.modalities.text.claim import is_free_text, readable
from lamina.modalities.text.encoder import TOKENS, TextEncoder, texts_of
from lamina.modalities.text.ngrams import NGRAMS
from lamina.modalities.text.stored import MOST_LENGTH, check_encoder

if TYPE_CHECKING:
    from lamina.core.page import Section

TEXT = "text"
MOST_TOKENS = 1_000_000
NAMELESS = ("x0", "text")  # columns of data without names, as of a list or a text file


@dataclass(frozen=True)
class TextKeys:
    """The keys of texts."""

    tokens: str | None = key(
        None,
        "what a text is cut into: n-grams of words and characters, pieces of words, words, characters, bytes",
        **one_of(*TOKENS),
    )
    vocabulary: int | None = key(None, "different tokens that are told apart, at most", **up_to(MOST_TOKENS))
    text_length: int | None = key(
        None, "tokens of a text, at most; the rest is cut off", **up_to(MOST_LENGTH)
    )
    lowercase: bool | None = key(None, "capital letters of a text become small ones")
    verbatim: bool | None = key(
        None, "texts are learned as they stand, with their blanks and line ends, and capital letters"
    )
    end_symbol: bool | None = key(None, "one more symbol stands for the end of a text")

    def __post_init__(self) -> None:
        if self.verbatim and self.lowercase:
            raise ConfigError("lowercase and verbatim contradict one another", fix="leave one of the two out")


class TextModality(AbstractModality):
    """Free text: sentences, titles, names."""

    name = noun = TEXT
    kinds = (TEXT,)
    reads = ("string",)
    keys = TextKeys
    folds = {"best": 5}  # noqa: RUF012
    most_for_folds = MOST_FOR_FOLDS

    def claim(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | None:
        """Return the column if it holds sentences, or names that hardly ever repeat."""
        return column if is_free_text(column) else None

    def rejoin(self, table: AbstractTable, name: str) -> AbstractTable:
        """Return texts that have no name, as those of a list or a text file, under that of training."""
        if len(table.names) != 1 or table.names[0] not in NAMELESS or table.names[0] == name:
            return table
        if not readable(table.column(table.names[0])):
            return table
        if isinstance(table, FileTextTable):
            return table.renamed(name)
        from lamina.data.source import read

        return read({name: np.array(texts_of(table, table.names[0], verbatim=True), object)})

    def describe(
        self, table: AbstractTable, names: Sequence[str], *, keep: Sequence[str]
    ) -> list[Description]:
        """Return that each column holds text."""
        return [Description(name, TEXT) for name in names]

    def check(self, subject: Subject, block: Block, keys: TextKeys) -> TextCheck:
        """Return the checks of the texts."""
        return TextCheck(subject, block)

    def fit(self, table: AbstractTable, block: Block, rows: np.ndarray, keys: TextKeys) -> TextEncoder:
        """Learn tokens and their rarity from training rows."""
        return TextEncoder.fit(
            table,
            block.columns[0].name,
            rows=rows,
            tokens=keys.tokens or NGRAMS,
            vocabulary=keys.vocabulary,
            length=keys.text_length,
            lowercase=not keys.verbatim if keys.lowercase is None else keys.lowercase,
            verbatim=bool(keys.verbatim),
            ends=bool(keys.end_symbol),
        )

    def restore(self, stored: dict[str, Any], place: str) -> TextEncoder:
        """Return the encoder in an artifact's JSON."""
        check_encoder(stored, place)
        return TextEncoder.from_json(stored)

    def choose(self, situation: Situation) -> Choice:
        """Return a bag of embeddings for n-grams, a transformer for tokens in their order."""
        return choose(situation)

    def settle(self, keys: TextKeys, learned: Learned) -> TextKeys:
        """Return the keys with what was found from the data."""
        encoder: TextEncoder = learned.encoder
        tokens: Any = encoder.tokens
        return dataclasses.replace(
            keys,
            tokens=tokens.kind,
            text_length=encoder.length,
            lowercase=tokens.lowercase,
            verbatim=getattr(tokens, "verbatim", False),
            end_symbol=encoder.ends,
        )

    def sections(self, outcome: Outcome, block: Block, encoder: TextEncoder) -> list[Section]:
        """Return the hardest texts, and the words that matter."""
        from lamina.modalities.text.sections import text_sections

        return text_sections(outcome, block.columns[0].name, encoder)


MODALITIES.add(TEXT, TextModality())
