"""Sets of graphs in one text file: a line a node, with its tag and its neighbors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.data.graphs.store import Features, Graphs
from lamina.data.readers.parsers.graph_archive import Lines

LABEL = "label"


def is_adjacency_text(head: str) -> bool:
    r"""Return whether a text begins as such a file: how many graphs, then nodes and label of the first one.

    Args:
        head: its first lines; the last one may be cut off.

    Example:
        >>> is_adjacency_text("2\n2 0\n5 1 1\n5 1 0\n1"), is_adjacency_text("1\n2\n3\n4")
        (True, False)
    """
    lines = [line.split() for line in head.splitlines()]
    whole = lines if head.endswith("\n") else lines[:-1]
    if len(whole) < 3 or not all(_is_whole(field) for line in whole[:3] for field in line[:2]):
        return False
    if len(whole[0]) != 1 or len(whole[1]) != 2:
        return False
    nodes = whole[2 : 2 + int(whole[1][0])]
    return bool(nodes) and all(
        len(line) >= 2 and _is_whole(line[1]) and 0 <= int(line[1]) <= len(line) - 2 for line in nodes
    )


def read_adjacency(lines: Lines) -> tuple[Graphs, dict[str, np.ndarray]]:
    """Return the graphs of a file, and the column of their labels.

    The first line says how many graphs there are. Each begins with a line of its number of nodes and its
    label; a line for each node follows: its tag, how many neighbors it has, their numbers from 0, and
    perhaps numbers of the node's own.

    Args:
        lines: of the file.

    Raises:
        DataError: a line is missing or wrong, or a neighbor is not there.
    """
    reading = _Reading(lines)
    (count,) = reading.whole(1, "how many graphs there are")
    if count < 1:
        raise lines.wrong(0, "there is no graph", expected="1 or more")
    for _ in range(count):
        reading.graph()
    if reading.row < len(lines.lines):
        message = f"more lines than {count:,} graphs have"
        raise lines.wrong(reading.row, message, expected="the end of the file")
    return reading.graphs(), {LABEL: np.array(reading.labels)}


class _Reading:
    """What was read so far.

    Args:
        lines: of the file.
    """

    def __init__(self, lines: Lines):
        self.lines, self.row = lines, 0
        self.labels: list[int] = []
        self.tags: list[int] = []
        self.numbers: list[Sequence[str]] = []
        self.edges: list[tuple[int, int]] = []
        self.ends: list[tuple[int, int]] = []

    def whole(self, count: int, meaning: str) -> list[int]:
        """Return the whole numbers of the next line.

        Raises:
            DataError: there is no line, or something else stands on it.
        """
        fields = self.fields(meaning)
        if len(fields) != count or not all(map(_is_whole, fields)):
            raise self.lines.wrong(self.row - 1, "not what should stand here", expected=meaning)
        return [int(field) for field in fields]

    def fields(self, meaning: str) -> list[str]:
        """Return the fields of the next line.

        Raises:
            DataError: there is none.
        """
        if self.row >= len(self.lines.lines):
            raise self.lines.wrong(self.row, "the file ends too early", expected=meaning)
        self.row += 1
        return self.lines.lines[self.row - 1].split()

    def graph(self) -> None:
        """Take in the next graph.

        Raises:
            DataError: a line is wrong.
        """
        nodes, label = self.whole(2, "how many nodes the next graph has, and its label")
        if nodes < 1:
            raise self.lines.wrong(self.row - 1, "a graph without nodes", expected="1 or more")
        self.labels.append(label)
        for node in range(nodes):
            self.node(node, nodes)
        self.ends.append((len(self.tags), len(self.edges)))

    def node(self, node: int, nodes: int) -> None:
        """Take in the line of a node."""
        fields = self.fields("a node: its tag, how many neighbors it has, and their numbers")
        if len(fields) < 2 or not all(map(_is_whole, fields[:2])) or int(fields[1]) < 0:
            raise self._wrong_node("not a tag and a number of neighbors")
        stop = 2 + int(fields[1])
        if len(fields) < stop or not all(map(_is_whole, fields[2:stop])):
            raise self._wrong_node(f"not {fields[1]} neighbors")
        self.tags.append(int(fields[0]))
        for neighbor in map(int, fields[2:stop]):
            if not 0 <= neighbor < nodes:
                message = f"neighbor {neighbor} is not there"
                raise self.lines.wrong(self.row - 1, message, expected=f"0 to {nodes - 1}")
            self.edges.append((neighbor, node))
        own = fields[stop:]
        if self.numbers and len(own) != len(self.numbers[0]):
            raise self._wrong_node(f"{len(own)} numbers of the node, and {len(self.numbers[0])} before")
        self.numbers.append(own)

    def graphs(self) -> Graphs:
        """Return the graphs.

        Raises:
            DataError: a number of a node is none.
        """
        try:
            numbers = np.array(self.numbers, np.float32).reshape(len(self.tags), -1)
        except ValueError as error:
            raise DataError(
                f"a number of a node is none ({error})", where=self.lines.where, fix="fetch the data anew"
            ) from error
        nodes = Features.of_symbols(np.array(self.tags), "tag")
        if numbers.shape[1]:
            names = [f"number_{place}" for place in range(1, numbers.shape[1] + 1)]
            nodes = nodes.with_numbers(numbers, names)
        ends = np.array(self.ends, np.int64)
        edges = np.array(self.edges, np.int32).reshape(-1, 2)
        return Graphs(ends[:, 0], ends[:, 1], edges, nodes, Features.none(len(edges)))

    def _wrong_node(self, message: str) -> DataError:
        expected = "tag, number of neighbors, the neighbors, and perhaps numbers of the node"
        return self.lines.wrong(self.row - 1, message, expected=expected)


def _is_whole(field: str) -> bool:
    return field.lstrip("-").isdecimal() and len(field) < 19
