"""The target of links: vectors of nodes, by the graph of the training edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.json_checks import record
from lamina.data.nodes.graph import NodeGraph
from lamina.tasks.base import AbstractTarget

_FORM = record(nodes=json_checks.size, width=json_checks.size)


@dataclass(frozen=True)
class LinkTarget(AbstractTarget):
    """A vector for each node.

    Args:
        nodes: how many the training graph has.
        width: length of a vector.
        graph: the graph of the training edges, by which held-out edges are predicted; None in a network
            that was loaded.
    """

    nodes: int
    width: int
    graph: NodeGraph | None = None
    names = ()

    def transform(self, table: Any, rows: np.ndarray | None = None) -> np.ndarray:
        """Return nothing for each row: edges are the targets."""
        return np.zeros(table.height if rows is None else len(rows), np.float32)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return probabilities as they are."""
        return decoded

    def caption(self, value: Any) -> str:
        """Return an empty text: an edge has no label."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return {"nodes": self.nodes, "width": self.width}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> LinkTarget:
        """Return the target in an artifact's JSON, each field checked."""
        _FORM(stored, place)
        return LinkTarget(stored["nodes"], stored["width"])
