"""GraphML by networkx, after a look at the XML by which nothing outside the file is reached."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any
from xml.parsers import expat

from lamina.core.errors import DataError, require
from lamina.data.cells import CellTable
from lamina.data.readers.packing import packing_of
from lamina.data.readers.parsers import text
from lamina.data.readers.parsers.node_link import graph_of_objects
from lamina.data.readers.parsers.unpacking import unpack
from lamina.data.table import free_name

MOST_BYTES = 1 << 29
MOST_ELEMENTS = 1 << 22  # networkx holds a kilobyte or two for each, so some 8 GB
DEEPEST = 64  # elements in one another; a graph needs five
_TABLES = "write nodes.csv and edges.csv into a folder, and read that"


def read_graphml(path: str) -> CellTable:
    """Return the table of the nodes of a graph in GraphML; what is known of a node becomes columns.

    Args:
        path: the file, perhaps packed.

    Raises:
        DataError: it is damaged, too large, declares a document type, or holds what no plain graph has.
        MissingExtraError: networkx is not installed.
    """
    text.check_file(path, what="graph")
    networkx: Any = require("networkx", extra="graph", purpose="to read GraphML")
    data = _content(path)
    looked = _Look(path)
    looked.over(data)
    try:
        with warnings.catch_warnings(action="ignore"):  # of keys without a type, which are read as texts
            graph = networkx.read_graphml(io.BytesIO(data))
    except Exception as error:  # whatever networkx stumbles over, the file is at fault
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"no graph in GraphML ({said})", where=path, fix="write it anew") from error
    usual, of_edges = (graph.graph.get(f"{what}_default", {}) for what in ("node", "edge"))
    known = {name: _apart({**more, **usual, **more}) for name, more in graph.nodes(data=True)}
    nodes = [{"id": name, **known.get(name, {})} for name in looked.nodes]
    edges = [{**of_edges, **more, "source": a, "target": b} for a, b, more in graph.edges(data=True)]
    return graph_of_objects(nodes, edges, path, directed=graph.is_directed())


def _apart(known: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a node, with another name for what is called as its name is."""
    return {free_name(name, ("id",)): value for name, value in known.items()}


def _content(path: str) -> bytes:
    """Return the bytes of a file, unpacked.

    Raises:
        DataError: it cannot be read, or is too large.
    """
    if packing_of(path):
        data = unpack(path)
    else:
        _check_size(os.path.getsize(path), path)
        try:
            with open(path, "rb") as stream:
                data = stream.read()
        except OSError as error:
            raise DataError(f"cannot be read ({error.strerror})", where=path) from error
    _check_size(len(data), path)
    return data


def _check_size(size: int, path: str) -> None:
    if size > MOST_BYTES:
        raise DataError(
            "too large for GraphML",
            where=path,
            expected=f"{MOST_BYTES:,} bytes at most",
            received=f"{size:,}",
            fix=_TABLES,
        )


class _Look:
    """A first pass over XML: it must be whole, of bounded size, and declare no document type.

    Entities are declared in a document type alone: without one nothing outside the file is read, and nothing
    in it grows.

    Args:
        path: the file, for messages.
    """

    def __init__(self, path: str):
        self.path, self.nodes, self.count, self.depth, self.graphs = path, [], 0, 0, 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def over(self, data: bytes) -> None:
        """Read all of it.

        Raises:
            DataError: with the line.
        """
        try:
            self.parser.Parse(data, True)
        except DataError:  # from below; it is a ValueError too
            raise
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            where = f"{self.path}, line {error.lineno}"
            raise DataError(f"not XML ({said})", where=where, fix="write the file anew") from error
        except (LookupError, ValueError) as error:  # an encoding that nobody knows
            raise DataError(f"not XML ({error})", where=self.path, fix="write the file anew") from error

    @property
    def where(self) -> str:
        """The place that was reached, in words."""
        return f"{self.path}, line {self.parser.CurrentLineNumber}"

    def _refuse(self, *_: Any) -> None:
        message = "declares a document type, which may name other files and make entities"
        raise DataError(message, where=self.where, fix="remove <!DOCTYPE …>")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count, self.depth = self.count + 1, self.depth + 1
        if self.depth > DEEPEST:
            raise DataError(f"elements are nested deeper than {DEEPEST}", where=self.where)
        if self.count > MOST_ELEMENTS:
            expected = f"{MOST_ELEMENTS:,} elements at most"
            raise DataError("too large for GraphML", where=self.path, expected=expected, fix=_TABLES)
        word = name.rpartition(" ")[2]
        if self.count == 1 and word != "graphml":
            raise DataError("no GraphML", where=self.where, expected="<graphml>", received=f"<{word[:40]}>")
        self.graphs += word == "graph"
        if self.graphs > 1:
            fix = "write one graph a file, without others in its nodes"
            raise DataError("there are several graphs", where=self.where, fix=fix)
        if word == "node":
            self.nodes.append(attributes.get("id", ""))

    def _end(self, _: str) -> None:
        self.depth -= 1
