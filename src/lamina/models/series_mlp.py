"""A network over the steps before, the time, and the series itself, which may hear of its neighbors."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.series import SeriesInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import FUTURE
from lamina.models.registry import register
from lamina.models.windows import context_of, from_last, series_inputs
from lamina.nn.activation import relu
from lamina.nn.dropout import Dropout
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import zeros
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm

ROUNDS = 2  # steps along the edges whose means the first layer sees


def neighbor_mean(neighbors: Float[Array, "s s"], h: Float[Array, "b s d"]) -> Float[Array, "b s d"]:
    """Return the weighted mean of each series' neighbors' features.

    Args:
        neighbors: rows sum to one.
        h: features of each series.
    """
    return jnp.einsum("ij,bjd->bid", jnp.asarray(neighbors).astype(h.dtype), h)


class SeriesBlock(Module):
    """h + W₂ · relu(W₁ · [norm(h), P · norm(h)]): P is the mean over neighbors, left out without a graph.

    Args:
        width: features of a series.
        is_graph: whether there are neighbors.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        (batch, series, width) → the same
    """

    ln: LayerNorm
    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(self, width: int, *, is_graph: bool, dropout: float, key: Any):
        first_key, second_key = split(key, 2)
        self.ln, self.dropout = LayerNorm(width), Dropout(dropout)
        self.first = Linear(width * (1 + is_graph), width, key=first_key)
        self.second = Linear(width, width, key=second_key)

    def __call__(
        self, h: Float[Array, "b s d"], neighbors: Any, *, key: Any = None, train: bool = False
    ) -> Float[Array, "b s d"]:
        own = self.ln(h)
        own = own if neighbors is None else jnp.concatenate([own, neighbor_mean(neighbors, own)], axis=-1)
        return h + self.second(self.dropout(relu(self.first(own)), key=key, train=train))


class SeriesMLP(Module):
    """The steps before, a vector for each series and each number of the calendar; blocks; the steps ahead.

    Where the series are nodes of a graph, the first layer sees the means of the neighbors' steps too, and of
    theirs, and so does each block of their features: diffusion along the edges.

    Args:
        inputs: the series.
        outputs: numbers of a series' forecast.
        width: features of a series.
        depth: blocks.
        vectors: numbers that tell a series, or a number of the calendar, from others; 0: none does.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        the arrays of `SeriesInputs` → (batch, series, outputs). O(batch · series · width · (width + series))

    References:
        Shao et al. Spatial-temporal identity: a simple yet effective baseline for multivariate time series
        forecasting. CIKM 2022. Li, Yu, Shahabi, Liu. Diffusion convolutional recurrent neural network. ICLR
        2018.
    """

    first: Linear
    series: Embedding | None
    calendar: list[Embedding]
    blocks: list[SeriesBlock]
    ln: LayerNorm
    head: Linear
    context: int = static()
    is_graph: bool = static()

    def __init__(
        self,
        inputs: SeriesInputs,
        outputs: int,
        *,
        width: int,
        depth: int,
        vectors: int,
        dropout: float,
        key: Any,
    ):
        self.context, self.is_graph = inputs.context, inputs.is_graph
        parts = inputs.calendar if vectors else ()
        keys = split(key, 3 + len(parts) + depth)
        self.series = (
            Embedding(inputs.series, vectors, key=keys[0]) if vectors and inputs.series > 1 else None
        )
        self.calendar = [Embedding(size, vectors, key=k) for size, k in zip(parts, keys[3:], strict=False)]
        named = vectors * ((self.series is not None) + len(parts))
        seen = (inputs.context + 1) * (1 + ROUNDS * inputs.is_graph)
        self.first = Linear(seen + named, width, key=keys[1])
        self.blocks = [
            SeriesBlock(width, is_graph=inputs.is_graph, dropout=dropout, key=k)
            for k in keys[3 + len(parts) :]
        ]
        self.ln = LayerNorm(width)
        self.head = Linear(width, outputs, initializer=zeros, key=keys[2])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b s o"]:
        keys = [None] * len(self.blocks) if key is None else list(hashed_keys(key, len(self.blocks)))
        context = context_of(x, self.context)
        neighbors: Any = x["common"].get("neighbors")
        batch, series, _ = context.shape
        last = context[..., -1]
        around = [context]
        for _ in range(ROUNDS * self.is_graph):
            around.append(neighbor_mean(neighbors, around[-1]))
        seen = [part for own in around for part in (own - last[..., None], own[..., -1:])]
        if self.series is not None:
            own = self.series(jnp.arange(series))
            seen.append(jnp.broadcast_to(own, (batch, *own.shape)))
        now = jnp.asarray(x["common"]["calendar"])[x["at"]]
        for place, embedding in enumerate(self.calendar):
            own = embedding(now[:, place])
            seen.append(jnp.broadcast_to(own[:, None], (batch, series, own.shape[-1])))
        h = self.first(jnp.concatenate([part.astype(context.dtype) for part in seen], axis=-1))
        for block, own in zip(self.blocks, keys, strict=True):
            h = block(h, neighbors, key=own, train=train)
        return from_last(last, self.head(self.tap(FEATURES, relu(self.ln(h)))))


@register(
    "series-mlp", size=64, dial="features of a series", takes=(SeriesInputs,), gives=(FUTURE,),
    reference="Shao et al. Spatial-temporal identity. CIKM 2022; Li et al. Diffusion convolutional recurrent "
    "neural network. ICLR 2018",
)  # fmt: skip
def series_mlp(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 2,
    vectors: int = 16,
    dropout: float = 0.1,
    key: Any,
) -> Module:
    """Network of many series at once: it knows which is which, what time it is, and their neighbors."""
    return SeriesMLP(
        series_inputs(inputs), outputs, width=size, depth=depth, vectors=vectors, dropout=dropout, key=key
    )
