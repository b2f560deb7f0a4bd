"""Questions to a graph: for training, while it trains, and to measure a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data.sample import sample_indices
from lamina.tasks.base import Examples
from lamina.tasks.examiner import AbstractExaminer, Asked
from lamina.tasks.knowledge.graph import Answers, both_directions, complete, questions_as_arrays
from lamina.tasks.knowledge.target import KnowledgeTarget, asked_of

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable

TOGETHER = 16  # answers of one question that share its softmax
MOST_WATCHED = 5_000  # triples that are ranked after each epoch
MOST_BYTES_WATCHED = 1 << 28


@dataclass(frozen=True)
class GraphExamples(Examples):
    """Questions to be trained on, and the triples that they are made of.

    Args:
        triples: (n, 3), -1 for what training never saw.
        target: what is known of the graph.
    """

    triples: np.ndarray | None = None
    target: KnowledgeTarget | None = None


def examples_of(target: KnowledgeTarget, triples: np.ndarray) -> GraphExamples:
    """Return questions in both directions, each with up to 16 of its answers, weighted by their number.

    Args:
        target: fitted.
        triples: (n, 3), those of which something is unknown are left out.
    """
    questions, found = Answers(triples, len(target.entities), len(target.relations)).groups(TOGETHER)
    if not len(questions):  # held-out rows of which training knows nothing
        questions, found = np.zeros((0, 2), np.int32), np.zeros((0, TOGETHER), np.int32)
    x = {"entity": np.ascontiguousarray(questions[:, 0]), "relation": np.ascontiguousarray(questions[:, 1])}
    weight = (found >= 0).sum(axis=1).astype(np.float32)
    return GraphExamples({"x": x, "y": found, "weight": weight}, len(questions), triples, target)


class Questions(AbstractExaminer):
    """Both questions of each triple: which tail, which head?"""

    is_by_row = False

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return the questions, the answers of all known triples and of these filtered."""
        triples = target.triples(table)
        questions = both_directions(triples, len(target.relations))
        x = questions_as_arrays(questions, target.answers_with(triples))
        return Asked(x, asked_of(questions), is_by_row=False)

    def watched(self, examples: Examples) -> Examples:
        """Return the questions of at most 5,000 of the triples, fewer of a large graph."""
        if not isinstance(examples, GraphExamples) or examples.triples is None or examples.target is None:
            raise TypeError("examples of a graph know their triples")
        target = examples.target
        fitting = MOST_BYTES_WATCHED // max(1, len(target.entities) // 4)
        rows = sample_indices(len(examples.triples), max(1, min(MOST_WATCHED, fitting)))
        questions = both_directions(examples.triples[np.asarray(rows)], len(target.relations))
        x = questions_as_arrays(questions, target.answers, most_bytes=2 * MOST_BYTES_WATCHED)
        count = len(questions)
        return Examples({"x": x, "weight": np.ones(count, np.float32)}, count)


def repeated(triples: np.ndarray) -> int:
    """Return how many triples stand a second time.

    Args:
        triples: (n, 3).
    """
    known = triples[(triples >= 0).all(axis=1)]
    return len(known) - len(complete(triples))
