"""Checks of graphs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit import duplicates
from lamina.data.audit.findings import Finding, error, note, warning
from lamina.data.graphs.column import AbstractGraphColumn
from lamina.data.graphs.store import Graphs
from lamina.data.split import Split
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractCheck, Block, Subject
from lamina.modalities.graph.encoder import column_of

NAMED = 5  # rows in a message
DOUBTFUL_LABELS = 0.001  # share of the graphs that are equal to one with another label
MOST_EDGELESS = 0.01  # share of graphs without edges that is worth a warning


class GraphCheck(AbstractCheck):
    """The checks of one column of graphs.

    Args:
        subject: the data with their roles.
        block: the column of graphs.
        skips: whether rows are left out whose graph cannot be read.
    """

    def __init__(self, subject: Subject, block: Block, *, skips: bool = False):
        self.subject, self.table, self.schema, self.skips = subject, subject.table, subject.schema, skips
        self.block, self.name = block, block.columns[0].name
        self.is_alone = (
            len(self.schema.inputs) == 1
        )  # else other columns tell a row, which may lack its graph

    @cached_property
    def column(self) -> AbstractGraphColumn:
        """The column of graphs."""
        return column_of(self.table, self.name)

    @cached_property
    def graphs(self) -> Graphs:
        """The graphs of all rows."""
        return self.column.graphs

    def left_out(self) -> dict[int, str]:
        """Return the rows whose graph cannot be read, where they are to be skipped."""
        return dict(self.column.faults()) if self.skips and self.name in self.table.names else {}

    def findings(self) -> Iterator[Finding]:
        """Yield what is to be said of the graphs themselves."""
        yield from self._of_unreadable()
        yield from self._of_absent()
        dangling = self._dangling()
        if dangling.size:
            message = f"edges lead to nodes that are not there in {counted(dangling.size, 'graph')}"
            fix = "correct the edges, or remove the rows"
            yield error("dangling-edge", self.table.where(int(dangling[0]), self.name), message, fix)
            return
        yield from self._of_edgeless()
        yield from self._of_edges()
        yield from self._of_labels()

    def _of_unreadable(self) -> Iterator[Finding]:
        faults = self.column.faults()
        if not faults:
            return
        rows = sorted(faults)
        words = "; ".join(f"{self.table.place(row)}: {faults[row]}" for row in rows[:NAMED])
        more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
        message = f"{counted(len(rows), 'graph')} cannot be read: {words}{more}"
        fix = "correct the rows, or leave them out: unreadable=skip"
        yield error("unreadable-graph", self.table.where(rows[0], self.name), message, fix)

    def _of_absent(self) -> Iterator[Finding]:
        absent = self.column.missing()
        if not absent.any():
            return
        where = self.table.where(int(absent.argmax()), self.name)
        message = f"there is no graph in {counted(int(absent.sum()), 'row')}"
        if self.is_alone:
            yield error("absent-graph", where, message, "fill it in, or remove these rows")
        else:
            yield note("absent-graph", where, f"{message}: the network learns what to take instead")

    def _dangling(self) -> np.ndarray:
        """Return the rows with an edge that leads to a node that is not there."""
        _, owners = self.graphs.owners()
        most = self.graphs.node_counts[owners][:, None]
        return np.unique(owners[((self.graphs.edges < 0) | (self.graphs.edges >= most)).any(axis=1)])

    def _of_edgeless(self) -> Iterator[Finding]:
        graphs = self.graphs
        bare = np.flatnonzero((graphs.node_counts > 0) & (graphs.edge_counts == 0))
        if not bare.size:
            return
        where = self.table.where(int(bare[0]), self.name)
        message = f"{counted(bare.size, 'graph')} {'has' if bare.size == 1 else 'have'} no edge"
        if bare.size == len(graphs):
            fix = "nothing is learned from edges: give them, or a table of what the nodes hold"
            yield warning("no-edges", where, message, fix)
        else:
            yield note("no-edges", where, message)

    def _of_edges(self) -> Iterator[Finding]:
        """Yield notes on nodes and edges that are seldom meant so."""
        graphs, where = self.graphs, self.table.where(name=self.name)
        ends = graphs.ends_of_edges()
        touched = np.zeros(len(graphs.nodes.symbols), bool)
        touched[ends.ravel()] = True
        owners, edge_owners = graphs.owners()
        lone = ~touched & (graphs.edge_counts[owners] > 0)
        for code, found, words in (
            ("isolated-node", np.unique(owners[lone]), "a node without an edge"),
            ("self-loop", np.unique(edge_owners[ends[:, 0] == ends[:, 1]]), "an edge from a node to itself"),
            ("repeated-edge", np.unique(edge_owners[_repeated(ends)]), "an edge that stands there twice"),
        ):
            if found.size:
                rows = counted(found.size, "graph")
                yield note(code, where, f"{rows} {'has' if found.size == 1 else 'have'} {words}")
        if len(ends) and not _is_both_ways(ends):
            message = "some edges stand in one direction only: messages go that way alone"
            yield note("one-way-edges", where, message)

    def _of_labels(self) -> Iterator[Finding]:
        """Yield what is to be said of equal graphs with different labels that nothing else tells apart."""
        if not self.schema.has_classes or not self.is_alone:
            return
        target = self.table.labels(self.schema.targets[0])
        codes, digests = target.distinct().codes, self.column.digests()
        if digests is None:
            return
        _, group = np.unique(digests, return_inverse=True)
        pairs = np.unique(np.stack([group, codes], axis=1)[codes >= 0], axis=0)
        torn = np.bincount(pairs[:, 0], minlength=int(group.max(initial=0)) + 1) > 1
        rows = np.flatnonzero(torn[group] & (codes >= 0))
        if not rows.size:
            return
        first = int(rows[0])
        other = int(next(r for r in rows if group[r] == group[first] and codes[r] != codes[first]))
        message = (
            f"{rows.size:,} graphs are equal to one with another label, such as those of "
            f"{self.table.place(first)} ({target.value(first)!r}) and "
            f"{self.table.place(other)} ({target.value(other)!r})"
        )
        say = warning if rows.size > DOUBTFUL_LABELS * len(self.graphs) else note
        yield say("contradicting-labels", self.table.source, message, "keep the graph with the right label")

    def across(self, split: Split) -> Iterator[Finding]:
        """Yield what is to be said of held-out graphs that equal a training graph."""
        held = np.sort(np.concatenate([split.valid, split.test]))
        own = self.column.digests()
        if own is not None:
            yield from self._of_copies(self.table, own, own[held], held, split, "held-out")

    def second(self, other: AbstractTable, split: Split) -> Iterator[Finding]:
        """Yield what is wrong with test data of their own."""
        column = column_of(other, self.name)
        tested = GraphCheck(Subject(other, self.schema), self.block, skips=self.skips)
        yield from tested._of_unreadable()
        yield from tested._of_absent()
        own, digests = self.column.digests(), column.digests()
        if own is not None and digests is not None:
            yield from self._of_copies(other, own, digests, np.arange(len(column)), split, "test")

    def _of_copies(
        self,
        table: AbstractTable,
        own: np.ndarray,
        digests: np.ndarray,
        held: np.ndarray,
        split: Split,
        name: str,
    ) -> Iterator[Finding]:
        """Yield a finding for copies, unless graphs repeat everywhere."""
        if np.unique(own).size < 0.5 * own.size:
            return
        copies = held[np.isin(digests, own[split.train]) & (digests != 0)]
        words = f"{name} graphs equal a training graph"
        fix = 'remove the copies, or keep them on one side with group="..."'
        yield from duplicates.of_repeated(
            table, copies, held.size, words, fix, column=self.name, is_grave=self.is_alone
        )


def _repeated(ends: np.ndarray) -> np.ndarray:
    """Return which edges stand there once more before."""
    _, firsts = np.unique(ends, axis=0, return_index=True)
    found = np.ones(len(ends), bool)
    found[firsts] = False
    return found


def _is_both_ways(ends: np.ndarray) -> bool:
    """Return whether each edge also stands in the other direction."""
    different = np.unique(ends, axis=0)
    back = np.unique(different[:, ::-1], axis=0)
    return len(different) == len(back) and bool((different == back).all())
