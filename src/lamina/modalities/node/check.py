"""Checks of a graph whose nodes are learned from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamina.core.wording import counted
from lamina.data.audit import duplicates
from lamina.data.audit.findings import Finding, note, warning
from lamina.data.split import Split
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractCheck, Block, Subject
from lamina.modalities.node.encoder import column_of


class NodeCheck(AbstractCheck):
    """The checks of one column of nodes.

    Args:
        subject: the data with their roles.
        block: the column of nodes.
    """

    def __init__(self, subject: Subject, block: Block):
        self.table, self.schema = subject.table, subject.schema
        self.block, self.name = block, block.columns[0].name

    def findings(self) -> Iterator[Finding]:
        """Yield what is to be said of the edges: none, duplicates, self-loops, one direction; lone nodes."""
        graph, source = column_of(self.table, self.name).graph, self.table.source
        edges = graph.edges
        if not len(edges):
            fix = "give edges, or learn from the features as a table"
            yield warning("no-edges", source, "the graph has no edge: each node is seen alone", fix)
            return
        codes = graph.coded(edges)
        distinct = np.unique(codes)
        loops = int((edges[:, 0] == edges[:, 1]).sum())
        if len(distinct) < len(codes):
            repeated = len(codes) - len(distinct)
            message = f"{counted(repeated, 'edge')} given more than once: each counts as often as it is given"
            yield warning("duplicate-edges", source, message, "remove the copies, unless they are meant so")
        if loops:
            message = f"{counted(loops, 'edge')} from a node to itself"
            yield note("self-loops", source, message)
        back = np.isin(graph.coded(edges[:, ::-1]), distinct)
        if not back.all():
            single = int((~back).sum())
            message = (
                f"{counted(single, 'edge')} of {len(codes):,} without one back: a node sees senders alone"
            )
            fix = "give each edge both ways, if it has no direction"
            yield (
                note("directed", source, message)
                if single == len(codes)
                else warning("one-way-edges", source, message, fix)
            )
        touched = np.zeros(graph.count, bool)
        touched[edges.reshape(-1)] = True
        if not touched.all():
            alone = int((~touched).sum())
            yield note("isolated-nodes", source, f"{counted(alone, 'node')} without any edge")

    def across(self, split: Split) -> Iterator[Finding]:
        """Yield nothing: each node stands once."""
        yield from ()

    def second(self, other: AbstractTable, split: Split) -> Iterator[Finding]:
        """Yield what is wrong with the graph of test data, and which of its nodes are training nodes."""
        if other is not self.table:
            yield from NodeCheck(Subject(other, self.schema), self.block).findings()
        known = column_of(self.table, self.name).take(split.train).digests()
        copies = np.flatnonzero(np.isin(column_of(other, self.name).digests(), known))
        words, fix = "test nodes are training nodes", "name the parts in one file, by a column split"
        yield from duplicates.of_repeated(other, copies, other.height, words, fix, column=self.name)
