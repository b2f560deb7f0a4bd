"""What a report says of graphs: their sizes, and those that were answered worst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.page import Block, Graph, Images, Plot, Section, Table
from lamina.core.wording import plain
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.graphs.store import Graphs
from lamina.modalities.answers import Answers
from lamina.modalities.base import Outcome
from lamina.modalities.graph.drawing import drawn_molecule
from lamina.modalities.graph.encoder import GraphEncoder, column_of
from lamina.modalities.graph.occlusion import node_effects

TITLE = "The graphs"
WORST = 6
MOST_DRAWN = 150  # nodes of a graph that can be drawn
MOST_NAMED = 40  # nodes whose symbols fit beside them
SHOWN = 32  # characters of a SMILES, as many as fit below a third of the page
_HIDDEN = (
    "{} how far it changes while nothing is known of the atom but its bonds; the strongest atom is darkest."
)
SPEAKS = _HIDDEN.format("Blue atoms speak for the answer, orange ones against it:")
RAISES = _HIDDEN.format("Blue atoms raise the answer, orange ones lower it:")


def graph_sections(outcome: Outcome, name: str, encoder: GraphEncoder | None = None) -> list[Section]:
    """Return sizes and degrees of the graphs, and a drawing of those that were answered worst.

    Args:
        outcome: of the run.
        name: the column.
        encoder: of the column, which hides atoms to see which matter; None colors none.
    """
    blocks: list[Block] = [facts_table(column_of(outcome.training, name).graphs)]
    worst = worst_plot(outcome, name, encoder)
    return [Section(f"{TITLE} of '{name}'", tuple(blocks if worst is None else [*blocks, worst]))]


def facts_table(graphs: Graphs) -> Table:
    """Return nodes, edges and degrees of some training graphs.

    Args:
        graphs: of the training rows.
    """
    degrees = graphs.in_degrees()
    facts = (
        ("nodes of a graph", graphs.node_counts),
        ("edges of a graph", graphs.edge_counts),
        ("edges that lead to a node", degrees),
    )
    rows = tuple(
        (noun, *(f"{value:,.3g}" for value in (own.min(), np.median(own), own.mean(), own.max())))
        for noun, own in facts
        if own.size
    )
    note = f"{len(graphs):,} training graphs; an edge without direction counts twice."
    return Table(("", "least", "median", "mean", "most"), rows, numeric=(1, 2, 3, 4), note=note)


def worst_plot(outcome: Outcome, name: str, encoder: GraphEncoder | None = None) -> Plot | None:
    """Return drawings of the graphs that were answered worst, or None where nothing was answered.

    Args:
        outcome: of the run.
        name: the column.
        encoder: of the column, by which the atoms of molecules are colored; None colors none.
    """
    table, answers = outcome.table, Answers.of(outcome)
    rows = np.zeros(0, np.int64) if answers is None else answers.worst(WORST)
    if answers is None or table is None or not rows.size:
        return None
    column = column_of(table.take(rows), name)
    captions = [f"{answers.said(row)}, truth {answers.truth(row)}" for row in rows.tolist()]
    title = f"Answered worst, of the {outcome.evaluated} rows"
    if isinstance(column, MoleculeColumn):
        effects: Sequence[np.ndarray] = ()
        if encoder is not None and outcome.seconds > 0:
            effects = node_effects(outcome, answers, rows, encoder)
        return _of_molecules(column, captions, effects, title=title, raises=not answers.is_class)
    graphs = column.graphs
    found = [
        _drawn(graphs.take(np.array([place])), caption)
        for place, caption in enumerate(captions)
        if 0 < graphs.node_counts[place] <= MOST_DRAWN
    ]
    return Plot("worst-graphs", title, tuple(found), alt=title, across=3) if found else None


def _of_molecules(
    column: MoleculeColumn, captions: list[str], effects: Sequence[np.ndarray], *, title: str, raises: bool
) -> Plot | None:
    """Return drawings of the molecules that can be drawn, colored where effects of atoms are known."""
    images, texts = [], []
    for row, caption in enumerate(captions):
        known = row < len(effects) and np.isfinite(effects[row]).all()
        image = drawn_molecule(column.value(row), _strengths(effects[row]) if known else None)
        if image is not None:
            images.append(image)
            texts.append(f"{caption}\n{plain(column.value(row), SHOWN)}")
    if not images:
        return None
    said = RAISES if raises else SPEAKS
    panels = (Images(images, tuple(texts), across=3),)
    return Plot("worst-graphs", title, panels, alt=title, note=said if effects else "")


def _strengths(effects: np.ndarray) -> np.ndarray:
    """Return effects over the largest of them."""
    return effects / (float(np.abs(effects).max(initial=0.0)) or 1.0)


def _drawn(graphs: Graphs, caption: str) -> Graph:
    symbols = graphs.nodes.symbols
    groups = symbols[:, 0] if symbols.shape[1] else None
    is_small = symbols.shape[1] and len(symbols) <= MOST_NAMED
    names = tuple(graphs.nodes.texts(node)[0] for node in range(len(symbols))) if is_small else ()
    return Graph(title=caption, edges=graphs.edges[graphs.edges[:, 0] < graphs.edges[:, 1]], names=names,
                 groups=np.zeros(len(symbols), np.int64) if groups is None else groups)  # fmt: skip
