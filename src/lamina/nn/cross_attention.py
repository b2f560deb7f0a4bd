"""Attention of one sequence to another, as of a translation to its source."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.causal_attention import check_heads
from lamina.nn.dropout import Dropout
from lamina.nn.linear import Linear
from lamina.ops.causal_attention import attend, cached_attention, plain_attention
from lamina.ops.reach import EVERYWHERE


class CrossAttention(Module):
    """Every position mixes the values of all positions of another sequence, the memory.

    y_i = W_o · concat_h Σ_j softmax_j(q_ih · k_jh / √k) v_jh,  with q linear in x, and k, v in the memory.
    O(batch · time · width · (length + width)). The weights (batch, heads, time, length) are tapped as
    ``weights``.

    Args:
        width: features of each position, a multiple of ``heads``.
        heads: subspaces.
        memory_width: features of a position of the memory; ``width`` without.
        bias: add biases in all products.
        rate: dropout on the output.
        key: random key or seed.

    Shapes:
        (batch, time, width), memory (batch, length, memory_width) → (batch, time, width); without a memory
        the sequence asks itself

    Raises:
        ConfigError: ``width`` is not a multiple of ``heads``.

    Example:
        >>> import jax.numpy as jnp
        >>> CrossAttention(8, heads=2, key=0)(jnp.ones((2, 3, 8)), jnp.ones((2, 5, 8))).shape
        (2, 3, 8)

    References:
        Bahdanau, Cho, Bengio. Neural machine translation by jointly learning to align and translate.
        ICLR 2015. Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.2.3.
    """

    query_proj: Linear
    memory_proj: Linear
    out_proj: Linear
    dropout: Dropout
    heads: int = static()

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        memory_width: int | None = None,
        bias: bool = True,
        rate: float = 0.0,
        key: Any,
    ):
        check_heads(width, heads, heads)
        keys = split(key, 3)
        self.query_proj = Linear(width, width, bias=bias, key=keys[0])
        self.memory_proj = Linear(memory_width or width, 2 * width, bias=bias, key=keys[1])
        self.out_proj = Linear(width, width, bias=bias, key=keys[2])
        self.dropout, self.heads = Dropout(rate), heads

    def __call__(
        self,
        x: Float[Array, "b t d"],
        memory: Float[Array, "b s m"] | None = None,
        *,
        present: Bool[Array, "b s"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        query, (keys, values) = self._query(x), self._remembered(x if memory is None else memory)
        if self.is_heard("weights"):
            mixed = plain_attention(query, keys, values, reach=EVERYWHERE, present=present, watch=self._watch)
        else:
            mixed = attend(query, keys, values, reach=EVERYWHERE, present=present)
        return self.dropout(self.out_proj(mixed.reshape(x.shape)), key=key, train=train)

    def init_cache(
        self, memory: Float[Array, "b s m"], *, present: Bool[Array, "b s"] | None = None
    ) -> dict[str, Any]:
        """Return keys and values of the memory, which all later positions ask.

        Args:
            memory: the other sequence.
            present: which of its positions are there; all without.
        """
        keys, values = self._remembered(memory)
        kept = {"key": keys.transpose(0, 2, 1, 3), "value": values.transpose(0, 2, 1, 3)}
        return kept if present is None else {**kept, "present": present}

    def extend(
        self, x: Float[Array, "b t d"], cache: dict[str, Any]
    ) -> tuple[Float[Array, "b t d"], dict[str, Any]]:
        """Return the outputs of the next positions; the cache stays as it is.

        Args:
            x: one vector for each of the next positions.
            cache: of the memory.
        """
        mixed = cached_attention(
            self._query(x), cache["key"], cache["value"], reach=EVERYWHERE, present=cache.get("present")
        )
        return self.out_proj(mixed.reshape(x.shape)), cache

    def _query(self, x: Array) -> Array:
        return self.query_proj(x).reshape(*x.shape[:2], self.heads, -1)

    def _remembered(self, memory: Array) -> tuple[Array, Array]:
        both = self.memory_proj(memory).reshape(*memory.shape[:2], 2, self.heads, -1)
        return both[:, :, 0], both[:, :, 1]

    def _watch(self, weights: Array) -> Array:
        return self.tap("weights", weights)
