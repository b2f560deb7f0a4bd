"""How texts are cut, and which model translates them with which keys, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.inputs import Inputs, PairInputs
from lamina.core.inputs.text import TextInputs
from lamina.modalities.base import Block, Choice, Situation
from lamina.modalities.text.pieces import BPE
from lamina.tasks.guide import AbstractGuide, vocabulary_for, writing_keys

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims
    from lamina.tasks.base import AbstractTarget

TRANSFORMER = "transformer"
STEPS = {"fast": 1_500, "balanced": 6_000, "best": 15_000}
MOST_BATCH = 128
FEWEST_BATCHES = 32  # of an epoch, before a batch is made smaller
MOST_EPOCHS = 100
# Not tuned: pairs up to which a network of this size is trained: (pairs, width, depth, dropout).
_SIZES = ((5_000, 128, 2, 0.3), (50_000, 192, 3, 0.2), (1 << 62, 256, 3, 0.1))
PAIRS_PER_PIECE = 12


class TranslationGuide(AbstractGuide):
    """How the source is cut, and what translates it."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return how the source is cut: into pieces of words, its capital letters kept."""
        return {
            "tokens": BPE,
            "lowercase": False,
            "vocabulary": vocabulary_for(claims.table.height, per_piece=PAIRS_PER_PIECE),
        }

    def inputs(self, given: Inputs, target: AbstractTarget) -> Inputs:
        """Return what a model is told about source and target, both of the length of the longer one."""
        own: Any = target
        source, written = _texts(given), own.encoder.inputs
        length = max(source.length, written.length)
        return PairInputs(*(TextInputs(one.symbols, length, one.is_ordered) for one in (source, written)))

    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return model, options and keys for so many pairs."""
        name, reason = situation.model, "you asked for it"
        options: dict[str, Any] = {}
        if name == "auto":
            name, reason = TRANSFORMER, "an encoder reads the whole source, a decoder asks it at each symbol"
            sizes = next(own[1:] for own in _SIZES if situation.examples <= own[0])
            options = dict(zip(("size", "depth", "dropout"), sizes, strict=True))
        batch = max(1, min(MOST_BATCH, situation.examples // FEWEST_BATCHES))
        epochs = round(STEPS[situation.preset] * batch / max(1, situation.examples))
        keys = {**writing_keys(), "batch_size": batch, "epochs": max(1, min(MOST_EPOCHS, epochs))}
        return Choice(name, options, keys, reason)


def _texts(given: Inputs) -> TextInputs:
    if not isinstance(given, TextInputs):
        raise TypeError(f"a source is a text, not {given}")
    return given
