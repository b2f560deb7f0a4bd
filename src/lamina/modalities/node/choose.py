"""What is chosen for nodes of a graph where the user leaves it open."""

from __future__ import annotations

from typing import Any

from lamina.modalities.base import Choice, Situation

MODEL, OPTIONS = "gcn", {"size": 64, "dropout": 0.8}
# Measured on the validation nodes of Cora, eight seeds (docs/log.md): few labels, so much is switched off.
_KEYS: dict[str, Any] = {
    "optimizer": "adam",
    "lr": 1e-2,
    "schedule": "constant",
    "weight_decay": 0.0,
    "l2": 5e-4,
    "epochs": 600,
    "patience": 100,
}
APART, APART_OPTIONS = (
    "sage",
    {"size": 64, "dropout": 0.5},
)  # where a node is one thing, and its neighbors another
_SAMPLED_KEYS: dict[str, Any] = {
    "optimizer": "adam",
    "lr": 3e-3,
    "schedule": "cosine",
    "weight_decay": 0.0,
    "epochs": 10,
    "batch_size": 1024,
}


def choose(situation: Situation) -> Choice:
    """Return model, options and training keys; of a graph seen whole a step is taken over all training nodes.

    Args:
        situation: what the model is chosen for.
    """
    inputs: Any = situation.inputs
    name, reason, options = situation.model, "you asked for it", {}
    keys = _SAMPLED_KEYS if inputs.neighbors else {**_KEYS, "batch_size": situation.examples}
    if name not in ("auto", ""):
        return Choice(name, {}, keys, reason)
    name, reason, options = MODEL, "two rounds of neighbors say most of what a graph says of a node", OPTIONS
    if situation.blocks > 1:
        name, options = APART, APART_OPTIONS
        reason = "beside columns, what neighbors are like is kept apart from what a node is like"
    if inputs.neighbors:
        name, options = APART, {}
        reason = "the graph is too large to be seen whole: a node is told by itself and drawn neighbors"
    return Choice(name, options, keys, reason)
