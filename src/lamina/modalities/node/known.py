"""What is known of the nodes of a graph: the targets of those that trained or were evaluated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.data.nodes.graph import NodeGraph
from lamina.modalities.base import Outcome
from lamina.modalities.node.encoder import column_of

UNKNOWN = -1


@dataclass(frozen=True)
class Known:
    """The targets of the evaluated graph's nodes, as far as a run knows them.

    Args:
        graph: all nodes and edges.
        ids: the node of each evaluated row.
        targets: those that are known.
        places: where the target of each node stands among them, -1 where it is not known.
        caption: a target in words.
        is_class: whether targets are classes.
    """

    graph: NodeGraph
    ids: np.ndarray
    targets: np.ndarray
    places: np.ndarray
    caption: Callable[[Any], str]
    is_class: bool

    @staticmethod
    def of(outcome: Outcome, name: str) -> Known:
        """Return what a run knows.

        Args:
            outcome: of the run; some rows were evaluated.
            name: the column of nodes.
        """
        assert outcome.table is not None and outcome.targets is not None  # noqa: S101 - the caller looked
        column, targets = column_of(outcome.table, name), np.asarray(outcome.targets)
        ids = column.ids
        trained = outcome.training if outcome.trained_on is None else outcome.trained_on()
        own = column_of(trained, name)
        if own.graph is column.graph:  # test data may be another graph
            ids = np.concatenate([ids, own.ids])
            targets = np.concatenate([targets, np.asarray(outcome.measured(trained))])
        places = np.full(column.graph.count, UNKNOWN, np.int64)
        places[ids] = np.arange(len(ids))
        return Known(column.graph, column.ids, targets, places, outcome.caption, outcome.schema.has_classes)

    def codes(self, nodes: np.ndarray) -> np.ndarray:
        """Return the class of some nodes, -1 where it is not known.

        Args:
            nodes: numbers of nodes, any shape.
        """
        places = self.places[nodes]
        return np.where(places == UNKNOWN, UNKNOWN, self.targets[np.maximum(places, 0)])

    def said(self, node: int) -> str:
        """Return the target of a node in words, or an empty text.

        Args:
            node: its number.
        """
        place = int(self.places[node])
        return "" if place == UNKNOWN else self.caption(self.targets[place])
