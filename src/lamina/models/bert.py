"""BERT: an encoder whose positions see one another."""

from __future__ import annotations

import functools
from typing import Any

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.wanted import EACH, ONE
from lamina.models.gpt import HEAD_WIDTH, MOST_UNROLLED
from lamina.models.registry import register
from lamina.models.sequence import SequenceModel, heads_of, text_inputs
from lamina.nn.attention import MultiHeadAttention
from lamina.nn.decoder_block import PostNormBlock
from lamina.nn.feed_forward import FeedForward
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.stack import Stack

EPSILON = 1e-12  # of all normalizations, as published


class NormalizedPositions(Module):
    """Learned positions, then a normalization of the sums: what enters the first block.

    Args:
        positions: how many.
        width: features of a symbol.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same

    Example:
        >>> import jax.numpy as jnp
        >>> NormalizedPositions(5, 8, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)
    """

    learned: LearnedPositions
    norm: LayerNorm

    def __init__(self, positions: int, width: int, *, key: Any):
        self.learned = LearnedPositions(positions, width, key=key)
        self.norm = LayerNorm(width, epsilon=EPSILON)

    def __call__(
        self, x: Float[Array, "b t d"], *, start: Any = 0, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        return self.norm(self.learned(x, start=start))


def bert_block(width: int, *, heads: int, dropout: float, key: Any) -> PostNormBlock:
    """Return a block of BERT: the normalization behind each branch.

    Args:
        width: features of a symbol.
        heads: subspaces of the attention.
        dropout: probability in [0, 1) behind both branches.
        key: random key or seed.
    """
    return PostNormBlock(
        width,
        norm=functools.partial(LayerNorm, epsilon=EPSILON),
        attention=functools.partial(MultiHeadAttention, heads=heads, rate=dropout),
        feed_forward=functools.partial(FeedForward, rate=dropout),
        key=key,
    )


@register(
    "bert", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(ONE, EACH),
    reference="Devlin et al. BERT: pre-training of deep bidirectional transformers. NAACL 2019",
    defaults={"tokens": "bpe", "warmup": 0.1},
)  # fmt: skip
def bert(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    heads: int | None = None,
    dropout: float = 0.1,
    wants: str,
    key: Any,
) -> Module:
    """BERT: reads text; an encoder that sees both sides of every position, for tags and masked symbols."""
    texts, keys, heads = text_inputs(inputs), split(key, 3), heads or heads_of(size, head_width=HEAD_WIDTH)
    make = functools.partial(bert_block, size, heads=heads, dropout=dropout)
    return SequenceModel(
        texts,
        outputs,
        width=size,
        body=Stack(lambda key: make(key=key), depth=depth, unroll=depth <= MOST_UNROLLED, key=keys[0]),
        wants=wants,
        positions=NormalizedPositions(texts.length, size, key=keys[1]),
        dropout=dropout,
        is_tied=True,
        key=keys[2],
    )
