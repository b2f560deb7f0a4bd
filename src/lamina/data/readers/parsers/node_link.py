"""One graph as JSON: an object with a list of nodes, and a list of links or edges."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.core.errors import DataError
from lamina.data.cells import CellTable, columns_beside
from lamina.data.frame import FrameTable, check_names
from lamina.data.nodes.tables import WEIGHT, checked_weights, left_aside, nodes_beside, numbered, placed
from lamina.data.readers.parsers import text
from lamina.data.readers.parsers.jsonl import framed
from lamina.data.table import AbstractTable

_LINKS = ("links", "edges")
_ENDS = ("source", "target")
_ID, _KEY = "id", "key"  # a key tells edges between the same two nodes apart
_FIX = 'write {"nodes": [{"id": 1}, {"id": 2}], "links": [{"source": 1, "target": 2}]}'


def read_node_link(path: str) -> CellTable:
    """Return the table of the nodes of a graph; what is known of a node becomes columns.

    A node is told apart by its ``id``, or by its number from 0 where no node has one. ``directed`` says
    whether an edge leads from its source to its target alone; without it, it does not.

    Args:
        path: the file, perhaps packed.

    Raises:
        DataError: with file, node or edge and fix, whatever is wrong with the file.
    """
    given = text.load_utf8(path)
    try:
        found = json.loads(text.decoded(given))
    except RecursionError as error:
        raise DataError("not JSON (nested too deep)", where=path, fix="write it anew") from error
    except json.JSONDecodeError as error:
        fix = "write one graph a file, whole"
        raise DataError(f"not JSON ({error.msg})", where=given.where(error.lineno), fix=fix) from error
    except ValueError as error:
        raise DataError(f"not JSON ({error})", where=path, fix="write it anew") from error
    nodes, edges = _objects(found, ("nodes",), path), _objects(found, _LINKS, path)
    directed = found.get("directed", False)
    if not isinstance(directed, bool):
        raise DataError("'directed' is neither true nor false", where=path, received=directed)
    return graph_of_objects(nodes, edges, path, directed=directed)


def graph_of_objects(
    nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]], path: str, *, directed: bool
) -> CellTable:
    """Return the table of the nodes of a graph.

    Args:
        nodes: what is known of each, its ``id`` among it.
        edges: what is known of each, ``source`` and ``target`` among it.
        path: the file, for messages.
        directed: whether an edge leads from its source to its target alone.

    Raises:
        DataError: a node or an edge lacks a name, or an edge ends at a node that is not there.
    """
    if not nodes:
        raise DataError("there is no node", where=path, fix=_FIX)
    numbered_ids = not any(_ID in node for node in nodes)
    ids = [*range(len(nodes))] if numbered_ids else [node.get(_ID) for node in nodes]
    names = [_name(value, f"{path}, node {number}", _ID) for number, value in enumerate(ids)]
    places = placed(names, lambda number: f"{path}, node {number}")
    ends = [
        numbered(
            [_name(edge.get(end), f"{path}, edge {number}", end) for number, edge in enumerate(edges)],
            places,
            path,
            lambda number: f"{path}, edge {number}",
        )
        for end in _ENDS
    ]
    columns, remarks = _columns([{**node, _ID: name} for node, name in zip(nodes, names, strict=True)], path)
    weights = _weights(edges, path)
    used = (*_ENDS, _KEY, *(() if weights is None else (WEIGHT,)))
    left = dict.fromkeys(name for edge in edges for name in edge if name not in used)
    return nodes_beside(
        columns,
        names,
        np.stack(ends, axis=1).reshape(-1, 2),
        directed=directed,
        origin=(path,),
        weights=weights,
        remarks=[*left_aside([*left]), *remarks],
    )


def _weights(edges: Sequence[dict[str, Any]], path: str) -> np.ndarray | None:
    """Return the weights of the edges, None where no edge has one.

    Raises:
        DataError: one is missing, or no number that a weight can be.
    """
    if not any(WEIGHT in edge for edge in edges):
        return None
    given = [edge.get(WEIGHT) for edge in edges]
    return checked_weights(np.array([*map(_number, given)]), lambda number: f"{path}, edge {number}")


def _number(value: Any) -> float:
    """Return a number of JSON as a float, NaN where it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _columns(rows: list[dict[str, Any]], path: str) -> tuple[AbstractTable, list[str]]:
    """Return what is known of the nodes as columns, but their names, and a remark on what is no column."""
    frame, remarks = framed(rows, path)
    frame = frame.drop(_ID)
    if not frame.width:  # such a frame would forget how many rows it has
        return columns_beside({}, len(rows), path), remarks
    check_names(frame.columns, path)
    return FrameTable(frame, source=path), remarks


def _objects(found: Any, names: Sequence[str], path: str) -> list[dict[str, Any]]:
    """Return a list of objects that stands under one of some names.

    Raises:
        DataError: there is none, or something else stands in it.
    """
    name = next((name for name in names if isinstance(found, dict) and name in found), None)
    if name is None:
        expected = " or ".join(f"'{name}'" for name in names)
        raise DataError(f"there are no {names[0]}", where=path, expected=f"a list {expected}", fix=_FIX)
    rows = found[name]
    if not isinstance(rows, list):
        raise DataError(f"'{name}' is no list", where=path, received=type(rows).__name__, fix=_FIX)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            where, received = f"{path}, {name}, number {number}", type(row).__name__
            raise DataError("not a JSON object", where=where, received=received, fix=_FIX)
    return rows


def _name(value: Any, where: str, what: str) -> str:
    """Return the name of a node as a text, a whole number alike however it is written.

    Raises:
        DataError: it is missing, or no name.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        received = "nothing" if value in (None, "") else type(value).__name__
        raise DataError(
            f"'{what}' names no node", where=where, expected="a text or a number", received=received
        )
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
