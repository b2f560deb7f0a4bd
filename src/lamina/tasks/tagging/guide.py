"""How texts are cut, and which model tags them with which keys, where the user leaves it open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.modalities.base import Block, Choice, Situation
from lamina.modalities.text.words import WORDS
from lamina.tasks.guide import AbstractGuide

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.modalities.blocks import Claims
    from lamina.tasks.base import AbstractTarget

LSTM = "lstm"
# Measured on the validation sentences of benchmarks/rows/snips_slots.py; see docs/log.md.
_KEYS: dict[str, Any] = {
    "optimizer": "adamw",
    "schedule": "cosine",
    "lr": 3e-3,
    "warmup": 0.05,
    "weight_decay": 0.01,
    "clip": 1.0,
    "monitor": "token_accuracy",
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}
_OPTIONS: dict[str, Any] = {"size": 128, "depth": 1, "dropout": 0.5}
MOST_BATCH = 32
STEPS = {"fast": 1_500, "balanced": 6_000, "best": 12_000}
FEWEST_EPOCHS, MOST_EPOCHS = 4, 60


class TaggingGuide(AbstractGuide):
    """How texts are cut, and what learns their tags."""

    def reading(self, claims: Claims, schema: Schema, keys: Any) -> Mapping[str, Any]:
        """Return that texts are cut into words, whose capital letters count."""
        return {"tokens": WORDS, "lowercase": False}

    def choose(self, situation: Situation, blocks: Sequence[Block], target: AbstractTarget) -> Choice:
        """Return model, options and keys."""
        return choose(situation)


def choose(situation: Situation) -> Choice:
    """Return model, options and keys.

    Args:
        situation: what the model is chosen for.
    """
    name, reason, options = situation.model, "you asked for it", {}
    if name == "auto":
        name, options = LSTM, dict(_OPTIONS)
        reason = "a recurrent network that reads from both ends tells a word by those around it"
    batch = max(4, min(MOST_BATCH, situation.examples // 16))
    passes = STEPS[situation.preset] * batch / max(1, situation.examples)
    epochs = max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(passes)))
    return Choice(name, options, {**_KEYS, "batch_size": batch, "epochs": epochs}, reason)
