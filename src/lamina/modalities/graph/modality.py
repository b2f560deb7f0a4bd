"""Graphs as a modality: one column of graphs, or of molecules, is one block."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import key, one_of
from lamina.data.cells import with_cells
from lamina.data.graphs.column import GRAPH, AbstractGraphColumn
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.table import AbstractColumn, AbstractTable, ScalarColumn
from lamina.modalities.base import (
    AbstractModality,
    Block,
    Choice,
    Description,
    Learned,
    Outcome,
    Situation,
    Subject,
    Unreadable,
)
from lamina.modalities.graph import choose
from lamina.modalities.graph.check import GraphCheck
from lamina.modalities.graph.claim import claimed_molecules, molecules_of
from lamina.modalities.graph.encoder import GraphEncoder
from lamina.modalities.graph.scaffold import ByScaffold
from lamina.modalities.graph.stored import MOST_STEPS, check_encoder
from lamina.modalities.optional import AbstractAskedReader
from lamina.modalities.registry import MODALITIES

if TYPE_CHECKING:
    from lamina.core.page import Section

REFUSE, SKIP = UNREADABLE = ("refuse", "skip")


@dataclass(frozen=True)
class GraphKeys:
    """The keys of graphs."""

    walk_steps: int | None = key(
        None,
        "how many chances of a random walk to be back where it began are numbers of a node; 0 is none",
        check=lambda value: 0 <= value <= MOST_STEPS,
        expected=f"0 to {MOST_STEPS}",
    )
    unreadable: str = key(
        REFUSE,
        "what molecules that cannot be read do: refuse the run, or skip their rows and list them",
        **one_of(*UNREADABLE),
    )
    scaffold: bool = key(
        False,
        "split by scaffold: molecules of frequent scaffolds train, those of rare ones validate and test",
    )


class GraphModality(AbstractModality, AbstractAskedReader):
    """Graphs: from sets of graphs, or molecules that are written as SMILES."""

    name = noun = GRAPH
    kinds = (GRAPH, "molecule")
    keys = GraphKeys
    folds = choose.FOLDS
    most_for_folds = choose.MOST_FOR_FOLDS
    grouper = ByScaffold()

    def claim(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | Unreadable | None:
        """Return the graphs of a column, also where it holds SMILES."""
        return column if isinstance(column, AbstractGraphColumn) else claimed_molecules(column)

    def asked(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | Unreadable | None:
        """Return the graphs of a column; any texts are read as SMILES."""
        if isinstance(column, ScalarColumn) and column.storage == "string":
            found = self.claim(column, table)
            return molecules_of(column) if found is None else found
        return self.claim(column, table)

    def rejoin(self, table: AbstractTable, name: str) -> AbstractTable:
        """Return new data with their only column of graphs, or of SMILES, under the name of training."""
        if name in table.names:
            column = table.column(name)
            if not isinstance(column, ScalarColumn) or column.storage != "string":
                return table
            return with_cells(table, {name: molecules_of(column)})
        found = {other: self.claim(table.column(other), table) for other in table.names}
        graphs = {other: own for other, own in found.items() if isinstance(own, AbstractGraphColumn)}
        if not graphs and len(table.names) == 1:
            only = self.asked(table.column(table.names[0]), table)
            graphs = {table.names[0]: only} if isinstance(only, AbstractGraphColumn) else {}
        if len(graphs) != 1:
            return table
        ((old, column),) = graphs.items()
        return with_cells(
            table.drop([old]) if len(table.names) > 1 else _emptied(table), {name: column.named(name)}
        )

    def describe(
        self, table: AbstractTable, names: Sequence[str], *, keep: Sequence[str]
    ) -> list[Description]:
        """Return that each column holds graphs, or molecules."""
        return [
            Description(name, self.kinds[isinstance(table.column(name), MoleculeColumn)]) for name in names
        ]

    def check(self, subject: Subject, block: Block, keys: GraphKeys) -> GraphCheck:
        """Return the checks of the graphs."""
        return GraphCheck(subject, block, skips=keys.unreadable == SKIP)

    def fit(self, table: AbstractTable, block: Block, rows: np.ndarray, keys: GraphKeys) -> GraphEncoder:
        """Learn symbols, means and sizes from training rows."""
        return GraphEncoder.fit(table, block.columns[0].name, rows=rows, walk_steps=keys.walk_steps or 0)

    def restore(self, stored: dict[str, Any], place: str) -> GraphEncoder:
        """Return the encoder in an artifact's JSON."""
        check_encoder(stored, place)
        return GraphEncoder.from_json(stored)

    def choose(self, situation: Situation) -> Choice:
        """Return a graph isomorphism network, as measured."""
        return choose.choose(situation)

    def settle(self, keys: GraphKeys, learned: Learned) -> GraphKeys:
        """Return the keys with what was found from the data."""
        return dataclasses.replace(keys, walk_steps=learned.encoder.walk_steps)

    def sections(self, outcome: Outcome, block: Block, encoder: GraphEncoder) -> list[Section]:
        """Return the sizes of the graphs, and those that were answered worst."""
        from lamina.modalities.graph.sections import graph_sections

        return graph_sections(outcome, block.columns[0].name, encoder)


def _emptied(table: AbstractTable) -> AbstractTable:
    return table.drop(list(table.names))


MODALITIES.add(GRAPH, GraphModality())
