"""Free text as a modality: one column of texts is one block."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import key, one_of, up_to
from lamina.data.table import AbstractColumn, AbstractTable
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
NAMELESS = "x0"  # the column of data without names, as of a list


@dataclass(frozen=True)
class TextKeys:
    """The keys of texts."""

    tokens: str | None = key(
        None,
        "what a text is cut into: n-grams of words and characters, pieces of words, characters or bytes",
        **one_of(*TOKENS),
    )
    vocabulary: int | None = key(None, "different tokens that are told apart, at most", **up_to(MOST_TOKENS))
    text_length: int | None = key(
        None, "tokens of a text, at most; the rest is cut off", **up_to(MOST_LENGTH)
    )
    lowercase: bool = key(True, "capital letters of a text become small ones")


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
        """Return a list of texts, which has no names, under the name that training gave them."""
        if table.names != (NAMELESS,) or name == NAMELESS or not readable(table.column(NAMELESS)):
            return table
        from lamina.data.source import read

        return read({name: np.array(texts_of(table, NAMELESS), object)})

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
            lowercase=keys.lowercase,
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
        return dataclasses.replace(keys, tokens=encoder.tokens.kind, text_length=encoder.length)

    def sections(self, outcome: Outcome, block: Block, encoder: TextEncoder) -> list[Section]:
        """Return the hardest texts, and the words that matter."""
        from lamina.modalities.text.sections import text_sections

        return text_sections(outcome, block.columns[0].name, encoder)


MODALITIES.add(TEXT, TextModality())
