"""Embeddings of numbers: how a network sees a numeric column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.module import Module, buffer, static
from lamina.core.random import normal, split, uniform
from lamina.core.shapes import Float
from lamina.nn.activation import relu
from lamina.nn.initializers import zeros
from lamina.nn.linear import aligned


class LinearEmbedding(Module):
    """Turn each number into a vector along a line: e_j = x_j · weight_j + bias_j.

    Args:
        columns: number of numeric columns n.
        width: length of each vector d.
        key: random key or seed.

    Shapes:
        (*batch, n) → (*batch, n, d)

    Example:
        >>> LinearEmbedding(3, 4, key=0)(jnp.ones((2, 3))).shape
        (2, 3, 4)
    """

    weight: Float[Array, "n d"]
    bias: Float[Array, "n d"]

    def __init__(self, columns: int, width: int, *, key: Any):
        weight_key, bias_key = split(key, 2)
        bound = 1.0 / math.sqrt(width)
        self.weight = uniform(weight_key, (columns, width), low=-bound, high=bound)
        self.bias = uniform(bias_key, (columns, width), low=-bound, high=bound)

    def __call__(
        self, x: Float[Array, "*b n"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b n d"]:
        x = x[..., None]
        return x * aligned(self.weight, x) + aligned(self.bias, x)


class PiecewiseLinearEmbedding(Module):
    """Turn each number into a vector along a piecewise linear function with knots at the bin edges.

    e_j = linear_j(x_j) + Σ_t c_jt · weight_jt, where c_jt says how much of bin t lies below
    x_j: 0 before it, 1 after it, the fraction inside; first and last bin go on outward. The
    changes of slope begin at zero. Often the largest single gain on tables. O(batch · n · bins · d).

    Args:
        edges: for each column its increasing bin edges, two at least; quantiles of the
            training values, as a rule.
        width: length of each vector d.
        key: random key or seed.

    Shapes:
        (*batch, n) → (*batch, n, d)

    Example:
        >>> layer = PiecewiseLinearEmbedding([(0.0, 1.0, 2.0)], 4, key=0)
        >>> layer.encode(jnp.array([[1.5]])).tolist()
        [[[1.0, 0.5]]]

    References:
        Gorishniy, Rubachev, Babenko. On embeddings for numerical features in tabular deep
        learning. NeurIPS 2022; version "B" of the authors' package (linear part plus piecewise part).
    """

    linear: LinearEmbedding
    weight: Float[Array, "n t d"]
    scale: Float[Array, "n t"] = buffer()
    shift: Float[Array, "n t"] = buffer()
    low: Float[Array, "n t"] = buffer()
    high: Float[Array, "n t"] = buffer()

    def __init__(self, edges: Sequence[Sequence[float]], width: int, *, key: Any):
        columns, bins = len(edges), max((len(e) - 1 for e in edges), default=1)
        self.linear = LinearEmbedding(columns, width, key=key)
        self.weight = zeros(key, (columns, bins, width))
        tables = [_bin_table(np.asarray(e, np.float64), bins) for e in edges]
        tables = np.stack(tables, 1) if tables else np.zeros((4, 0, bins))
        self.scale, self.shift, self.low, self.high = tables.astype(np.float32)

    def encode(self, x: Float[Array, "*b n"]) -> Float[Array, "*b n t"]:
        """Return how much of each bin lies below each number."""
        x = x[..., None]
        part = x * aligned(self.scale, x) + aligned(self.shift, x)
        return jnp.clip(part, aligned(self.low, x), aligned(self.high, x))

    def __call__(
        self, x: Float[Array, "*b n"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b n d"]:
        piecewise = jnp.einsum("...nt,ntd->...nd", self.encode(x), self.weight.astype(x.dtype))
        return self.linear(x) + piecewise


def _bin_table(edges: np.ndarray, bins: int) -> np.ndarray:
    """Return (scale, shift, low, high) of each bin, padded with bins that stay at zero."""
    count = len(edges) - 1
    table = np.zeros((4, bins))
    width = np.diff(edges)
    table[0, :count], table[1, :count] = 1.0 / width, -edges[:-1] / width
    table[2, :count], table[3, :count] = 0.0, 1.0
    if count:
        table[2, 0], table[3, count - 1] = -1e9, 1e9  # the outer bins go on
    return table


class PeriodicEmbedding(Module):
    """Turn each number into sines and cosines of learned frequencies, then mix them.

    e_j = relu(linear_j([cos 2π f_j x_j, sin 2π f_j x_j])),  f ~ N(0, σ²) at the start.

    Args:
        columns: number of numeric columns n.
        width: length of each vector d.
        frequencies: how many a column.
        std: σ of the first frequencies, 0.01 to 1; larger sees finer detail.
        key: random key or seed.

    Shapes:
        (*batch, n) → (*batch, n, d)

    Example:
        >>> PeriodicEmbedding(3, 4, key=0)(jnp.ones((2, 3))).shape
        (2, 3, 4)

    References:
        Gorishniy, Rubachev, Babenko. On embeddings for numerical features in tabular deep
        learning. NeurIPS 2022 ("PLR").
    """

    frequency: Float[Array, "n f"]
    weight: Float[Array, "n f2 d"]
    bias: Float[Array, "n d"]
    columns: int = static()

    def __init__(self, columns: int, width: int, *, frequencies: int = 48, std: float = 0.1, key: Any):
        frequency_key, weight_key, bias_key = split(key, 3)
        bound = 1.0 / math.sqrt(2 * frequencies)
        self.columns = columns
        self.frequency = normal(frequency_key, (columns, frequencies)) * np.float32(std)
        self.weight = uniform(weight_key, (columns, 2 * frequencies, width), low=-bound, high=bound)
        self.bias = uniform(bias_key, (columns, width), low=-bound, high=bound)

    def __call__(
        self, x: Float[Array, "*b n"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b n d"]:
        x = x[..., None]
        angle = 2 * math.pi * x * aligned(self.frequency, x)
        waves = jnp.concatenate([jnp.cos(angle), jnp.sin(angle)], axis=-1)
        y = jnp.einsum("...nt,ntd->...nd", waves, self.weight.astype(x.dtype))
        return relu(y + aligned(self.bias, y))
