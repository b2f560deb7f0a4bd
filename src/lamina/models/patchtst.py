"""A transformer over pieces of each series."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.series import SeriesInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import FUTURE
from lamina.models.registry import register
from lamina.models.windows import context_of, series_inputs
from lamina.nn.dropout import Dropout
from lamina.nn.encoder_block import EncoderBlock
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.stack import Stack

STRIDE = 2  # pieces of one step of a patch: each overlaps the next by half
_LEAST = 1e-5  # of a variance


class PatchTST(Module):
    """Pieces of a series as tokens, transformer blocks over them, one weighted sum of all.

    Each series is by itself, standardized by mean and standard deviation of the steps before, which come back
    at the end. The last step is repeated so that the last piece ends with it.

    Args:
        inputs: the series.
        outputs: numbers of a series' forecast.
        width: features of a piece.
        depth: transformer blocks.
        heads: subspaces of the attention.
        patch_length: steps of a piece; half of it lies between two beginnings.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        the arrays of `SeriesInputs` → (batch, series, outputs).
        O(batch · series · pieces · width · (pieces + width))

    References:
        Nie, Nguyen, Sinthong, Kalagnanam. A time series is worth 64 words. ICLR 2023. Kim et al. Reversible
        instance normalization. ICLR 2022.
    """

    embedding: Linear
    positions: LearnedPositions
    blocks: Stack
    ln: LayerNorm
    dropout: Dropout
    head: Linear
    context: int = static()
    patch_length: int = static()

    def __init__(
        self,
        inputs: SeriesInputs,
        outputs: int,
        *,
        width: int,
        depth: int,
        heads: int,
        patch_length: int,
        dropout: float,
        key: Any,
    ):
        keys = split(key, 4)
        self.context, self.patch_length = inputs.context, min(patch_length, inputs.context)
        self.embedding = Linear(self.patch_length, width, key=keys[0])
        self.positions = LearnedPositions(self.pieces, width, key=keys[1])
        self.blocks = Stack(
            lambda k: EncoderBlock(width, heads=heads, dropout=dropout, key=k),
            depth=depth,
            unroll=True,
            key=keys[2],
        )
        self.ln, self.dropout = LayerNorm(width), Dropout(dropout)
        self.head = Linear(self.pieces * width, outputs, key=keys[3])

    @property
    def stride(self) -> int:
        """Steps between the beginnings of two pieces."""
        return max(1, self.patch_length // STRIDE)

    @property
    def pieces(self) -> int:
        """How many pieces there are, the last one filled up."""
        return (
            (self.context - self.patch_length + self.stride - 1) // self.stride
            + 1
            + (self.context > self.patch_length)
        )

    def _pieces(self, series: Float[Array, "n c"]) -> Float[Array, "n p k"]:
        """Return overlapping pieces of each series."""
        fill = (self.pieces - 1) * self.stride + self.patch_length - self.context
        series = jnp.pad(series, ((0, 0), (0, fill)), mode="edge")
        at = jnp.arange(self.pieces)[:, None] * self.stride + jnp.arange(self.patch_length)[None]
        return series[:, at]

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b s o"]:
        keys = (None, None, None) if key is None else hashed_keys(key, 3)
        context = context_of(x, self.context)
        batch, series, _ = context.shape
        mean = context.mean(-1, keepdims=True)
        scale = jnp.sqrt(context.var(-1, keepdims=True) + _LEAST)
        own = ((context - mean) / scale).reshape(batch * series, -1)
        tokens = self.positions(self.embedding(self._pieces(own)))
        tokens = self.dropout(tokens, key=keys[0], train=train)
        tokens = self.ln(self.blocks(tokens, key=keys[1], train=train))
        flat = self.tap(FEATURES, tokens.reshape(batch, series, -1))
        found = self.head(self.dropout(flat, key=keys[2], train=train))
        return found * scale + mean


@register(
    "patchtst", size=16, dial="features of a piece of a series", takes=(SeriesInputs,), gives=(FUTURE,),
    reference="Nie et al. A time series is worth 64 words. ICLR 2023",
)  # fmt: skip
def patchtst(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 3,
    heads: int = 4,
    patch_length: int = 16,
    dropout: float = 0.3,
    key: Any,
) -> Module:
    """Transformer over pieces of a series: long looks back and ahead, series each by itself."""
    if size % heads:
        raise ConfigError("size is no multiple of heads", expected=f"a multiple of {heads}", received=size)
    return PatchTST(
        series_inputs(inputs),
        outputs,
        width=size,
        depth=depth,
        heads=heads,
        patch_length=patch_length,
        dropout=dropout,
        key=key,
    )
