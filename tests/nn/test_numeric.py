"""Embeddings of numbers by their formulas."""

from __future__ import annotations

from itertools import pairwise

import jax
import numpy as np
import pytest

from lamina.core.module import replace
from lamina.core.tree import trainable
from lamina.nn import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding

EDGES = [(-1.0, 0.0, 0.5, 2.0), (0.0, 10.0)]
X = np.array([[-3.0, -5.0], [-1.0, 0.0], [-0.5, 2.5], [0.25, 10.0], [0.5, 12.0], [5.0, 5.0]], np.float32)


def encoded(value: float, edges: tuple[float, ...]) -> list[float]:
    """How much of each bin lies below a value; the outer bins go on outward."""
    found = []
    for i, (low, high) in enumerate(pairwise(edges)):
        part = (value - low) / (high - low)
        part = part if i == 0 else max(part, 0.0)
        found.append(part if i == len(edges) - 2 else min(part, 1.0))
    return found


def test_piecewise_encoding_is_that_of_the_paper():
    found = np.asarray(jax.jit(PiecewiseLinearEmbedding(EDGES, 4, key=0).encode)(X))
    for row, values in enumerate(X):
        for column, edges in enumerate(EDGES):
            expected = encoded(float(values[column]), edges)
            np.testing.assert_allclose(found[row, column, : len(expected)], expected, rtol=1e-6, atol=1e-6)
            np.testing.assert_array_equal(found[row, column, len(expected) :], 0)


def test_piecewise_embedding_begins_as_a_line_and_bends_at_the_edges_only():
    layer = PiecewiseLinearEmbedding(EDGES, 4, key=0)
    np.testing.assert_allclose(*jax.jit(lambda x: (layer(x), layer.linear(x)))(X), rtol=1e-6)
    weight = np.random.default_rng(0).normal(size=layer.weight.shape).astype(np.float32)
    bent = replace(layer, weight=weight)
    grid = np.stack([np.linspace(-2, 4, 241)] * 2, axis=1).astype(np.float32)
    second = np.abs(np.diff(np.asarray(jax.jit(bent)(grid))[:, 0, 0], n=2))
    knots = grid[1:-1, 0][second > 1e-3]
    np.testing.assert_allclose(sorted(knots), [0.0, 0.5], atol=1e-5)  # inner edges; the ends go on


def test_edges_are_no_parameters():
    layer = PiecewiseLinearEmbedding(EDGES, 4, key=0)
    mask = trainable(layer)
    assert (mask.weight, mask.linear.weight) == (True, True)
    assert not any((mask.scale, mask.shift, mask.low, mask.high))


def test_columns_without_numbers():
    for layer in (PiecewiseLinearEmbedding([], 4, key=0), LinearEmbedding(0, 4, key=0)):
        assert jax.jit(layer)(np.zeros((3, 0), np.float32)).shape == (3, 0, 4)


def test_periodic_embedding_by_its_formula():
    layer = PeriodicEmbedding(2, 4, frequencies=3, std=0.5, key=0)
    angle = 2 * np.pi * X[..., None].astype(np.float64) * layer.frequency
    waves = np.concatenate([np.cos(angle), np.sin(angle)], -1)
    expected = np.maximum(np.einsum("bnt,ntd->bnd", waves, layer.weight) + layer.bias, 0)
    np.testing.assert_allclose(jax.jit(layer)(X), expected, rtol=1e-3, atol=1e-4)
    assert PeriodicEmbedding(50, 4, frequencies=50, std=0.5, key=0).frequency.std() == pytest.approx(
        0.5, rel=0.05
    )


@pytest.mark.parametrize("kind", ["linear", "piecewise", "periodic"])
def test_a_column_is_embedded_by_itself(kind: str):
    layer = {
        "linear": LinearEmbedding(2, 4, key=0),
        "piecewise": PiecewiseLinearEmbedding(EDGES, 4, key=0),
        "periodic": PeriodicEmbedding(2, 4, frequencies=3, key=0),
    }[kind]
    jacobian = np.asarray(
        jax.jit(jax.jacobian(layer))(np.array([0.3, 0.7], np.float32))
    )  # (column, width, column)
    np.testing.assert_array_equal(jacobian[0, :, 1], 0)
    np.testing.assert_array_equal(jacobian[1, :, 0], 0)
    assert np.abs(jacobian[0, :, 0]).max() > 0
