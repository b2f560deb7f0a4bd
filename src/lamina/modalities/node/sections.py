"""What a report says of a graph of nodes: degrees, components, the worst mistakes, a map."""

from __future__ import annotations

import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.page import Axis, Bars, Block, Plot, Section, Table
from lamina.data.nodes.components import components
from lamina.data.nodes.graph import NodeGraph
from lamina.modalities.answers import Answers
from lamina.modalities.base import Outcome
from lamina.modalities.node.encoder import column_of
from lamina.modalities.node.known import Known
from lamina.modalities.node.surroundings import surroundings_plot
from lamina.modalities.plane import plane_plot

TITLE = "The graph"
MOST_BINS = 30  # of a histogram of degrees
MOST_ON_MAP = 1_500  # nodes
DEGREES = (
    (0, 0),
    (1, 1),
    (2, 3),
    (4, 7),
    (8, 15),
    (16, None),
)  # from and to, between which answers are judged
FEWEST_JUDGED = 5  # rows
FEW_CLASSES = 7  # which each have a color on the map


def node_sections(outcome: Outcome, name: str) -> list[Section]:
    """Return facts of the graph, the neighbors of the nodes that were answered worst, and a map.

    Args:
        outcome: of the run.
        name: the column.
    """
    graph = column_of(outcome.training, name).graph
    answers = Answers.of(outcome)
    if answers is None or outcome.table is None:
        return [Section(TITLE, (facts_table(graph, None), degree_plot(graph)))]
    known = Known.of(outcome, name)
    degrees = known.graph.degrees()[known.ids]
    mistakes: list[Block | None] = [
        by_degree(outcome, answers, degrees),
        surroundings_plot(outcome, answers, known),
    ]
    return [
        Section(TITLE, (facts_table(graph, known), degree_plot(graph))),
        Section("Nodes and their neighbors", tuple(block for block in mistakes if block is not None)),
        Section("Map of the nodes", tuple(map_plot(outcome, answers))),
    ]


def facts_table(graph: NodeGraph, known: Known | None) -> Table:
    """Return how large a graph is, how it hangs together, and whether neighbors are of one class.

    Args:
        graph: all nodes and edges.
        known: what is known of its nodes, or None.
    """
    degrees, sizes = graph.degrees(), np.bincount(components(graph))
    touched = np.zeros(graph.count, bool)
    touched[graph.edges.reshape(-1)] = True
    largest = int(sizes.max())
    rows = [
        ("nodes", f"{graph.count:,}"),
        ("edges; one without direction counts twice", f"{len(graph.edges):,}"),
        ("edges that lead to a node: least, median, mean, most", _spread(degrees)),
        ("nodes without any edge", f"{np.count_nonzero(~touched):,}"),
        ("connected components", f"{len(sizes):,}"),
        ("nodes of the largest component", f"{largest:,} ({largest / graph.count:.1%})"),
    ]
    if known is not None and known.is_class:
        rows += _alike(known)
    return Table(("what", "how many"), tuple(rows), numeric=(1,))


def _spread(values: np.ndarray) -> str:
    found = (values.min(), np.median(values), values.mean(), values.max())
    return ", ".join(f"{value:,.3g}" for value in found)


def _alike(known: Known) -> list[tuple[str, str]]:
    """Return the share of edges within a class (Zhu et al. 2020, homophily), and that of chance."""
    edges = known.graph.edges  # of the evaluated nodes, should test data be another graph
    different = edges[edges[:, 0] != edges[:, 1]]
    codes = known.codes(different)
    codes = codes[(codes >= 0).all(axis=1)]
    if not len(codes):
        return []
    alike = float((codes[:, 0] == codes[:, 1]).mean())
    classes = int(codes.max()) + 1
    senders, receivers = (np.bincount(side, minlength=classes) / len(codes) for side in codes.T)
    chance = float((senders * receivers).sum())
    return [
        ("edges between nodes whose classes are known", f"{len(codes):,}"),
        ("of these, edges within a class; by chance", f"{alike:.1%}; {chance:.1%}"),
    ]


