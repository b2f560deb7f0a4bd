"""Many graphs in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lamina.data.hashing import mixed

ROUNDS = 4  # of refinement behind a digest: nodes are told apart by what is at most so many edges away
MOST_DIGITS = 6  # numbers that differ less, relative to their size, are equal
_ONE = np.uint64(1)


@dataclass(frozen=True)
class Features:
    """What nodes, or edges, are told by: symbols and numbers.

    Args:
        symbols: int32 (n, s), positions in the alphabets.
        alphabets: for each symbol of a node the texts that it may be.
        names: of the symbols, such as ``element``.
        numbers: float32 (n, f).
        number_names: of the numbers.
    """

    symbols: np.ndarray
    alphabets: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    numbers: np.ndarray
    number_names: tuple[str, ...]

    @staticmethod
    def none(count: int) -> Features:
        """Return features of nodes that have none.

        Args:
            count: nodes, or edges.
        """
        return Features(np.zeros((count, 0), np.int32), (), (), np.zeros((count, 0), np.float32), ())

    @staticmethod
    def of_symbols(values: np.ndarray, name: str) -> Features:
        """Return features of one symbol a node.

        Args:
            values: one whole number or text a node.
            name: of the symbol.

        Example:
            >>> Features.of_symbols(np.array([7, 3, 7]), "kind").alphabets
            (('3', '7'),)
        """
        different, codes = np.unique(values, return_inverse=True)
        none = Features.none(len(values))
        alphabet = tuple(map(str, different.tolist()))
        return Features(codes.astype(np.int32)[:, None], (alphabet,), (name,), none.numbers, ())

    def with_numbers(self, numbers: np.ndarray, names: Sequence[str]) -> Features:
        """Return the features with numbers beside the symbols.

        Args:
            numbers: (n, f).
            names: of the numbers.
        """
        own = np.asarray(numbers, np.float32)
        return Features(self.symbols, self.alphabets, self.names, own, tuple(names))

    def take(self, places: np.ndarray) -> Features:
        """Return some of them.

        Args:
            places: indices.
        """
        symbols, numbers = self.symbols[places], self.numbers[places]
        return Features(symbols, self.alphabets, self.names, numbers, self.number_names)

    def texts(self, place: int) -> tuple[str, ...]:
        """Return the symbols of one node as texts."""
        return tuple(a[c] for a, c in zip(self.alphabets, self.symbols[place].tolist(), strict=True))

    def hashes(self) -> np.ndarray:
        """Return uint64 for each node, equal for equal symbols and nearly equal numbers."""
        found = np.zeros(len(self.symbols), np.uint64)
        for place, alphabet in enumerate(self.alphabets):
            words = np.array([hash(word) & 0xFFFFFFFFFFFFFFFF for word in alphabet] or [0], np.uint64)
            found = mixed(found, words[self.symbols[:, place]])
        for column in self.numbers.T:
            found = mixed(found, _rounded(column).view(np.uint64))
        return found


@dataclass(frozen=True)
class Graphs:
    """Graphs, the nodes and edges of one behind those of another.

    Args:
        node_ends: int64 (graphs,), where the nodes of each end.
        edge_ends: … where its edges end.
        edges: int32 (all edges, 2), sender and receiver, counted from 0 within their graph; an edge without
            direction stands twice.
        nodes: what each node is told by.
        links: what each edge is told by.

    Example:
        >>> edges = np.array([[0, 1], [1, 0]], np.int32)
        >>> graphs = Graphs(np.array([2, 3]), np.array([2, 2]), edges, Features.none(3), Features.none(2))
        >>> graphs.node_counts.tolist(), graphs.edge_counts.tolist(), len(graphs.take(np.array([1])).edges)
        ([2, 1], [2, 0], 0)
    """

    node_ends: np.ndarray
    edge_ends: np.ndarray
    edges: np.ndarray
    nodes: Features
    links: Features
    _digests: list[np.ndarray] = field(default_factory=list, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.node_ends)

    @property
    def node_counts(self) -> np.ndarray:
        """How many nodes each graph has."""
        return np.diff(self.node_ends, prepend=0)

    @property
    def edge_counts(self) -> np.ndarray:
        """How many edges each graph has, those without direction twice."""
        return np.diff(self.edge_ends, prepend=0)

    def take(self, rows: np.ndarray) -> Graphs:
        """Return some graphs, in arrays of their own.

        Args:
            rows: indices, in any order.
        """
        node_places, node_ends = spans(self.node_ends, rows)
        edge_places, edge_ends = spans(self.edge_ends, rows)
        nodes, links = self.nodes.take(node_places), self.links.take(edge_places)
        return Graphs(node_ends, edge_ends, self.edges[edge_places], nodes, links)

    def owners(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the graph of each node, and of each edge."""
        numbers = np.arange(len(self))
        return np.repeat(numbers, self.node_counts), np.repeat(numbers, self.edge_counts)

    def ends_of_edges(self) -> np.ndarray:
        """Return sender and receiver of each edge, counted over the nodes of all graphs."""
        starts = np.repeat(self.node_ends - self.node_counts, self.edge_counts)
        return self.edges.astype(np.int64) + starts[:, None]

    def in_degrees(self) -> np.ndarray:
        """Return how many edges lead to each node."""
        return np.bincount(self.ends_of_edges()[:, 1], minlength=len(self.nodes.symbols))

    def digests(self) -> np.ndarray:
        """Return uint64 for each graph, equal for graphs that are equal up to the order of nodes and edges.

        The colors of nodes are refined by those of their neighbors a few times; what such colors do not tell
        apart counts as equal (Weisfeiler, Leman 1968). O(nodes + edges)
        """
        if not self._digests:
            self._digests.append(self._refined())
        return self._digests[0]

    def _refined(self) -> np.ndarray:
        senders, receivers = self.ends_of_edges().T
        colors, links = self.nodes.hashes() + _ONE, self.links.hashes() + _ONE
        for _ in range(ROUNDS):
            near = np.zeros_like(colors)
            np.add.at(near, receivers, mixed(mixed(np.zeros_like(links), links), colors[senders]))
            colors = mixed(mixed(np.zeros_like(colors), colors), near)
        owners, _ = self.owners()
        sums = np.zeros(len(self), np.uint64)
        np.add.at(sums, owners, mixed(np.zeros_like(colors), colors))
        found = mixed(sums, self.node_counts.astype(np.uint64))
        return mixed(found, self.edge_counts.astype(np.uint64))


def spans(ends: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places that some rows take up in flat arrays, and where they end when put together.

    Args:
        ends: where each row ends.
        rows: indices, in any order.

    Example:
        >>> spans(np.array([2, 5]), np.array([1, 0]))
        (array([2, 3, 4, 0, 1]), array([3, 5]))
    """
    rows = np.asarray(rows, np.int64)
    counts = np.diff(ends, prepend=0)[rows].astype(np.int64)
    new = np.cumsum(counts)
    shifts = np.repeat((ends[rows] - counts) - (new - counts), counts)
    return np.arange(new[-1] if len(new) else 0) + shifts, new


def _rounded(values: np.ndarray) -> np.ndarray:
    """Return numbers with some digits only, as float64 without negative zero."""
    exact = values.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(exact)))
    scale = 10.0 ** (MOST_DIGITS - np.where(np.isfinite(size), size, 0))
    return np.round(exact * scale) / scale + 0.0
