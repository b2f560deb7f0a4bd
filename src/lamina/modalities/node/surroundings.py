"""Drawings of the nodes that were answered worst, among those whose messages reach them."""

from __future__ import annotations

import numpy as np

from lamina.core.page import Graph, Plot
from lamina.core.wording import plain
from lamina.data.nodes.components import edges_between, neighborhood
from lamina.modalities.answers import Answers
from lamina.modalities.base import Outcome
from lamina.modalities.node.known import UNKNOWN, Known

WORST = 6
MOST_DRAWN = 40  # nodes of a drawing
MOST_COLORS = 4  # classes that have a color of their own; the others share one
HEIGHT = 330  # pixels of a drawing
LONGEST = 18  # characters of a class in a title


def surroundings_plot(outcome: Outcome, answers: Answers, known: Known) -> Plot | None:
    """Return the neighbors of the nodes that were answered worst, or None where no answer was wrong.

    Args:
        outcome: of the run.
        answers: of it.
        known: what is known of the nodes.
    """
    rows = answers.worst(WORST)
    if not len(rows):
        return None
    panels = tuple(_panel(outcome, answers, known, row) for row in rows.tolist())
    title = f"Answered worst, of the {outcome.evaluated} rows"
    note = f"The node in the ring and up to {MOST_DRAWN - 1} nodes within two edges that lead to it. "
    note += (
        "Blue is its class, orange the class that was answered; gray is not known to the run."
        if known.is_class
        else "Numbers are the targets, where they are known."
    )
    heights = (HEIGHT,) * -(-len(panels) // 2)
    return Plot("worst_nodes", title, panels, alt=title, note=note, across=2, heights=heights)


def _panel(outcome: Outcome, answers: Answers, known: Known, row: int) -> Graph:
    node = int(known.ids[row])
    nodes = neighborhood(known.graph, node, most=MOST_DRAWN)
    title = (
        f"Node {node}: {plain(answers.said(row), LONGEST + 7)}, truth {plain(answers.truth(row), LONGEST)}"
    )
    edges = edges_between(known.graph, nodes)
    if not known.is_class:
        names = tuple(map(known.said, nodes.tolist()))
        return Graph(
            title=title, edges=edges, names=names, groups=np.zeros(len(nodes), np.int64), marked=(0,)
        )
    truth, answer = int(np.asarray(outcome.targets)[row]), int(answers.columns[row])
    codes = known.codes(nodes)
    others, counts = np.unique(
        codes[(codes != UNKNOWN) & ~np.isin(codes, (truth, answer))], return_counts=True
    )
    first = [truth, answer, *others[np.argsort(-counts, kind="stable")].tolist()]
    groups = np.full(len(nodes), UNKNOWN)
    for place, code in enumerate(first):
        groups[codes == code] = min(place, MOST_COLORS)
    named = [plain(outcome.caption(code), LONGEST) for code in first[:MOST_COLORS]]
    rest = first[MOST_COLORS:]
    legend = (
        *named,
        *([plain(outcome.caption(rest[0]), LONGEST) if len(rest) == 1 else "others"] if rest else []),
    )
    return Graph(title=title, edges=edges, groups=groups, legend=legend, marked=(0,))
