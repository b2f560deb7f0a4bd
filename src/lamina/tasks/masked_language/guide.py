"""How texts are cut, and which model guesses what is hidden in them, where the user leaves it open."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.modalities.text.pieces import BPE
from lamina.tasks.guide import AbstractGuide, vocabulary_for
from lamina.tasks.language.guide import Usual, choose, context_for, size_of

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims
    from lamina.tasks.base import AbstractTarget

# Not tuned.
USUAL = Usual(
    "bert",
    "an encoder sees both sides of what is hidden",
    ((100_000, 128, 3, 0.2), (20_000_000, 192, 4, 0.1), (1 << 62, 384, 6, 0.0)),
)
CHARACTERS_PER_PIECE = 300  # of all texts: a piece that hardly ever stands there is not learned


class MaskedLanguageGuide(AbstractGuide):
    """How texts are cut, and what learns them."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return how texts are cut: as they stand, into pieces of words."""
        size = size_of(claims.table.labels(schema.inputs[0].name))
        return {
            "tokens": BPE,
            "verbatim": True,
            "end_symbol": True,
            "vocabulary": vocabulary_for(size, per_piece=CHARACTERS_PER_PIECE),
            "text_length": keys.context or context_for(size),
        }

    def inputs(self, given: Inputs, target: AbstractTarget) -> Inputs:
        """Return what a model is told about the texts: there is one more symbol, the mask."""
        if not isinstance(given, TextInputs):
            raise TypeError(f"texts are read, not {given}")
        return dataclasses.replace(given, symbols=given.symbols + 1)

    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return model, options and keys for so many tokens."""
        own: Any = target  # a `lamina.tasks.language.target.LanguageTarget`
        return choose(situation, own.tokens, own.context, usual=USUAL)
