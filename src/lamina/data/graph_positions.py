"""What is known about a node by where it stands in its graph: positions, and how many edges nodes have.

Computed once on the host. An eigenvector is only known up to its sign: whoever trains on them flips signs at
random, example by example.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

DENSE = 1000  # nodes up to which all eigenvectors, or all powers of the walk, are computed by dense matrices


def laplacian_positions(senders: np.ndarray, receivers: np.ndarray, nodes: int, count: int) -> np.ndarray:
    """Return the eigenvectors of the normalized Laplacian I - D^-½ A D^-½ with the smallest eigenvalues.

    The first, which is trivial, is left out. Nodes close to each other have similar numbers. The sign is that
    which makes the largest number of a vector positive. O(nodes³), from a thousand nodes on O(edges · count)
    a step of Lanczos' method.

    Args:
        senders: where each edge begins; edges of -1 are none.
        receivers: where it ends; an edge without direction stands twice.
        nodes: how many there are.
        count: how many eigenvectors; zeros fill up where the graph has fewer.

    Returns:
        float32 (nodes, count), each column of norm one.

    Example:
        >>> path = np.array([0, 1, 1, 2]), np.array([1, 0, 2, 1])
        >>> (laplacian_positions(*path, 3, 2) ** 2).round(2).tolist()
        [[0.5, 0.25], [0.0, 0.5], [0.5, 0.25]]

    References:
        Dwivedi et al. Benchmarking graph neural networks. JMLR 2023.
    """
    near = _adjacency(senders, receivers, nodes)
    near = (
        (near + near.T) / 2
    ).tocsr()  # the same where every edge stands twice; else directions are forgotten
    degree = np.asarray(near.sum(1)).ravel()
    root = np.where(degree > 0, 1 / np.sqrt(np.where(degree > 0, degree, 1)), 0)
    scaled = near.multiply(root[:, None]).multiply(root[None]).tocsr()
    vectors = _largest(scaled, min(count + 1, nodes))[:, 1:]
    found = np.zeros((nodes, count), np.float32)
    found[:, : vectors.shape[1]] = vectors
    return found


def random_walk_positions(senders: np.ndarray, receivers: np.ndarray, nodes: int, steps: int) -> np.ndarray:
    """Return how likely a random walk is back where it began after 1 … ``steps`` steps: (Pᵏ)_ii, P = D⁻¹ A.

    Rings and dense places show; there is no sign to be chosen. O(nodes³ · steps) up to a thousand nodes,
    above by sparse matrices, which fill up with the steps.

    Args:
        senders: where each edge begins; edges of -1 are none.
        receivers: where it ends; an edge without direction stands twice.
        nodes: how many there are.
        steps: how many numbers a node gets.

    Returns:
        float32 (nodes, steps).

    Example:
        >>> ring = np.array([0, 1, 2, 1, 2, 0]), np.array([1, 2, 0, 0, 1, 2])
        >>> random_walk_positions(*ring, 3, 3)[0].tolist()
        [0.0, 0.5, 0.25]

    References:
        Dwivedi et al. Graph neural networks with learnable structural and positional representations. ICLR
        2022.
    """
    near = _adjacency(senders, receivers, nodes)
    degree = np.maximum(np.asarray(near.sum(1)).ravel(), 1)
    walk: Any = near.multiply(1 / degree[:, None]).tocsr()
    walk = walk.toarray() if nodes <= DENSE else walk
    power, found = walk, np.zeros((nodes, steps), np.float32)
    for step in range(steps):
        found[:, step] = power.diagonal()
        if step + 1 < steps:
            power = power @ walk
    return found


def degree_histogram(graphs: Iterable[tuple[np.ndarray, int]]) -> tuple[int, ...]:
    """Return how many nodes have 0, 1, 2 … edges that lead to them, as `lamina.nn.PNAConv` asks for it.

    Args:
        graphs: receivers of the edges and number of nodes, of each training graph.

    Example:
        >>> degree_histogram([(np.array([1, 1, 2]), 4), (np.array([0, -1]), 1)])
        (2, 2, 1)
    """
    total = np.zeros(1, np.int64)
    for receivers, nodes in graphs:
        degrees = np.bincount(receivers[receivers >= 0], minlength=nodes)
        found = np.bincount(degrees, minlength=len(total))
        found[: len(total)] += total
        total = found
    return tuple(int(count) for count in total)


def _adjacency(senders: np.ndarray, receivers: np.ndarray, nodes: int) -> Any:
    """Return the sparse matrix of the edges, those that stand several times summed."""
    from scipy.sparse import coo_matrix

    is_edge = (senders >= 0) & (receivers >= 0)
    ends = (senders[is_edge], receivers[is_edge])
    return coo_matrix((np.ones(len(ends[0])), ends), shape=(nodes, nodes)).tocsr()


def _largest(matrix: Any, count: int) -> np.ndarray:
    """Return the eigenvectors of a symmetric matrix with the largest eigenvalues, largest first."""
    nodes = matrix.shape[0]
    if nodes <= DENSE:
        vectors = np.linalg.eigh(matrix.toarray())[1][:, ::-1][:, :count]
    else:
        from scipy.sparse.linalg import eigsh

        start = np.random.default_rng(0).normal(size=nodes)  # else ARPACK draws another one each time
        values, vectors = eigsh(matrix, k=count, which="LA", v0=start)
        vectors = vectors[:, np.argsort(-values)]
    place = np.abs(vectors).argmax(0)
    return vectors * np.sign(vectors[place, np.arange(vectors.shape[1])])
