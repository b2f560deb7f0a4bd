"""What the report says of a graph of nodes: facts, mistakes among their neighbors, a map."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.tasks.prediction.outcomes import outcome

from lamina.core.errors import ConfigError
from lamina.core.page import Graph, Plot, Points, Section, Table
from lamina.data.cells import CellTable, columns_beside
from lamina.data.nodes.column import NodeColumn
from lamina.data.nodes.graph import NodeGraph, sorted_edges
from lamina.data.schema import CLASSES, NUMBERS, Schema
from lamina.modalities.base import Outcome
from lamina.modalities.node.known import Known
from lamina.modalities.node.sections import degree_plot, facts_table, node_sections

# A triangle of class 0, a square of class 1, an edge between them, and a node alone.
PAIRS = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 6), (6, 3), (2, 3)]
EDGES = sorted_edges(np.array([*PAIRS, *((b, a) for a, b in PAIRS)]))
GRAPH = NodeGraph(8, EDGES)
CLASS = np.array([0, 0, 0, 1, 1, 1, 1, 0])
LABELS = ("left", "right")


def table(ids: list[int], graph: NodeGraph = GRAPH) -> CellTable:
    column = NodeColumn("node", graph, np.array(ids, np.int32))
    return CellTable({"node": column}, columns_beside({}, len(ids), "graph.npz"))


def of_classes(**changes: Any) -> Outcome:
    """Nodes 1, 3, 4 and 7 were evaluated, 3 wrong; 6 is not known."""
    targets = CLASS[[1, 3, 4, 7]]
    decoded = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    found = outcome(
        schema=Schema((), (), ("y",), "binary", CLASSES),
        table=table([1, 3, 4, 7]),
        training=table([0, 2, 5]),
        trained_on=lambda: table([0, 2, 5]),
        measured=lambda own: CLASS[own.column("node").ids],
        decoded=decoded,
        targets=targets,
        caption=lambda code: LABELS[int(code)],
        transform=lambda own: own.column("node").ids,
        outputs=lambda arrays, by=None: np.stack([arrays, arrays**2, 0 * arrays], axis=1).astype(float),
        seconds=3.0,
    )
    return dataclasses.replace(found, **changes)


def blocks(sections: list[Section], kind: type) -> list[Any]:
    return [block for section in sections for block in section.blocks if isinstance(block, kind)]


def test_facts_of_degrees_components_and_classes():
    facts = dict(facts_table(GRAPH, Known.of(of_classes(), "node")).rows)
    assert facts["nodes"] == "8" and facts["nodes without any edge"] == "1"
    assert facts["edges that lead to a node: least, median, mean, most"] == "0, 2, 2, 3"
    assert facts["connected components"] == "2"
    assert facts["nodes of the largest component"] == "7 (87.5%)"
    # Of the eight edges two touch node 6; of the other six one links the classes.
    assert facts["edges between nodes whose classes are known"] == "12"
    share, chance = facts["of these, edges within a class; by chance"].split("; ")
    assert share == f"{10 / 12:.1%}" and chance == f"{(7 / 12) ** 2 + (5 / 12) ** 2:.1%}"


def test_the_last_bar_of_degrees_holds_those_beyond():
    panel = degree_plot(GRAPH).panels[0]
    assert panel.values.tolist() == [1, 0, 5, 2] and panel.edges.tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    star = np.array([[sender, 0] for sender in range(1, 500)])
    plot = degree_plot(NodeGraph(500, sorted_edges(star)))
    assert (
        plot.panels[0].values.sum() == 500
        and plot.note == "The last bar holds all nodes with 29 or more, up to 499."
    )


def test_a_mistake_is_drawn_among_its_neighbors():
    (plot,) = [
        plot for plot in blocks(node_sections(of_classes(), "node"), Plot) if plot.name == "worst_nodes"
    ]
    (panel,) = plot.panels
    assert isinstance(panel, Graph) and panel.title == "Node 3: left (80%), truth right"
    # Node 3, its neighbors 2, 4 and 6, and theirs: 0, 1 and 5.
    assert panel.nodes == 7 and len(panel.edges) == 8 and panel.marked == (0,)
    assert panel.legend == ("right", "left")
    assert sorted(np.asarray(panel.groups).tolist()) == [-1, 0, 0, 0, 1, 1, 1], "node 6 is not known"


def test_a_map_of_the_evaluated_nodes():
    plot = blocks(node_sections(of_classes(), "node"), Plot)[-1]
    (panel,) = plot.panels
    assert isinstance(panel, Points) and [s.name for s in panel.series] == ["left", "right"]
    assert "4 of the validation nodes" in plot.note

    def silent(arrays: Any, by: Any = None) -> np.ndarray:
        raise ConfigError("the model does not say which of its values are the vector of an example")

    for changes in ({"seconds": 0.0}, {"outputs": silent}):
        found = blocks(node_sections(of_classes(**changes), "node"), Plot)
        assert [plot.name for plot in found] == ["degrees", "worst_nodes"]


def test_numbers_stand_beside_their_nodes():
    values = np.arange(8.0)
    found = of_classes(
        schema=Schema((), (), ("y",), "regression", NUMBERS),
        decoded=np.array([1.0, 9.0, 4.5, 7.0]),
        targets=values[[1, 3, 4, 7]],
        measured=lambda own: values[own.column("node").ids],
        caption=lambda value: f"{float(value):.1f}",
    )
    sections = node_sections(found, "node")
    worst = next(plot for plot in blocks(sections, Plot) if plot.name == "worst_nodes")
    assert [panel.title for panel in worst.panels] == ["Node 3: 9.0, truth 3.0", "Node 4: 4.5, truth 4.0"]
    assert sorted(worst.panels[0].names) == ["", "0.0", "1.0", "2.0", "3.0", "4.0", "5.0"]
    assert "edges within a class" not in str(blocks(sections, Table)[0].rows)
    series = blocks(sections, Plot)[-1].panels[0].series
    assert [s.name for s in series] == ["up to 3", "up to 4", "above 4"]


def test_answers_by_the_number_of_edges():
    ring = NodeGraph(20, sorted_edges(np.array([[n, (n + 1) % 10] for n in range(10)] * 2)))
    ids = list(range(20))
    decoded = np.where(np.arange(20)[:, None] < 10, [[0.9, 0.1]], [[0.2, 0.8]])
    found = of_classes(table=table(ids, ring), training=table([0], ring), trained_on=lambda: table([0], ring),
                       measured=lambda own: np.zeros(own.height, np.int64),
                       decoded=decoded, targets=np.zeros(20, np.int64))  # fmt: skip
    judged = blocks(node_sections(found, "node"), Table)[1]
    assert judged.rows == (("0", "10", "0.0%"), ("2 to 3", "10", "100.0%"))


@pytest.mark.parametrize("changes", [{"table": None}, {"decoded": None}])
def test_without_answers_there_are_facts_alone(changes: dict[str, Any]):
    (section,) = node_sections(of_classes(**changes), "node")
    assert [type(block) for block in section.blocks] == [Table, Plot]


def test_targets_of_another_graph_are_not_mixed_in():
    other = NodeGraph(8, EDGES.copy())
    known = Known.of(of_classes(table=table([1, 3, 4, 7], other)), "node")
    assert known.codes(np.arange(8)).tolist() == [-1, 0, -1, 1, 1, -1, -1, 0]
    assert (known.said(3), known.said(0)) == ("right", "")
    large = NodeGraph(30, EDGES)
    found = of_classes(
        table=table([1, 3, 4, 7, 29, 28], large),
        decoded=np.full((6, 2), 0.5),
        targets=np.array([0, 1, 1, 0, 1, 1]),
    )
    sections = node_sections(found, "node")
    assert dict(blocks(sections, Table)[0].rows)["nodes"] == "8", "of the graph that was learned from"
    assert any(panel.title.startswith("Node 29") for panel in blocks(sections, Plot)[1].panels)
