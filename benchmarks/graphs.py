"""One graph for rows about nodes: as the public reader and encoder give it, cut into the published parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core.inputs.graph import NodeInputs
from lamina.data.nodes.column import NODE
from lamina.data.source import read
from lamina.data.split import split_words
from lamina.modalities.node.encoder import NodeEncoder


@dataclass(frozen=True)
class NodeData:
    """The nodes of a graph.

    Args:
        inputs: what a model is told.
        parts: ``train``, ``valid``, ``test`` → examples for the engine.
        classes: how many there are.
    """

    inputs: NodeInputs
    parts: dict[str, Any]
    classes: int


def node_data(path: str) -> NodeData:
    """Return the nodes of a graph with labels and parts.

    Args:
        path: a NumPy archive, as `lamina.data.readers.node_arrays` reads it.
    """
    table = read(path)
    words, labels = split_words(table, "split"), table.labels("target").numbers().astype(np.int32)
    encoder = NodeEncoder.fit(table, NODE, np.flatnonzero(words == "train"))
    parts = {}
    for part in ("train", "valid", "test"):
        rows = np.flatnonzero(words == part)
        weight = np.ones(len(rows), np.float32)
        parts[part] = {"x": encoder.transform(table, rows), "y": labels[rows], "weight": weight}
    return NodeData(encoder.inputs, parts, int(labels.max()) + 1)
