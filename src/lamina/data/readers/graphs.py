"""Sets of graphs in text files, in a folder or an archive."""

from __future__ import annotations

import os

from lamina.core.errors import DataError
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

INDICATOR = "_graph_indicator.txt"  # the file that says which node belongs to which graph
ARCHIVES = (".tar", ".tgz")


class GraphsReader(AbstractReader):
    """Read graphs in the format of the TU collection, or in one text of nodes and their neighbors."""

    name = "graphs"
    files = "sets of graphs"
    is_special = True

    def claims(self, source: Source) -> bool:
        """Return whether files are named, or a text begins, as those of sets of graphs."""
        if source.is_folder:
            return any(name.endswith(INDICATOR) for name in source.files) or _lone_text(source) is not None
        if source.ending in ARCHIVES:
            return True  # no other archive is read
        if source.packing == ".zip" and source.is_file:
            from lamina.data.readers.parsers.unpacking import members_of

            return any(name.endswith(INDICATOR) for name in members_of(source.path))
        return source.ending == ".txt" and not source.is_packed and _begins_as_graphs(source.head)

    def read(self, source: Source) -> AbstractTable:
        """Return the table: columns ``graph``, and ``label`` or ``target``."""
        from lamina.data.cells import CellTable, columns_beside
        from lamina.data.graphs.column import GRAPH, GraphColumn
        from lamina.data.readers.parsers.adjacency_text import read_adjacency
        from lamina.data.readers.parsers.graph_archive import read_texts
        from lamina.data.readers.parsers.tu_graphs import read_tu

        files = read_texts(source.path)
        if any(name.endswith(INDICATOR) for name in files):
            used = [name for name in files if "_" in os.path.basename(name)]
            graphs, columns = read_tu(files, source.path)
        else:
            used = [_adjacency_name(list(files), source.path)]
            graphs, columns = read_adjacency(files[used[0]])
        is_folder = os.path.isdir(source.path)
        origin = [os.path.join(source.path, name) for name in used] if is_folder else []
        column = GraphColumn(GRAPH, graphs, origin=origin)
        left = [name for name in files if name not in used]
        remarks = [f"left out: {len(left)} other text files, such as {left[0]}"] if left else []
        return CellTable({GRAPH: column}, columns_beside(columns, len(graphs), source.path), remarks=remarks)


READERS.add(GraphsReader.name, GraphsReader())


def _begins_as_graphs(head: bytes) -> bool:
    from lamina.data.readers.parsers.adjacency_text import is_adjacency_text

    return is_adjacency_text(head.decode("ascii", "replace")) if head[:1].isdigit() else False


def _lone_text(source: Source) -> str | None:
    """Return the path of the only text right in a folder, if it begins as graphs in one text do."""
    texts = [name for name in source.listing if name.lower().endswith(".txt")]
    if len(texts) != 1:
        return None
    path = os.path.join(source.path, texts[0])
    return path if _begins_as_graphs(Source(path).head) else None


def _adjacency_name(names: list[str], path: str) -> str:
    """Return the file of graphs in one text: the only one, or that called as its folder.

    Raises:
        DataError: there is none.
    """
    highest = min((name.count("/") for name in names), default=0)
    found = [name for name in names if name.count("/") == highest]
    if len(found) != 1:
        found = [name for name in names if name.split("/")[-2:-1] == [name.split("/")[-1][: -len(".txt")]]]
    if len(found) != 1:
        raise DataError(
            "no set of graphs lies in it",
            where=path,
            expected=f"NAME_A.txt and NAME{INDICATOR}, or NAME/NAME.txt",
            received=", ".join(names[:5]) + (" …" if len(names) > 5 else "") if names else "no text file",
            fix="unpack other archives, and give the file that they hold",
        )
    return found[0]
