"""Positions of nodes: those of PyTorch Geometric, and what a few sums give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina.data import graph_positions
from lamina.data.graph_positions import degree_histogram, laplacian_positions, random_walk_positions

RANDOM = np.random.default_rng(0)


def both_ways(nodes: int, edges: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges without direction, each once, in any order; a ring keeps the graph in one piece."""
    pairs = {(i, (i + 1) % nodes) for i in range(nodes)}
    pairs |= {(int(a), int(b)) for a, b in RANDOM.integers(0, nodes, (edges, 2)) if a != b}
    pairs = sorted(pairs | {(b, a) for a, b in pairs})
    senders, receivers = RANDOM.permutation(np.array(pairs)).T
    return senders, receivers


def matrix(senders: np.ndarray, receivers: np.ndarray, nodes: int) -> np.ndarray:
    found = np.zeros((nodes, nodes))
    np.add.at(found, (senders, receivers), 1)
    return found


@pytest.mark.parametrize("dense", [1000, 0])
def test_laplacian_positions_are_eigenvectors(dense: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(graph_positions, "DENSE", dense)
    edges, count = both_ways(30, 20), 5
    found = laplacian_positions(*edges, 30, count).astype(np.float64)
    near = matrix(*edges, 30)
    root = 1 / np.sqrt(near.sum(1))
    laplacian = np.eye(30) - root[:, None] * near * root
    values = np.linalg.eigvalsh(laplacian)[1 : count + 1]
    np.testing.assert_allclose(laplacian @ found, found * values, atol=1e-5)
    np.testing.assert_allclose(found.T @ found, np.eye(count), atol=1e-5)
    assert (found[np.abs(found).argmax(0), np.arange(count)] > 0).all()
    np.testing.assert_array_equal(found.astype(np.float32), laplacian_positions(*edges, 30, count))


def test_small_graphs_are_filled_up_with_zeros():
    edges = np.array([0, 1, -1]), np.array([1, 0, -1])
    found = laplacian_positions(*edges, 2, 4)
    assert found.shape == (2, 4) and np.any(found[:, 0]) and not np.any(found[:, 1:])
    none = np.zeros(0, int)
    assert np.isfinite(laplacian_positions(none, none, 3, 2)).all()
    np.testing.assert_array_equal(random_walk_positions(none, none, 3, 2), 0)


@pytest.mark.parametrize("dense", [1000, 0])
def test_random_walk_positions_are_powers(dense: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(graph_positions, "DENSE", dense)
    edges = both_ways(20, 15)
    near = matrix(*edges, 20)
    walk = near / near.sum(1, keepdims=True)
    expected = [np.diagonal(np.linalg.matrix_power(walk, k)) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(random_walk_positions(*edges, 20, 4), np.stack(expected, 1), atol=1e-6)


def test_histogram_of_degrees():
    first, second = np.array([0, 0, 0, 2]), np.array([1, -1])
    assert degree_histogram([(first, 3), (second, 2)]) == (2, 2, 0, 1)
    assert degree_histogram([]) == (0,)


@pytest.mark.filterwarnings("ignore")
def test_positions_are_those_of_pyg():
    torch: Any = pytest.importorskip("torch")
    geometric: Any = pytest.importorskip("torch_geometric")
    edges = both_ways(25, 20)
    data = geometric.data.Data(edge_index=torch.tensor(np.stack(edges)), num_nodes=25)
    walk = geometric.transforms.AddRandomWalkPE(4)(data).random_walk_pe.numpy()
    np.testing.assert_allclose(random_walk_positions(*edges, 25, 4), walk, atol=1e-6)
    theirs = geometric.transforms.AddLaplacianEigenvectorPE(3, is_undirected=True)(data)
    vectors = np.abs(theirs.laplacian_eigenvector_pe.numpy())
    np.testing.assert_allclose(np.abs(laplacian_positions(*edges, 25, 3)), vectors, atol=1e-5)
