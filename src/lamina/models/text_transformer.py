"""A transformer encoder over the pieces of a text."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.registry import register
from lamina.models.sequence import mean_of_present
from lamina.nn.dropout import Dropout
from lamina.nn.embedding import Embedding
from lamina.nn.encoder_block import EncoderBlock
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.stack import Stack

HEAD_WIDTH = 32  # features of a subspace of the attention, in networks of this size


class TextTransformer(Module):
    """Symbols as vectors, positions, transformer blocks; the mean over the text gives the outputs.

    Args:
        inputs: of texts whose symbols stand in their order.
        outputs: numbers that leave.
        width: features of a symbol.
        depth: transformer blocks, >= 0.
        heads: subspaces of the attention.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        ``{"ids": (batch, time), "scale": (batch, time)}`` → (batch, outputs).
        O(batch · time · width · (time + width))

    Raises:
        ConfigError: the symbols are a bag.
    """

    embedding: Embedding
    positions: LearnedPositions
    ln_0: LayerNorm
    dropout: Dropout
    blocks: Stack
    ln: LayerNorm
    head: Linear

    def __init__(
        self,
        inputs: TextInputs,
        outputs: int,
        *,
        width: int,
        depth: int,
        heads: int,
        dropout: float,
        key: Any,
    ):
        if not inputs.is_ordered:
            raise ConfigError(
                "a transformer needs the symbols of a text in their order",
                received="a bag of n-grams",
                fix="add tokens=bpe, or unigram, characters, bytes",
            )
        keys = split(key, 4)
        self.embedding = Embedding(inputs.symbols, width, key=keys[0])
        self.positions = LearnedPositions(inputs.length, width, key=keys[1])
        self.ln_0, self.dropout = LayerNorm(width), Dropout(dropout)
        self.blocks = Stack(
            lambda k: EncoderBlock(width, heads=heads, dropout=dropout, key=k),
            depth=depth,
            unroll=True,
            key=keys[2],
        )
        self.ln, self.head = LayerNorm(width), Linear(width, outputs, key=keys[3])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        keys = (None, None, None) if key is None else hashed_keys(key, 3)
        ids, present = x["ids"], x["ids"] >= 0
        y = self.embedding(jnp.maximum(ids, 0)).astype(x["scale"].dtype)
        y = self.positions(y)
        y = self.dropout(self.ln_0(y), key=keys[0], train=train)
        y = self.ln(self.blocks(y, present=present, key=keys[1], train=train))
        mean = self.tap(FEATURES, mean_of_present(y, present))
        return self.head(self.dropout(mean, key=keys[2], train=train))


@register(
    "text-transformer", size=128, dial="features of a symbol", takes=(TextInputs,),
    reference="Vaswani et al. Attention is all you need. NeurIPS 2017; Devlin et al. BERT. NAACL 2019",
    defaults={"tokens": "bpe", "lr": 1e-3, "warmup": 0.1},
)  # fmt: skip
def text_transformer(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 2, dropout: float = 0.2, key: Any
) -> Module:
    """Transformer encoder over pieces of words: the order of words counts, and it wants many texts."""
    if not isinstance(inputs, TextInputs):
        raise ConfigError("the inputs are no texts", expected="TextInputs", received=inputs)
    heads = max(h for h in range(1, max(1, size // HEAD_WIDTH) + 1) if size % h == 0)
    return TextTransformer(inputs, outputs, width=size, depth=depth, heads=heads, dropout=dropout, key=key)
