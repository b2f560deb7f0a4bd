"""Links as a task: which edges a graph lacks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.keys import POSITIVE, key
from lamina.data.audit.findings import Finding, error
from lamina.data.audit.roles import BESIDE_CELLS
from lamina.data.cells import CellTable, columns_beside
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.schema import NOTHING, Schema
from lamina.data.split import SplitKeys
from lamina.modalities import MODALITIES
from lamina.modalities.base import Learned, Outcome, Subject
from lamina.modalities.blocks import Claims
from lamina.tasks.base import AbstractSelector, AbstractTarget, AbstractTask, Examples, Roles, Selection
from lamina.tasks.links.guide import LinkGuide
from lamina.tasks.links.pairs import Edges, edges_of, graph_of
from lamina.tasks.links.target import LinkTarget
from lamina.tasks.links.verbs import VERBS
from lamina.tasks.registry import TASKS
from lamina.tasks.schema import assign_roles

if TYPE_CHECKING:
    from lamina.core.page import Section
    from lamina.data.table import AbstractTable
    from lamina.objectives.base import AbstractObjective

LINKS = "links"
FEWEST_EDGES = 10


@dataclass(frozen=True)
class LinkKeys:
    """The keys of links."""

    vector: int = key(64, "length of a node's vector", **POSITIVE)


class LinkTask(AbstractTask, AbstractSelector):
    """Which edges a graph lacks, learned from those that it has."""

    name = LINKS
    summary = "predicts which nodes of a graph are linked"
    keys = LinkKeys
    target_kind = NOTHING
    needs_target = False
    predicts = False
    verbs = VERBS
    guide = LinkGuide()
    examiner = Edges()
    noun = "edge"

    def roles(self, claims: Claims, given: Roles) -> Schema:
        """Return the column of nodes as input; columns of a table are seen of all nodes, others are left out.

        Raises:
            DataError: there is a target, or no column of nodes.
        """
        source = claims.table.source
        if given.targets:
            message = f"the task {self.name} has no target: edges are held out, and predicted by the others"
            raise DataError(
                message, where=source, received=", ".join(given.targets), fix="leave the target out"
            )
        schema = assign_roles(claims, given, task=self.name, target_kind=self.target_kind)
        nodes = [column for column in schema.inputs if column.kind == NODE]
        if len(nodes) != 1:
            raise DataError("there is no graph of nodes and edges", where=source, expected="a graph")
        reason = BESIDE_CELLS.format(noun=self.noun)
        beside = [column for column in schema.inputs if column.kind != NODE]
        seen = tuple(column for column in beside if MODALITIES[column.modality].shares_block)
        others = tuple((column.name, reason) for column in beside if column not in seen)
        dropped = (*schema.dropped, *others)
        return dataclasses.replace(
            schema, inputs=tuple(nodes), context=seen, dropped=dropped, split=None, weight=None
        )

    def select(self, table: AbstractTable, schema: Schema, split: SplitKeys, keys: Any) -> Selection:
        """Return the edges as rows, each once."""
        column: Any = table.column(schema.inputs[0].name)
        pairs, _ = edges_of(column.graph)
        own = NodeColumn(column.name, column.graph, pairs, origin=column.origin)
        rows = CellTable({column.name: own}, columns_beside({}, len(pairs), table.source))
        return Selection(rows)

    def check(self, subject: Subject, other: AbstractTable | None = None) -> Iterator[Finding]:
        """Yield whether there are too few edges."""
        table = subject.table if other is None else other
        column: Any = table.column(subject.schema.inputs[0].name)
        if len(column.graph.edges) < FEWEST_EDGES:
            message = f"{len(column.graph.edges)} edges are too few to learn from"
            yield error("too-few-edges", table.source, message, f"give at least {FEWEST_EDGES}")

    def fit(self, learned: Learned, keys: LinkKeys) -> LinkTarget:
        """Return the target, with the graph of the training edges."""
        column: Any = learned.table.column(learned.encoder.only.name)
        directed = edges_of(column.graph)[1]
        graph = graph_of(column.graph, column.ids[np.asarray(learned.rows)], directed=directed)
        return LinkTarget(graph.count, keys.vector, graph)

    def restore(self, stored: Mapping[str, Any], place: str) -> LinkTarget:
        """Return the target in an artifact's JSON."""
        return LinkTarget.restore(stored, place)

    def examples(
        self, table: AbstractTable, schema: Schema, encoder: Any, target: AbstractTarget, rows: np.ndarray
    ) -> Examples:
        """Return edges as pairs of nodes, and the graph of the training edges."""
        column: Any = table.column(encoder.only.name)
        own: Any = target
        x = encoder.only.arrays(column.ids[np.asarray(rows)], own.graph)
        weight = np.ones(len(rows), np.float32)
        return Examples({"x": x, "y": target.transform(table, rows), "weight": weight}, len(rows))

    def objective(self, inputs: Any, target: Any, keys: LinkKeys) -> AbstractObjective:
        """Return the cross-entropy of edges against random pairs."""
        from lamina.objectives.edges import EdgeObjective

        return EdgeObjective(target.nodes, target.width)

    def sections(self, outcome: Outcome) -> list[Section]:
        """Return how edges and other pairs score."""
        from lamina.tasks.links.sections import link_sections

        return link_sections(outcome)


TASKS.add(LINKS, LinkTask())
