"""What is chosen for nodes of a graph where the user leaves it open."""

from __future__ import annotations

from typing import Any

from lamina.modalities.base import Choice, Situation

MODEL = "gcn"
# As published for graph convolution on citations (Kipf & Welling 2017), measured by benchmarks/rows/cora.py.
_KEYS: dict[str, Any] = {
    "optimizer": "adam",
    "lr": 1e-2,
    "schedule": "constant",
    "weight_decay": 0.0,
    "epochs": 200,
    "patience": 1000,
}


def choose(situation: Situation) -> Choice:
    """Return model, options and training keys; a step is taken over all training nodes.

    Args:
        situation: what the model is chosen for.
    """
    name, reason = situation.model, "you asked for it"
    if name in ("auto", ""):
        name, reason = MODEL, "two rounds of neighbors say most of what a graph says of a node"
    return Choice(name, {}, {**_KEYS, "batch_size": situation.examples}, reason)
