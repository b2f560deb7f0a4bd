"""One graph in two tables of a folder: its nodes, and its edges."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lamina.core.keys import key
from lamina.data.nodes.tables import table_of_graph
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.packing import packing_of
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

_NODES, _EDGES = ("nodes", "node"), ("edges", "edge")
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
