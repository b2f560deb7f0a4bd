"""One graph in memory: its edges, and what is known of its nodes."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable


@dataclass(frozen=True)
class SparseRows:
    """A matrix of which most numbers are zero, row after row (CSR).

    Args:
        ends: where each row ends in the other two, (rows,).
        columns: of each number that is not zero, int32.
        values: those numbers, float32.
        width: columns of the matrix.
    """

    ends: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    width: int

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def lengths(self) -> np.ndarray:
        """How many numbers of each row are not zero."""
        return np.diff(self.ends, prepend=0)

    def padded(self, values: np.ndarray, fill: float) -> np.ndarray:
        """Return one value for each number that is not zero as (rows, longest row), filled up.

        Args:
            values: ``columns``, or something else of their length.
            fill: stands behind the end of a row.

        Example:
            >>> rows = SparseRows(np.array([1, 3]), np.array([4, 0, 2]), np.ones(3), 5)
            >>> rows.padded(rows.columns, -1).tolist()
            [[4, -1], [0, 2]]
        """
        lengths = self.lengths
        found = np.full((len(self), max(1, int(lengths.max(initial=0)))), fill, values.dtype)
        found[np.arange(found.shape[1])[None, :] < lengths[:, None]] = values
        return found


@dataclass(frozen=True)
class NodeGraph:
    """A graph whose nodes are numbered from zero.

    Args:
        count: nodes.
        edges: int32 (edges, 2), sender and receiver of each; one without direction stands twice. They are
            sorted by receiver, then sender.
        features: of the nodes: float32 (nodes, f), `SparseRows`, or None where nothing is known of them.
        columns: a table with a row for each node, in their order, whichever of them are examples; None where
            there is none. It holds targets too: only an encoder that knows the inputs may read it.
        names: what tells the nodes apart, in their order; empty where nothing but their numbers does.
        weights: of the edges, float32 (edges,), none below 0; None where all count alike.
    """

    count: int
    edges: np.ndarray
    features: np.ndarray | SparseRows | None = None
    columns: AbstractTable | None = None
    names: tuple[str, ...] = ()
    weights: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Numbers that are known of a node."""
        if self.features is None:
            return 0
        return self.features.width if isinstance(self.features, SparseRows) else self.features.shape[1]

    @functools.cached_property
    def digest(self) -> int:
        """A number that equal graphs share, of 64 bits."""
        features = self.features
        parts = [features.ends, features.columns, features.values] if isinstance(features, SparseRows) else []
        parts += [array for array in (features, self.weights) if isinstance(array, np.ndarray)]
        state = hashlib.blake2b(str(self.count).encode(), digest_size=8)
        for part in (self.edges, *parts):
            state.update(np.ascontiguousarray(part).tobytes())
        return int.from_bytes(state.digest(), "little")

    def coded(self, pairs: np.ndarray) -> np.ndarray:
        """Return a number for each pair of nodes, sender · nodes + receiver, int64.

        Args:
            pairs: (…, 2).

        Example:
            >>> NodeGraph(3, np.array([[2, 1]], np.int32)).coded(np.array([[2, 1], [0, 2]])).tolist()
            [7, 2]
        """
        return pairs[..., 0].astype(np.int64) * self.count + pairs[..., 1]

    def decoded(self, codes: np.ndarray) -> np.ndarray:
        """Return the pairs of nodes that `coded` gave numbers, int32 (…, 2)."""
        return np.stack(np.divmod(codes, self.count), axis=-1).astype(np.int32)

    def name_of(self, node: int) -> str:
        """Return the name of a node, or its number where nodes have no names."""
        return self.names[node] if self.names else str(node)

    def degrees(self) -> np.ndarray:
        """Return how many edges lead to each node."""
        return np.bincount(self.edges[:, 1], minlength=self.count)


def sorted_edges(edges: np.ndarray) -> np.ndarray:
    """Return edges sorted by receiver, then sender, each as often as it was given.

    Args:
        edges: (edges, 2).

    Example:
        >>> sorted_edges(np.array([[2, 1], [0, 1], [1, 0]])).tolist()
        [[1, 0], [0, 1], [2, 1]]
    """
    return edges[edge_order(edges)].astype(np.int32)


def edge_order(edges: np.ndarray) -> np.ndarray:
    """Return the places of edges in the order of `sorted_edges`.

    Args:
        edges: (edges, 2).
    """
    return np.lexsort((edges[:, 0], edges[:, 1]))
