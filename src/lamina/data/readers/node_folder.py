"""One graph in two tables of a folder: its nodes, and its edges."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamina.core.errors import DataError
from lamina.core.keys import key
from lamina.core.wording import counted
from lamina.data.cells import CellTable
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.nodes.graph import NodeGraph, sorted_edges
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.packing import packing_of
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

_NODES, _EDGES = ("nodes", "node"), ("edges", "edge")
_IDS = ("id", "node", "node_id", "name")
_ENDS = (("source", "target"), ("sender", "receiver"), ("from", "to"), ("u", "v"), ("src", "dst"))
_ENDINGS = (".csv", ".tsv")


@dataclass(frozen=True)
class NodeFolderKeys(TextFileKeys):
    """The keys of a graph in two tables."""

    directed: bool = key(False, "whether an edge leads from its first node to its second alone")


class NodeFolderReader(AbstractReader):
    """Read a folder with a table of nodes and a table of edges, as ``nodes.csv`` and ``edges.csv``."""

    name = "node_folder"
    files = "folders of nodes and edges"
    keys = NodeFolderKeys

    def claims(self, source: Source) -> bool:
        """Return whether a folder holds a table of each."""
        return source.is_folder and None not in _tables(source.listing)

    def read(self, source: Source) -> AbstractTable:
        """Return the table of the nodes, one a row."""
        paths = [os.path.join(source.path, name or "") for name in _tables(source.listing)]
        nodes, edges = (_read(path, source) for path in paths)
        table = table_of_graph(nodes, edges, directed=source.keys.directed, origin=paths)
        table.source = os.path.normpath(source.path)  # what a person types to have it read again
        return table


READERS.add(NodeFolderReader.name, NodeFolderReader())


def _tables(listing: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the names of the tables of nodes and edges in a folder, None where there is none."""
    stems = {}
    for name in listing:
        stem, ending = os.path.splitext(name.removesuffix(packing_of(name)))
        if ending.lower() in _ENDINGS:
            stems[stem.lower()] = name
    nodes, edges = (
        next((stems[stem] for stem in words if stem in stems), None) for words in (_NODES, _EDGES)
    )
    return nodes, edges


def _read(path: str, source: Source) -> AbstractTable:
    from lamina.data.readers.parsers.delimited import read_delimited

    own = replace(source, path=path)
    prefer = "\t" if own.ending == ".tsv" else ","
    return read_delimited(path, keep_text=source.texts, encoding=source.keys.encoding, prefer=prefer)


def table_of_graph(
    nodes: AbstractTable, edges: AbstractTable, *, directed: bool, origin: Sequence[str]
) -> CellTable:
    """Return the table of the nodes: the graph, and the columns of the table of nodes but their names.

    Args:
        nodes: a column ``id``, ``node`` or ``name``, else the first one, tells them apart.
        edges: two columns of such names: ``source`` and ``target`` or the like, else the first two.
        directed: whether an edge leads from its first node to its second alone.
        origin: the files.

    Raises:
        DataError: a name stands twice, an edge ends at a node that is not there, or a table lacks columns.
    """
    (own,), (first, second) = _columns(nodes, [(name,) for name in _IDS], 1), _columns(edges, _ENDS, 2)
    names = _words(nodes, own)
    places: dict[str, int] = {}
    row = next((row for row, word in enumerate(names) if places.setdefault(word, row) != row), None)
    if row is not None:
        raise DataError(f"node '{names[row]}' stands twice", where=nodes.where(row, own), fix="remove one")
    found = np.stack([_placed(edges, column, places, nodes.source) for column in (first, second)], axis=1)
    if not directed:
        is_loop = found[:, 0] == found[:, 1]
        found = np.concatenate([found, found[~is_loop, ::-1]])
    left = [name for name in edges.names if name not in (first, second)]
    remarks = []
    if left:
        listed = ", ".join(f"'{name}'" for name in left[:5])
        remarks.append(f"{counted(len(left), 'column')} of edges left aside: {listed}")
    graph = NodeGraph(len(names), sorted_edges(found))
    return CellTable({NODE: NodeColumn(NODE, graph, origin=origin)}, nodes.drop([own]), remarks=remarks)


def _columns(table: AbstractTable, known: Sequence[tuple[str, ...]], count: int) -> list[str]:
    """Return the columns of one of the known names, else the first ones.

    Raises:
        DataError: there are not so many.
    """
    lowered = {name.lower(): name for name in table.names}
    for words in known:
        if all(word in lowered for word in words):
            return [lowered[word] for word in words]
    if len(table.names) < count:
        expected = "columns source and target" if count > 1 else "a column id"
        raise DataError("there are too few columns", where=table.source, expected=expected)
    return list(table.names[:count])


def _words(table: AbstractTable, name: str) -> list[str]:
    """Return the values of a column as texts, whole numbers alike however they are stored.

    Raises:
        DataError: one is missing.
    """
    column = table.scalar(name)
    missing = np.flatnonzero(column.missing())
    if missing.size:
        raise DataError("the name of a node is missing", where=table.where(int(missing[0]), name))
    distinct = column.distinct()
    words = distinct.spellings()
    return [words[code] for code in distinct.codes.tolist()]


def _placed(edges: AbstractTable, name: str, places: dict[str, int], source: str) -> np.ndarray:
    """Return the numbers of the nodes that a column of edges names.

    Raises:
        DataError: one is not there.
    """
    words = _words(edges, name)
    unknown = [row for row, word in enumerate(words) if word not in places]
    if unknown:
        raise DataError(
            f"{counted(len(unknown), 'edge')} of nodes that are not there, such as '{words[unknown[0]]}'",
            where=edges.where(unknown[0], name),
            expected=f"a node of {source}",
            fix="add the nodes, or remove the edges",
        )
    return np.array([places[word] for word in words], np.int64)
