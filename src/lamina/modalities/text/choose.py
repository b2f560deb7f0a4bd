"""What is chosen for texts where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from typing import Any

from lamina.core.inputs.text import TextInputs
from lamina.modalities.base import Choice, Situation

BAG, TRANSFORMER = "bag-of-embeddings", "text-transformer"
MOST_FOR_FOLDS = 20_000  # examples up to which several networks are trained on folds
# Measured on validation rows of the texts in benchmarks/; see docs/log.md.
_BAG_KEYS: dict[str, Any] = {"schedule": "cosine", "lr": 3e-3, "weight_decay": 0.0, "patience": 1000}
_TRANSFORMER_KEYS: dict[str, Any] = {
    "schedule": "cosine",
    "lr": 1e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "patience": 1000,
}
_STEPS = {"fast": 400, "balanced": 1200, "best": 1600}  # of a bag
FEWEST_EPOCHS, MOST_EPOCHS = 4, 40


def choose(situation: Situation) -> Choice:
    """Return the model for ``auto``, and size and training keys for any model.

    Args:
        situation: what the model is chosen for.

    Example:
        >>> choose(Situation(TextInputs(9, 16, is_ordered=False), 1000, "classes", 3)).model
        'bag-of-embeddings'
    """
    inputs: Any = situation.inputs
    name, reason = situation.model, "you asked for it"
    if name == "auto":
        name, reason = model_for(inputs)
    keys = _TRANSFORMER_KEYS if name == TRANSFORMER else _BAG_KEYS
    return Choice(name, {}, {**keys, "epochs": _epochs(situation)}, reason)


def model_for(inputs: TextInputs) -> tuple[str, str]:
    """Return the model for texts cut in this way, and why.

    Args:
        inputs: what a model is told about the texts.
    """
    if inputs.is_ordered:
        return TRANSFORMER, "tokens in their order: a transformer reads them so"
    return BAG, "n-grams of words and characters say most of what a text is about, and train in seconds"


def _epochs(situation: Situation) -> int:
    """Return the epochs that give about as many steps whatever the rows are."""
    from lamina.train.loop.plan import default_batch_size  # and with it JAX

    per_epoch = -(-situation.examples // default_batch_size(situation.examples))
    return int(min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(_STEPS[situation.preset] / per_epoch))))
