"""What is chosen for texts where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from typing import Any

from lamina.core.inputs.text import TextInputs
from lamina.modalities.base import Choice, Situation

BAG, TRANSFORMER = "bag-of-embeddings", "text-transformer"
MOST_FOR_FOLDS = 20_000  # examples up to which several networks are trained on folds
# Measured on validation rows of the texts in benchmarks/; see docs/log.md.
_BAG_KEYS: dict[str, Any] = {
    "schedule": "linear",
    "lr": 5e-3,
    "optimizer": "sparse-adam",
    "weight_decay": 0.0,
    "beta2": 0.99,
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}
_TRANSFORMER_KEYS: dict[str, Any] = {
    "schedule": "cosine",
    "lr": 1e-3,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "patience": 1000,
}
# Rows from which a batch of a bag is larger: with few rows, few steps of a large one learn too little.
_BATCHES = ((20_000, 64), (60_000, 128), (200_000, 256))
LARGEST_BATCH = 512
_BAG_EPOCHS = {"fast": 5, "balanced": 10, "best": 10}
# Beside other blocks: what suits them too. A text that says little must not be learned by heart, as titles of
# films are: with fewer examples than symbols most symbols are left out in training (docs/log.md).
_MIXED_KEYS: dict[str, Any] = {
    "optimizer": "muon",
    "lr": 3e-3,
    "schedule": "cosine",
    "patience": 60,
}
MIXED_STEPS = 3000
_FEW_EXAMPLES: dict[str, Any] = {"size": 32, "dropout": 0.5, "symbol_dropout": 0.7}
_MANY_EXAMPLES: dict[str, Any] = {"size": 64, "dropout": 0.1, "symbol_dropout": 0.1}
FEWEST_BAG_STEPS, MOST_BAG_EPOCHS = 500, 30
_TRANSFORMER_STEPS = {"fast": 800, "balanced": 3000, "best": 5000}
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
    if situation.blocks > 1:
        keys = {**_MIXED_KEYS, "epochs": _epochs(situation, MIXED_STEPS)}
        return Choice(name, _beside(name, situation), keys, reason)
    keys = _bag_keys(situation) if name == BAG else _transformer_keys(situation)
    return Choice(name, {}, keys, reason)


def model_for(inputs: TextInputs) -> tuple[str, str]:
    """Return the model for texts cut in this way, and why.

    Args:
        inputs: what a model is told about the texts.
    """
    if inputs.is_ordered:
        return TRANSFORMER, "tokens in their order: a transformer reads them so"
    return BAG, "n-grams of words and characters say most of what a text is about, and train in seconds"


def _beside(name: str, situation: Situation) -> dict[str, Any]:
    """Return options of a model of texts that is one of several in a fusion."""
    inputs: Any = situation.inputs
    if name != BAG:
        return {}
    return dict(_FEW_EXAMPLES if situation.examples < inputs.symbols else _MANY_EXAMPLES)


def _bag_keys(situation: Situation) -> dict[str, Any]:
    """Return training keys of a bag: few epochs, more where rows are few."""
    batch = next((size for rows, size in _BATCHES if situation.examples <= rows), LARGEST_BATCH)
    steps = max(1, situation.examples // batch)
    epochs = max(_BAG_EPOCHS[situation.preset], min(MOST_BAG_EPOCHS, -(-FEWEST_BAG_STEPS // steps)))
    return {**_BAG_KEYS, "batch_size": min(batch, max(16, situation.examples // 16)), "epochs": epochs}


def _transformer_keys(situation: Situation) -> dict[str, Any]:
    """Return training keys of a transformer, or of a model of one's own."""
    return {**_TRANSFORMER_KEYS, "epochs": _epochs(situation, _TRANSFORMER_STEPS[situation.preset])}


def _epochs(situation: Situation, steps: int) -> int:
    """Return the epochs that give about as many steps whatever the rows are."""
    from lamina.train.loop.plan import default_batch_size  # and with it JAX

    per_epoch = -(-situation.examples // default_batch_size(situation.examples))
    return int(min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(steps / per_epoch))))
