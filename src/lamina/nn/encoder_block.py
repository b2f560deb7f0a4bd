"""The block of transformer encoders."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.activation import gelu
from lamina.nn.attention import MultiHeadAttention
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import glorot_uniform
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm


class EncoderBlock(Module):
    """x + attention(norm(x)), then x + W₂ · gelu(W₁ · norm(x)), four times wider inside.

    Args:
        width: features of a token.
        heads: subspaces of the attention.
        dropout: probability in [0, 1) after attention and weighted sums.
        key: random key or seed.

    Shapes:
        (batch, tokens, width) → the same; ``present`` (batch, tokens) says which tokens are there

    Example:
        >>> import jax.numpy as jnp
        >>> EncoderBlock(8, heads=2, dropout=0.0, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017. Xiong et al. On layer normalization in the
        transformer architecture. ICML 2020: the norm before each branch.
    """

    ln_1: LayerNorm
    self_attention: MultiHeadAttention
    ln_2: LayerNorm
    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(self, width: int, *, heads: int, dropout: float, key: Any):
        attention_key, first_key, second_key = split(key, 3)
        self.ln_1, self.ln_2 = LayerNorm(width, epsilon=1e-6), LayerNorm(width, epsilon=1e-6)
        self.self_attention = MultiHeadAttention(width, heads=heads, rate=dropout, key=attention_key)
        self.first = Linear(width, 4 * width, initializer=glorot_uniform, key=first_key)
        self.second = Linear(4 * width, width, initializer=glorot_uniform, key=second_key)
        self.dropout = Dropout(dropout)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        keys = (None, None, None) if key is None else hashed_keys(key, 3)
        x = x + self.self_attention(self.ln_1(x), present=present, key=keys[0], train=train)
        hidden = self.dropout(gelu(self.first(self.ln_2(x))), key=keys[1], train=train)
        return x + self.dropout(self.second(hidden), key=keys[2], train=train)
