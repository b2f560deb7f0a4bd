"""The feature-tokenizer transformer: every column a token."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs, TableInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.features import NumericEmbedding, TableFeatures
from lamina.models.registry import register
from lamina.nn.activation import gelu, relu
from lamina.nn.attention import MultiHeadAttention
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import truncated_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.stack import Stack


class TransformerBlock(Module):
    """x + attention(norm(x)), then x + W₂·gelu(W₁·norm(x)).

    Shapes:
        (batch, tokens, width) → the same
    """

    norm1: LayerNorm
    attention: MultiHeadAttention
    norm2: LayerNorm
    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(self, width: int, *, heads: int, dropout: float, key: Any):
        attention_key, first_key, second_key = split(key, 3)
        self.norm1, self.norm2 = LayerNorm(width), LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads=heads, key=attention_key)
        self.first = Linear(width, 2 * width, key=first_key)
        self.second = Linear(2 * width, width, key=second_key)
        self.dropout = Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b t d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        keys = (None, None) if key is None else hashed_keys(key, 2)
        x = x + self.attention(self.norm1(x), key=keys[0], train=train)
        hidden = gelu(self.first(self.norm2(x)))
        return x + self.second(self.dropout(hidden, key=keys[1], train=train))


class FTTransformer(Module):
    """One token a column and one that asks; the asking token's last state gives the outputs.

    Args:
        features: embeds the columns; its width is the tokens'.
        outputs: numbers that leave.
        depth: transformer blocks, >= 0.
        dropout: probability in [0, 1) inside the blocks.
        key: random key or seed.

    Shapes:
        (batch, n) or encoded columns → (batch, outputs). O(batch · columns² · width)
    """

    features: TableFeatures
    question: Float[Array, "1 d"]
    blocks: Stack
    norm: LayerNorm
    head: Linear

    def __init__(self, features: TableFeatures, outputs: int, *, depth: int, dropout: float, key: Any):
        question_key, blocks_key, head_key = split(key, 3)
        width = features.width
        self.features = features
        self.question = truncated_normal(question_key, (1, width))
        heads = max(h for h in (8, 4, 2, 1) if width % h == 0)
        self.blocks = Stack(
            lambda k: TransformerBlock(width, heads=heads, dropout=dropout, key=k),
            depth=depth,
            key=blocks_key,
        )
        self.norm, self.head = LayerNorm(width), Linear(width, outputs, key=head_key)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        tokens = self.features.tokens(x)
        question = jnp.asarray(self.question, tokens.dtype)[None]
        question = jnp.broadcast_to(question, (tokens.shape[0], 1, tokens.shape[2]))
        mixed = self.blocks(jnp.concatenate([question, tokens], axis=1), key=key, train=train)
        return self.head(self.tap(FEATURES, relu(self.norm(mixed[:, 0]))))


@register(
    "ft-transformer", size=64, dial="width of the tokens", takes=(TableInputs, tuple),
    reference="Gorishniy et al. Revisiting deep learning models for tabular data. NeurIPS 2021",
    defaults={"lr": 1e-3},
)  # fmt: skip
def ft_transformer(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 3,
    dropout: float = 0.1,
    embedding: NumericEmbedding = "linear",
    key: Any,
) -> Module:
    """Transformer over columns: strong where columns interact, slower than the others."""
    features_key, body_key = split(key, 2)
    features = TableFeatures(inputs, embedding=embedding, width=size, key=features_key)
    return FTTransformer(features, outputs, depth=depth, dropout=dropout, key=body_key)
