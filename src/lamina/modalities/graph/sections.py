"""What a report says of graphs: their sizes, and those that were answered worst."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.core.page import Block, Graph, Images, Plot, Section, Table
from lamina.core.wording import plain
from lamina.data.graphs.column import AbstractGraphColumn
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.graphs.store import Graphs
from lamina.modalities.base import Outcome
from lamina.modalities.graph.drawing import drawn_molecule
from lamina.modalities.graph.encoder import column_of

TITLE = "The graphs"
WORST = 6
MOST_DRAWN = 150  # nodes of a graph that can be drawn
MOST_NAMED = 40  # nodes whose symbols fit beside them
SHOWN = 60  # characters of a SMILES


def graph_sections(outcome: Outcome, name: str) -> list[Section]:
    """Return sizes and degrees of the graphs, and a drawing of those that were answered worst.

    Args:
        outcome: of the run.
        name: the column.
    """
    blocks: list[Block] = [facts_table(column_of(outcome.training, name).graphs)]
    worst = worst_plot(outcome, name)
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


def worst_plot(outcome: Outcome, name: str) -> Plot | None:
    """Return drawings of the graphs that were answered worst, or None where nothing was answered.

    Args:
        outcome: of the run.
        name: the column.
    """
    table = outcome.table
    if table is None or outcome.decoded is None or outcome.targets is None or not outcome.count:
        return None
    lack, answers = _lack(outcome)
    rows = np.argsort(-lack, kind="stable")
    rows = rows[lack[rows] > 0][:WORST]
    if not rows.size:
        return None
    column = column_of(table.take(rows), name)
    captions = [f"{answers(row)}, truth {_truth(outcome, row)}" for row in rows.tolist()]
    title = f"Answered worst, of the {outcome.evaluated} rows"
    images = _molecules(column)
    if images is not None:
        panels: tuple[Any, ...] = (Images(images, tuple(_with_text(column, captions)), across=3),)
        return Plot("worst-graphs", title, panels, alt=title)
    graphs = column.graphs
    found = [
        _drawn(graphs.take(np.array([place])), caption)
        for place, caption in enumerate(captions)
        if 0 < graphs.node_counts[place] <= MOST_DRAWN
    ]
    return Plot("worst-graphs", title, tuple(found), alt=title, across=3) if found else None


def _molecules(column: AbstractGraphColumn) -> list[np.ndarray] | None:
    """Return drawings of molecules, or None where the column holds others."""
    if not isinstance(column, MoleculeColumn):
        return None
    found = [drawn_molecule(column.value(row)) for row in range(len(column))]
    return [image for image in found if image is not None] if all(i is not None for i in found) else None


def _with_text(column: AbstractGraphColumn, captions: list[str]) -> list[str]:
    return [f"{caption}\n{plain(column.value(row), SHOWN)}" for row, caption in enumerate(captions)]


def _drawn(graphs: Graphs, caption: str) -> Graph:
    symbols = graphs.nodes.symbols
    groups = symbols[:, 0] if symbols.shape[1] else None
    is_small = symbols.shape[1] and len(symbols) <= MOST_NAMED
    names = tuple(graphs.nodes.texts(node)[0] for node in range(len(symbols))) if is_small else ()
    return Graph(title=caption, edges=graphs.edges[graphs.edges[:, 0] < graphs.edges[:, 1]], names=names,
                 groups=np.zeros(len(symbols), np.int64) if groups is None else groups)  # fmt: skip


def _lack(outcome: Outcome) -> tuple[np.ndarray, Any]:
    """Return how wrong each row is, and a function row → its answer in words."""
    decoded, targets = np.asarray(outcome.decoded), np.asarray(outcome.targets)
    if targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer):
        chosen = decoded.argmax(-1)
        right = decoded[np.arange(len(targets)), targets]
        lack = np.where(chosen == targets, 0.0, 1.0 - right)
        return lack, lambda row: f"{outcome.caption(chosen[row])} ({decoded[row, chosen[row]]:.0%})"
    points = np.asarray(outcome.point(decoded), np.float64).reshape(len(targets), -1)
    truth = targets.reshape(len(targets), -1)
    difference = np.abs(points - truth)
    if outcome.schema.has_flags:
        difference = np.where(truth < 0, 0.0, difference)
        return np.nan_to_num(difference.max(axis=1)), lambda row: outcome.caption(points[row] > 0.5)
    return np.nan_to_num(difference.max(axis=1)), lambda row: outcome.caption(points[row])


def _truth(outcome: Outcome, row: int) -> str:
    assert outcome.targets is not None  # noqa: S101 - `worst_plot` says so
    return outcome.caption(outcome.targets[row])
