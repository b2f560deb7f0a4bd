"""One graph from two tables: its nodes, and its edges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.cells import CellTable
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.nodes.graph import NodeGraph, edge_order
from lamina.data.table import LARGEST_NUMBER, AbstractTable, free_name

WEIGHT = "weight"
_IDS = ("id", "node", "node_id", "name")
_ENDS = (("source", "target"), ("sender", "receiver"), ("from", "to"), ("u", "v"), ("src", "dst"))


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
    places = placed(names, lambda row: nodes.where(row, own))
    ends = [_ends(edges, column, places, nodes.source) for column in (first, second)]
    others = [name for name in edges.names if name not in (first, second)]
    weight = next((name for name in others if name.lower() == WEIGHT), None)
    weights = None
    if weight is not None:
        weights = checked_weights(edges.scalar(weight).numbers(), lambda row: edges.where(row, weight))
    remarks = left_aside([name for name in others if name != weight])
    columns, pairs = nodes.drop([own]), np.stack(ends, axis=1)
    return nodes_beside(
        columns, names, pairs, directed=directed, origin=origin, weights=weights, remarks=remarks
    )


def checked_weights(weights: np.ndarray, where: Callable[[int], str]) -> np.ndarray:
    """Return weights of edges as they are.

    Args:
        weights: one an edge.
        where: number of an edge → its place in words.

    Raises:
        DataError: one is missing, infinite or below 0.
    """
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0) & (weights <= LARGEST_NUMBER)))
    if bad.size:
        row = int(bad[0])
        received = "nothing" if np.isnan(weights[row]) else f"{weights[row]:g}"
        fix = "correct it, or give the column another name than weight: then it is left aside"
        raise DataError(
            "the weight of an edge",
            where=where(row),
            expected="a number, 0 or above",
            received=received,
            fix=fix,
        )
    return weights


def placed(names: Sequence[str], where: Callable[[int], str]) -> dict[str, int]:
    """Return the number of each node by its name.

    Args:
        names: of the nodes, in their order.
        where: number of a node → its place in words.

    Raises:
        DataError: a name stands twice.
    """
    places: dict[str, int] = {}
    row = next((row for row, word in enumerate(names) if places.setdefault(word, row) != row), None)
    if row is not None:
        raise DataError(f"node '{names[row]}' stands twice", where=where(row), fix="remove one")
    return places


def left_aside(columns: Sequence[str]) -> list[str]:
    """Return what is to be said of columns of edges that nobody reads, nothing where there are none.

    Args:
        columns: their names.
    """
    listed = ", ".join(f"'{name}'" for name in columns[:5])
    return [f"{counted(len(columns), 'column')} of edges left aside: {listed}"] if columns else []


def nodes_beside(
    columns: AbstractTable,
    names: Sequence[str],
    pairs: np.ndarray,
    *,
    directed: bool,
    origin: Sequence[str],
    weights: np.ndarray | None = None,
    remarks: Sequence[str] = (),
) -> CellTable:
    """Return the table of the nodes of a graph, with columns beside them.

    Args:
        columns: what is known of each node.
        names: of the nodes, in their order.
        pairs: sender and receiver of each edge, (edges, 2).
        directed: whether an edge leads from its first node to its second alone; else it stands both ways.
        origin: the files.
        weights: of the edges; None where all count alike.
        remarks: what was left aside while reading.
    """
    if not directed:
        is_between = pairs[:, 0] != pairs[:, 1]  # a loop stands once
        pairs = np.concatenate([pairs, pairs[is_between, ::-1]])
        weights = None if weights is None else np.concatenate([weights, weights[is_between]])
    order = edge_order(pairs)
    weights = None if weights is None else weights[order].astype(np.float32)
    edges = pairs[order].astype(np.int32)
    graph = NodeGraph(len(names), edges, columns=columns, names=tuple(names), weights=weights)
    column = NodeColumn(NODE, graph, origin=origin)
    return CellTable({free_name(NODE, columns.names): column}, columns, remarks=remarks)


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


def _ends(edges: AbstractTable, name: str, places: Mapping[str, int], source: str) -> np.ndarray:
    """Return the numbers of the nodes that a column of edges names."""
    return numbered(_words(edges, name), places, source, lambda row: edges.where(row, name))


def numbered(
    words: Sequence[str], places: Mapping[str, int], source: str, where: Callable[[int], str]
) -> np.ndarray:
    """Return the numbers of the nodes at one end of all edges, int64.

    Args:
        words: the name of each.
        places: name of a node → its number.
        source: what holds the nodes, for messages.
        where: number of an edge → its place in words.

    Raises:
        DataError: a node is not there.
    """
    unknown = [row for row, word in enumerate(words) if word not in places]
    if unknown:
        raise DataError(
            f"{counted(len(unknown), 'edge')} of nodes that are not there, such as '{words[unknown[0]]}'",
            where=where(unknown[0]),
            expected=f"a node of {source}",
            fix="add the nodes, or remove the edges",
        )
    return np.array([places[word] for word in words], np.int64)
