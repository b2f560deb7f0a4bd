"""What is chosen for graphs where the user leaves it open: model, size and training keys, with the reason."""

from __future__ import annotations

from typing import Any

from lamina.modalities.base import Choice, Situation

GIN = "gin"
MOST_FOR_FOLDS = 3_000  # graphs up to which several networks are trained on folds
FOLDS = {"balanced": 5, "best": 10}
# Measured on validation rows of the graphs in benchmarks/; see docs/log.md.
_KEYS: dict[str, Any] = {
    "optimizer": "adamw",
    "lr": 1e-3,
    "schedule": "cosine",
    "weight_decay": 1e-2,
    "patience": 60,
}
_STEPS = {"fast": 600, "balanced": 2000, "best": 4000}
FEWEST_EPOCHS, MOST_EPOCHS = 10, 200
_CONVOLUTIONS = ("gcn", "gat", "sage")  # whose usual depth is that of nodes of one graph
_OF_GRAPHS: dict[str, Any] = {"depth": 4, "node_norm": "batch", "dropout": 0.1}


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
    batch = 32 if situation.examples < 5_000 else 128
    per_epoch = -(-situation.examples // batch)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, round(_STEPS[situation.preset] / per_epoch)))
    options = dict(_OF_GRAPHS) if name in _CONVOLUTIONS else {}
    return Choice(name, options, {**_KEYS, "batch_size": batch, "epochs": epochs}, reason)
