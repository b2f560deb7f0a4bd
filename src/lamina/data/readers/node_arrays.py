"""One graph in a NumPy archive: its edges, features and labels of its nodes."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from lamina.core.errors import DataError
from lamina.core.wording import counted
from lamina.data.cells import CellTable, columns_beside
from lamina.data.nodes.column import NODE, NodeColumn
from lamina.data.nodes.graph import NodeGraph, SparseRows, sorted_edges
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.npz import load_arrays
from lamina.data.readers.parsers import text
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable
from lamina.data.words import UNUSED

_EDGES = "edge_index"
_FEATURES = ("x", "features", "feat")
_LABELS = ("y", "labels", "label")
_PARTS = {"train": ("train_idx", "train_mask"), "valid": ("val_idx", "val_mask", "valid_idx", "valid_mask"),
          "test": ("test_idx", "test_mask")}  # fmt: skip
_SPARSE = ("feat_indptr", "feat_indices", "feat_data", "feat_shape")


class NodeArraysReader(AbstractReader):
    """Read one graph from arrays: ``edge_index`` (2, edges), and what is known of its nodes."""

    name = "node_arrays"
    files = "graphs in NumPy archives"
    endings = ()

    def claims(self, source: Source) -> bool:
        """Return whether a file is a NumPy archive with an array ``edge_index``."""
        if source.is_packed or source.ending != ".npz" or not source.is_file:
            return False
        import zipfile  # slow to import, and other files do without

        with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(source.path) as archive:
            return f"{_EDGES}.npy" in archive.namelist()
        return False

    def read(self, source: Source) -> AbstractTable:
        """Return the table of the nodes, one a row."""
        text.check_file(source.path)
        return table_of_graph(load_arrays(source.path), source.path)


READERS.add(NodeArraysReader.name, NodeArraysReader())


def table_of_graph(arrays: dict[str, np.ndarray], path: str) -> CellTable:
    """Return the table of the nodes of a graph.

    The arrays are ``edge_index``, int (2, edges), each edge once in each direction that it has; ``x``,
    (nodes, features), or ``feat_indptr``, ``feat_indices``, ``feat_data`` and ``feat_shape`` where most of
    them are zero; ``y``, one label a node, negative where it is not known; and ``train_idx``, ``val_idx``
    and ``test_idx``, or masks in their place.

    Args:
        arrays: by name.
        path: where they came from, for messages.

    Raises:
        DataError: an array is missing, or does not fit the others.
    """
    edges = arrays[_EDGES]
    if edges.ndim != 2 or edges.shape[0] != 2 or edges.dtype.kind not in "iu":
        expected = "whole numbers (2, edges), senders and receivers"
        raise DataError(f"'{_EDGES}' are no edges", where=path, expected=expected, received=_shown(edges))
    features, labels = _features(arrays, path), _named(arrays, _LABELS)
    if labels is not None and labels.ndim != 1:
        raise DataError("one label a node", where=path, expected="y (nodes,)", received=_shown(labels))
    _check_finite(features, path)
    count = _count(features, labels, edges)
    if labels is not None and labels.shape != (count,):
        raise DataError("one label a node", where=path, expected=f"y ({count},)", received=_shown(labels))
    bad = np.flatnonzero(((edges < 0) | (edges >= count)).any(axis=0))
    if bad.size:
        first = int(bad[0])
        raise DataError(
            f"{counted(bad.size, 'edge')} of nodes that are not there",
            where=f"{path}, edge {first}",
            expected=f"nodes 0 to {count - 1}",
            received=f"{edges[0, first]} to {edges[1, first]}",
            fix="remove them, or add the nodes",
        )
    beside: dict[str, np.ndarray] = {}
    if labels is not None:
        known = labels >= 0 if labels.dtype.kind in "iu" else np.ones(count, bool)
        beside["target"] = labels
        if not known.all():
            beside["target"] = labels.astype(object)
            beside["target"][~known] = None
    split = _split(arrays, count, path)
    if split is not None:
        beside["split"] = split
    graph = NodeGraph(count, sorted_edges(edges.T), features)
    column = NodeColumn(NODE, graph, origin=(path,))
    return CellTable({NODE: column}, columns_beside(beside, count, path))


def _named(arrays: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _shown(array: np.ndarray) -> str:
    return f"{array.dtype} {array.shape}"


def _features(arrays: dict[str, np.ndarray], path: str) -> np.ndarray | SparseRows | None:
    """Return what is known of the nodes.

    Raises:
        DataError: an array of the sparse form is missing, or they do not fit together.
    """
    dense = _named(arrays, _FEATURES)
    if dense is not None:
        if dense.ndim != 2 or dense.dtype.kind not in "iufb":
            expected = "numbers (nodes, features)"
            raise DataError(
                "the features are no matrix", where=path, expected=expected, received=_shown(dense)
            )
        return dense.astype(np.float32)
    if not any(name in arrays for name in _SPARSE):
        return None
    absent = [name for name in _SPARSE if name not in arrays]
    if absent:
        raise DataError(f"there is no array '{absent[0]}'", where=path, expected=", ".join(_SPARSE))
    starts, columns, values, shape = (arrays[name] for name in _SPARSE)
    form = [starts.ndim, columns.ndim, values.ndim, shape.shape]
    kinds = "".join(array.dtype.kind for array in (starts, columns, shape))
    is_sound = form == [1, 1, 1, (2,)] and set(kinds) <= set("iu") and values.dtype.kind in "iufb"
    width = int(shape[-1]) if is_sound else 0
    fits = (
        is_sound
        and len(starts) == int(shape[0]) + 1
        and len(columns) == len(values) == int(starts[-1])
        and int(starts[0]) == 0
        and (np.diff(starts) >= 0).all()
        and ((columns >= 0) & (columns < width)).all()
    )
    if not fits:
        expected = "rows of a sparse matrix: starts, columns, numbers and shape"
        raise DataError("the sparse features do not fit together", where=path, expected=expected)
    return SparseRows(starts[1:].astype(np.int64), columns.astype(np.int32), values.astype(np.float32), width)


def _check_finite(features: np.ndarray | SparseRows | None, path: str) -> None:
    """Refuse features that are no numbers.

    Raises:
        DataError: naming the first node.
    """
    if features is None:
        return
    values = features.values if isinstance(features, SparseRows) else features
    bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    if bad.size:
        place = int(bad[0])
        node = (
            int(np.searchsorted(features.ends, place, "right")) if isinstance(features, SparseRows) else place
        )
        raise DataError(
            "a feature is missing or infinite",
            where=f"{path}, node {node}",
            fix="fill it in, or remove the node",
        )


def _count(features: np.ndarray | SparseRows | None, labels: np.ndarray | None, edges: np.ndarray) -> int:
    """Return how many nodes there are: as features or labels say, else as the edges do."""
    if features is not None:
        return len(features)
    return len(labels) if labels is not None else int(edges.max(initial=-1)) + 1


def _split(arrays: dict[str, np.ndarray], count: int, path: str) -> np.ndarray | None:
    """Return the part of each node as a word, None where nothing is said of parts.

    Raises:
        DataError: a part has nodes that are not there, or two parts share one.
    """
    found = np.full(count, UNUSED, object)
    taken = np.zeros(count, bool)
    for word, names in _PARTS.items():
        nodes = _named(arrays, names)
        if nodes is None:
            continue
        is_mask = nodes.dtype == bool and nodes.shape == (count,)
        if not is_mask and (nodes.dtype.kind not in "iu" or nodes.ndim != 1):
            expected = f"numbers of nodes, or true and false ({count},)"
            raise DataError(
                f"'{names[0]}' names no nodes", where=path, expected=expected, received=_shown(nodes)
            )
        nodes = np.flatnonzero(nodes) if is_mask else nodes
        if nodes.size and not 0 <= nodes.min() <= nodes.max() < count:
            raise DataError(f"'{names[0]}' names nodes that are not there", where=path)
        if taken[nodes].any():
            node = int(nodes[taken[nodes]][0])
            raise DataError(f"node {node} is in two parts", where=path, fix="leave it in one of them")
        taken[nodes], found[nodes] = True, word
    return found if taken.any() else None
