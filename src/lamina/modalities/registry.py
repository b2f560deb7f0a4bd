"""The list of modalities, in the order in which they may claim a column."""

from __future__ import annotations

from lamina.core.registry import Registry
from lamina.modalities.base import AbstractModality

# Which module registers a name; they claim in this order, and what takes the rest comes last.
MODALITIES: Registry[AbstractModality] = Registry(
    "modality",
    places={
        "image": "lamina.modalities.image.modality",
        "node": "lamina.modalities.node.modality",
        "graph": "lamina.modalities.graph.modality",
        "text": "lamina.modalities.text.modality",
        "table": "lamina.modalities.table.modality",
    },
)
