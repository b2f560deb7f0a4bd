"""What each node of a graph does to the answer: the answer while nothing is known of the node."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from lamina.modalities.answers import Answers
from lamina.modalities.base import Outcome
from lamina.modalities.graph.encoder import GraphEncoder, column_of
from lamina.modalities.permutation import rows_of

CHUNK = 64  # graphs that are answered together: few programs compile, and the time is looked at in between


def node_effects(
    outcome: Outcome, answers: Answers, rows: np.ndarray, encoder: GraphEncoder
) -> list[np.ndarray]:
    """Return what each node does to the answer of its graph, as far as the outcome's seconds last.

    It is the output by which the graph is judged, minus that output while the node has neither symbols nor
    numbers; its edges stay. Of probabilities the log-odds are compared.

    Args:
        outcome: of the run.
        answers: of it.
        rows: evaluated ones.
        encoder: of the column of graphs.

    Returns:
        One number a node, graph by graph; shorter than ``rows`` where the time was up.

    References:
        Zeiler, Fergus. Visualizing and understanding convolutional networks. ECCV 2014, section 4.2.
    """
    assert outcome.table is not None  # noqa: S101 - the caller looked
    table, deadline = outcome.table.take(rows), time.monotonic() + outcome.seconds
    counts = column_of(table, encoder.name).graphs.node_counts
    whole = None if outcome.part is None else outcome.transform(table)
    source = np.repeat(np.arange(len(rows)), counts + 1)
    hidden = np.concatenate([np.arange(-1, count) for count in counts.tolist()] or [np.zeros(0, np.int64)])
    found = np.zeros(0)
    for start in range(0, len(source), CHUNK):
        if time.monotonic() >= deadline:
            break
        # The last chunk is filled up by its last graph, so that it needs no program of its own.
        places = np.minimum(np.arange(start, start + CHUNK), len(source) - 1)
        own: Any = encoder.hiding(table, source[places], hidden[places])
        arrays = own if whole is None else {**rows_of(whole, source[places]), outcome.part: own}
        values = answers.judged(outcome.outputs(arrays), rows[source[places]])
        found = np.concatenate([found, values[: len(source) - start]])
    ends = np.cumsum(counts + 1)
    known = int(np.searchsorted(ends, len(found), "right"))
    return [own[0] - own[1:] for own in np.split(found, ends)[:known]]
