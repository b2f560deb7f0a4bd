"""What is known of nodes as numbers and symbols: features of the graph, and columns beside one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from lamina.core.inputs import TableInputs
from lamina.data.nodes.graph import NodeGraph, SparseRows
from lamina.data.table import AbstractTable
from lamina.modalities.base import AbstractEncoder

FILL = -1
TINY = 1e-12

Features = dict[str, np.ndarray]  # numbers, symbols and scale, each (nodes, …)


def sparse_features(rows: SparseRows) -> Features:
    """Return a symbol with a scale for each number that is not zero; scales of a node add up to one.

    Args:
        rows: of the nodes.
    """
    row_of = np.repeat(np.arange(len(rows)), rows.lengths)
    sums = np.bincount(row_of, np.abs(rows.values), len(rows))
    scale = (rows.values / np.maximum(sums, TINY)[row_of]).astype(np.float32)
    return {"symbols": rows.padded(rows.columns, FILL), "scale": rows.padded(scale, 0.0)}


def own_symbols(graph: NodeGraph, known: Iterable[str]) -> Features:
    """Return a symbol for each node, by its name where nodes have names; -1 for one that is not known.

    Args:
        graph: all nodes.
        known: names of the nodes that have a symbol, in their order; empty where they have none.
    """
    places = {name: place for place, name in enumerate(known)}
    if not places or not graph.names:
        return {"symbols": np.arange(graph.count, dtype=np.int32)[:, None]}
    return {"symbols": np.array([places.get(name, FILL) for name in graph.names], np.int32)[:, None]}


def with_columns(
    own: Features, symbols: int, encoders: Mapping[str, AbstractEncoder], table: AbstractTable
) -> Features:
    """Return features with those of a table's columns behind them: numbers, and a symbol a category.

    Args:
        own: what else is known of the nodes.
        symbols: how many different symbols it has.
        encoders: of the columns, fitted.
        table: a row for each node.
    """
    found = dict(own)
    for encoder in encoders.values():
        inputs, arrays = table_inputs(encoder), encoder.transform(table)
        if inputs.numeric:
            found["numbers"] = _beside(found.get("numbers"), arrays["numeric"])
        sizes = np.array(inputs.cardinalities, np.int32)
        if sizes.size:
            if "scale" in found:
                ones = np.ones(arrays["category"].shape, np.float32)
                found["scale"] = _beside(found["scale"], ones)
            starts = symbols + np.cumsum(sizes, dtype=np.int32) - sizes
            found["symbols"] = _beside(found.get("symbols"), arrays["category"] + starts)
            symbols += int(sizes.sum())
    return found


def table_inputs(encoder: AbstractEncoder) -> TableInputs:
    """Return what an encoder of columns gives.

    Raises:
        TypeError: it gives something else.
    """
    inputs = encoder.inputs
    if not isinstance(inputs, TableInputs):
        raise TypeError(f"columns of nodes are encoded as {type(inputs).__name__}")
    return inputs


def _beside(first: np.ndarray | None, second: np.ndarray) -> np.ndarray:
    return second if first is None else np.concatenate([first, second], axis=1)
