"""What is chosen for graphs where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from typing import Any

from lamina.modalities.base import Choice, Situation

GIN = "gin"
MOST_FOR_FOLDS = 3_000  # graphs up to which several networks are trained on folds
FOLDS = {"balanced": 3, "best": 5}
# Measured on validation rows of the graphs in benchmarks/; see docs/log.md.
_KEYS: dict[str, Any] = {
    "optimizer": "adamw",
    "lr": 3e-3,
    "schedule": "cosine",
    "weight_decay": 1e-2,
    "patience": 1000,  # the rate falls to zero: the last epochs are the best
}
_STEPS = {"fast": 800, "balanced": 2800, "best": 5000}
FEWEST_EPOCHS, MOST_EPOCHS = 10, 200
BATCH, LARGE_BATCH, MANY = 32, 128, 5_000
_OPTIONS: dict[str, dict[str, Any]] = {
    GIN: {"readout": "mean", "dropout": 0.1},
    # Convolutions, whose usual depth is that of nodes of one graph.
    **{name: {"depth": 4, "node_norm": "batch", "dropout": 0.1} for name in ("gcn", "gat", "sage")},
}


def choose(situation: Situation) -> Choice:
    """Return the model for ``auto``, and options and training keys for any model.

    Args:
        situation: what the model is chosen for.

    Example:
        >>> from lamina.core.inputs.graph import GraphInputs
        >>> choose(Situation(GraphInputs(symbols=3), 1000, "classes", 2)).model
        'gin'
    """
    name, reason = situation.model, "you asked for it"
    if name == "auto":
        name, reason = GIN, "sums over neighbors tell most graphs apart, and train in a minute"
    batch = BATCH if situation.examples < MANY else LARGE_BATCH
    per_epoch = -(-situation.examples // batch)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(_STEPS[situation.preset] / per_epoch)))
    keys = {**_KEYS, "batch_size": batch, "epochs": epochs}
    return Choice(name, dict(_OPTIONS.get(name, {})), keys, reason)