def degree_plot(graph: NodeGraph) -> Plot:
    """Return a histogram of the edges that lead to a node; the last bar holds all larger numbers.

    Args:
        graph: all nodes and edges.
    """
    degrees = graph.degrees()
    most = min(int(degrees.max()), max(MOST_BINS - 1, int(np.quantile(degrees, 0.99))))
    step = max(1, -(-(most + 1) // MOST_BINS))
    edges = np.arange(0, most + 1 + step, step) - 0.5
    counts, _ = np.histogram(np.minimum(degrees, edges[-1]), edges)
    panel = Bars(
        counts, edges=edges, x=Axis("edges that lead to a node", "integer"), y=Axis("nodes", "count")
    )
    least, largest = int(edges[-2] + 0.5), int(degrees.max())
    note = (
        f"The last bar holds all nodes with {least:,} or more, up to {largest:,}."
        if largest > edges[-1]
        else ""
    )
    return Plot("degrees", "Edges of a node", (panel,), alt=f"{graph.count} nodes.", note=note)


def by_degree(outcome: Outcome, answers: Answers, degrees: np.ndarray) -> Table | None:
    """Return how good the answers are for nodes with few edges and with many, or None where they are flags.

    Args:
        outcome: of the run.
        answers: of it.
        degrees: of the node of each evaluated row.
    """
    if outcome.schema.has_flags:
        return None
    rows = []
    for least, most in DEGREES:
        here = degrees >= least if most is None else (degrees >= least) & (degrees <= most)
        if np.count_nonzero(here) < FEWEST_JUDGED:
            continue
        noun = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
        own = answers.lack[here]
        value = f"{(own == 0).mean():.1%}" if answers.is_class else f"{own.mean():.4g}"
        rows.append((noun, f"{np.count_nonzero(here):,}", value))
    heads = ("edges to the node", "rows", "answered right" if answers.is_class else "mean absolute error")
    note = f"Of the {outcome.evaluated} rows; numbers of edges that fewer than {FEWEST_JUDGED} have left out."
    return Table(heads, tuple(rows), numeric=(1, 2), note=note) if len(rows) > 1 else None


def map_plot(outcome: Outcome, answers: Answers) -> list[Plot]:
    """Return the vectors that the network makes of evaluated nodes, colored by what is true of them.

    Args:
        outcome: of the run; with no seconds left there is no map.
        answers: of it.
    """
    if outcome.table is None or outcome.targets is None or outcome.seconds <= 0:
        return []
    from lamina.objectives.vectors import Vectors

    rows = np.arange(outcome.count)
    if len(rows) > MOST_ON_MAP:
        rows = np.sort(np.random.default_rng(outcome.seed).choice(rows, MOST_ON_MAP, replace=False))
    try:
        vectors = outcome.outputs(outcome.transform(outcome.table.take(rows)), by=Vectors())
    except ConfigError:  # a model of one's own that marks no vector
        return []
    groups = _groups(outcome, answers, rows)
    note = f"{len(rows):,} of the {outcome.evaluated} nodes, as the network sees them before its last layer."
    found = plane_plot(vectors, groups[0], order=groups[1], name="nodes", title="Nodes", note=note)
    return [] if found is None else [found]


def _groups(outcome: Outcome, answers: Answers, rows: np.ndarray) -> tuple[list[str], tuple[str, ...]]:
    """Return a word for what is true of each row, and the order of these words."""
    targets = np.asarray(outcome.targets)[rows]
    if answers.is_class:
        order = tuple(map(outcome.caption, range(len(outcome.labels))))
        return [outcome.caption(code) for code in targets.tolist()], order if len(
            order
        ) <= FEW_CLASSES else ()
    if outcome.schema.has_flags or targets.reshape(len(rows), -1).shape[1] > 1:
        return [], ()
    low, high = np.quantile(targets, [1 / 3, 2 / 3])
    words = (f"up to {low:.3g}", f"up to {high:.3g}", f"above {high:.3g}")
    if len(set(words)) < len(words):
        return [], ()
    return [words[int(value > low) + int(value > high)] for value in targets.reshape(-1).tolist()], words
