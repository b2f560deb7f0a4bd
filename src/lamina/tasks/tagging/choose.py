"""Model, size and training keys of tagging where the user leaves them open."""

from __future__ import annotations

from typing import Any

from lamina.modalities.base import Choice, Situation

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
BATCH = 32
STEPS = {"fast": 2_000, "balanced": 8_000, "best": 16_000}
FEWEST_EPOCHS, MOST_EPOCHS = 4, 60


def choose(situation: Situation) -> Choice:
    """Return model, options and keys.

    Args:
        situation: what the model is chosen for.
    """
    name, reason, options = situation.model, "you asked for it", {}
    if name == "auto":
        name, options = LSTM, dict(_OPTIONS)
        reason = "a recurrent network that reads from both ends tells words by those around them"
    batch = max(4, min(BATCH, situation.examples // 16))
    steps = STEPS[situation.preset]
    epochs = max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(steps * batch / max(1, situation.examples))))
    return Choice(name, options, {**_KEYS, "batch_size": batch, "epochs": epochs}, reason)
