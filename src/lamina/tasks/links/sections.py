"""What the report says of links: how well edges are told from other pairs, likely missing ones, a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.page import Axis, Line, Paragraph, Plot, Section, Series, Table
from lamina.modalities.base import Outcome
from lamina.modalities.plane import plane_plot
from lamina.objectives.metrics import metric_number
from lamina.tasks.links.missing import best_pairs, common_neighbors
from lamina.tasks.metric_table import metric_table, metric_tiles

if TYPE_CHECKING:
    from lamina.data.nodes.graph import NodeGraph

LEADING = ("auc", "average_precision")
BINS = 20
MISSING = 20  # pairs that are listed
MOST_PAIRS = 1 << 24  # pairs that are scored
MOST_ON_MAP = 1_500  # nodes
_MOST, _DEGREES = (1, 3, 7), ("up to 1 edge", "2 or 3", "4 to 7", "8 or more")
_LIMITS = (
    "The pairs without an edge are drawn at random: most are far apart, and easier to tell from edges than "
    "those that nearly are linked. Probabilities hold where as many pairs are linked as are not; of all "
    "pairs of a graph far fewer are."
)


def link_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, probabilities of edges and of other pairs, likely missing edges, and a map.

    Args:
        outcome: of the run; with no seconds left there are neither missing edges nor a map.
    """
    if not outcome.metrics or outcome.decoded is None:
        return [Section("In short", (Paragraph("Nothing was measured: no edge was held out.", "lead"),))]
    where = "test edges" if outcome.evaluated == "test" else "edges held out for validation"
    chance = metric_number(100 * outcome.metrics["auc"], None)
    lead = (
        f"Of {len(outcome.decoded):,} {where}, each against a pair of nodes without an edge, the network "
        f"gives the edge the higher probability in {chance} of 100 cases."
    )
    panel = Line(
        (
            _histogram("edges", outcome.decoded[:, 0], "blue"),
            _histogram("other pairs", outcome.decoded[:, 1], "orange"),
        ),
        x=Axis("probability of a link"),
        y=Axis("share of pairs"),
    )
    plot = Plot("links_probabilities", "Probabilities of edges and of other pairs", (panel,))
    return [
        Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING))),
        Section("Quality", (metric_table(outcome), plot)),
        *_nodes(outcome),
        Section("Limits", (Paragraph(_LIMITS),)),
    ]


def _nodes(outcome: Outcome) -> list[Section]:
    """Return what the vectors of nodes by all known edges say: edges that may be missing, and a map."""
    if outcome.seconds <= 0 or outcome.held_out is None:
        return []
    from lamina.objectives.edges import NodeVectors

    encoder, random = outcome.encoder.only, np.random.default_rng(outcome.seed)
    column: Any = outcome.held_out.column(encoder.name)
    graph: NodeGraph = column.graph
    nodes = np.arange(graph.count, dtype=np.int32)
    vectors = outcome.outputs(encoder.arrays(nodes, graph), by=NodeVectors())
    if not np.isfinite(vectors).all():
        return []
    starts, most = nodes, max(1, MOST_PAIRS // graph.count)
    if len(starts) > most:
        starts = np.sort(random.choice(nodes, most, replace=False))
    shown = nodes
    if len(shown) > MOST_ON_MAP:
        shown = np.sort(random.choice(nodes, MOST_ON_MAP, replace=False))
    degrees = graph.degrees()[shown]
    groups = [_DEGREES[np.searchsorted(_MOST, degree)] for degree in degrees.tolist()]
    which = (
        "All nodes"
        if len(shown) == graph.count
        else f"{len(shown):,} of {graph.count:,} nodes, drawn at random"
    )
    note = f"{which}, colored by the edges that lead to them."
    plot = plane_plot(vectors[shown], groups, order=_DEGREES, name="nodes", title="Nodes", note=note)
    return [
        Section("Likely missing edges", (_missing(vectors, starts, graph),)),
        Section("Map of the nodes", () if plot is None else (plot,)),
    ]


def _missing(vectors: np.ndarray, starts: np.ndarray, graph: NodeGraph) -> Table:
    """Return the most probable pairs without an edge, as the verb suggests them."""
    pairs, scores = best_pairs(vectors, starts, graph, MISSING)
    common, degrees = common_neighbors(graph, pairs), graph.degrees()
    rows = tuple(
        (graph.name_of(a), graph.name_of(b), f"{score:.2f}", f"{shared:,}", f"{degrees[a]:,}, {degrees[b]:,}")
        for (a, b), score, shared in zip(pairs.tolist(), scores.tolist(), common.tolist(), strict=True)
    )
    heads = ("one node", "other node", "log-odds", "common neighbors", "edges to them")
    among = "" if len(starts) == graph.count else f" with one of {len(starts):,} nodes drawn at random"
    counting = "" if graph.names else "; nodes are counted from 0"
    note = f"Pairs without an edge{among}, judged by all known edges{counting}. "
    return Table(heads, rows, numeric=(2, 3, 4), note=note + "More of them: lamina suggest.")


def _histogram(name: str, values: np.ndarray, color: str) -> Series:
    counts, edges = np.histogram(values, BINS, (0.0, 1.0))
    return Series(name, (edges[1:] + edges[:-1]) / 2, counts / max(1, len(values)), color=color)
