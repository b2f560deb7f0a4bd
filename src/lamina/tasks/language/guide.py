"""How texts are cut, and which model learns them with which keys, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lamina.data.table import ScalarColumn
from lamina.data.texts.column import FileTextColumn
from lamina.modalities.base import Block, Choice, Situation
from lamina.modalities.text.letters import CHARACTERS
from lamina.modalities.text.pieces import BPE
from lamina.tasks.guide import AbstractGuide, writing_keys

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims
    from lamina.tasks.base import AbstractTarget

BATCH_TOKENS = 4_096  # tokens of a batch
MOST_BATCH = 64
STEPS = {"fast": 500, "balanced": 1_800, "best": 6_000}
LARGE = 20_000_000  # characters; longer texts are cut into pieces of words
MOST_CHARACTERS = 1_000  # different ones; scripts with more are cut into pieces
MOST_JUDGED = 1_000_000  # characters of a text
MOST_EPOCHS = 200
MOST_STEPS_OF_EPOCH = 500


@dataclass(frozen=True)
class Usual:
    """What is taken where nobody asked for a model.

    Args:
        model: its name.
        reason: why it is taken.
        sizes: tokens up to which a network of this size is trained: (tokens, width, depth, dropout).
    """

    model: str
    reason: str
    sizes: tuple[tuple[int, int, int, float], ...]


# Only the second size is measured, by benchmarks/rows/language.py: docs/log.md, "llama by default".
USUAL = Usual(
    "llama",
    "a decoder reads all tokens of a window at once, and learns fastest from them",
    ((100_000, 128, 3, 0.2), (20_000_000, 192, 6, 0.1), (1 << 62, 384, 6, 0.0)),
)


class LanguageGuide(AbstractGuide):
    """How texts are cut, and what learns them."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return how texts are cut: as they stand, into characters, or into pieces where they are long."""
        column = claims.table.labels(schema.inputs[0].name)
        size, texts = size_of(column), _beginnings(column)
        few = size <= LARGE and len(set().union(*texts)) <= MOST_CHARACTERS
        tokens, context = CHARACTERS if few else BPE, keys.context or context_for(size)
        return {"tokens": tokens, "verbatim": True, "end_symbol": True, "text_length": context}

    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return model, options and keys for so many tokens."""
        own: Any = target  # a `LanguageTarget`
        return choose(situation, own.tokens, own.context)


def size_of(column: ScalarColumn) -> int:
    """Return how many characters texts have; of texts that stay in their files, how many bytes.

    Args:
        column: of texts.
    """
    if isinstance(column, FileTextColumn):
        return column.ranges.nbytes
    return sum(map(len, column.distinct().spellings()))


def _beginnings(column: ScalarColumn) -> list[str]:
    """Return what is looked at of each text; of texts that stay in their files less, where they are many."""
    if isinstance(column, FileTextColumn):
        return column.ranges.heads(max(1, MOST_JUDGED // max(1, len(column))))
    return [text[:MOST_JUDGED] for text in column.distinct().spellings()]


def context_for(characters: int) -> int:
    """Return how many tokens are read at once for a text of a length.

    Args:
        characters: of all texts.

    Example:
        >>> context_for(1_000), context_for(1_000_000)
        (32, 128)
    """
    return 32 if characters < 20_000 else (64 if characters < 200_000 else 128)


def choose(situation: Situation, tokens: int, context: int, *, usual: Usual = USUAL) -> Choice:
    """Return model, options and keys.

    Args:
        situation: what the model is chosen for.
        tokens: of the training texts.
        context: tokens that are read at once.
        usual: what is taken where nobody asked for a model.
    """
    name, reason = situation.model, "you asked for it"
    options: dict[str, Any] = {}
    if name == "auto":
        name, reason = usual.model, usual.reason
        width, depth, dropout = next(own[1:] for own in usual.sizes if tokens <= own[0])
        options = {"size": width, "depth": depth, "dropout": dropout}
    windows = max(1, tokens // context)
    batch = max(1, min(MOST_BATCH, BATCH_TOKENS // context, windows // 4))
    steps = STEPS[situation.preset]
    keys: dict[str, Any] = {**writing_keys(), "batch_size": batch}
    if windows > MOST_STEPS_OF_EPOCH * batch:  # a pass would be too long to wait for
        keys |= {"steps_per_epoch": MOST_STEPS_OF_EPOCH, "epochs": -(-steps // MOST_STEPS_OF_EPOCH)}
    else:
        keys |= {"epochs": max(1, min(MOST_EPOCHS, round(steps * batch / windows)))}
    return Choice(name, options, keys, reason)
