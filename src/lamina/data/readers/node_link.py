"""One graph in a file: GraphML, or JSON of nodes and links."""

from __future__ import annotations

import json
import re

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

GRAPHML, JSON = ".graphml", ".json"
_LISTS = re.compile(rb'"(nodes|links|edges)"\s*:\s*\[\s*[{\]]')


class NodeLinkReader(AbstractReader):
    """Read one graph: GraphML, or JSON of ``nodes`` and ``links`` as networkx and D3 write it."""

    name = "node_link"
    files = "graphs in GraphML or JSON"
    is_special = True

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as GraphML is, or begins as JSON of nodes and links."""
        if source.is_folder:
            return False
        return source.ending == GRAPHML or (source.ending == JSON and _is_node_link(source.head))

    def read(self, source: Source) -> AbstractTable:
        """Return the table of the nodes, one a row."""
        if source.ending == GRAPHML:
            from lamina.data.readers.parsers.graphml import read_graphml

            return read_graphml(source.path)
        from lamina.data.readers.parsers.node_link import read_node_link

        return read_node_link(source.path)


READERS.add(NodeLinkReader.name, NodeLinkReader())


def _is_node_link(head: bytes) -> bool:
    """Return whether a file begins as one object with a list of nodes or links, not as one object a line."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"{") or not _LISTS.search(head):
        return False
    first, _, rest = head.partition(b"\n")
    if not rest.strip():
        return True
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return True
    return False
