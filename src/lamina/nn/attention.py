"""Multi-head self-attention: every position mixes the values of all positions."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.dropout import Dropout
from lamina.nn.linear import Linear
from lamina.ops.attention import self_attention
from lamina.ops.causal_attention import attend, plain_attention
from lamina.ops.reach import EVERYWHERE

MOST_AT_ONCE = 512  # positions up to which all weights are formed and kept; see decision 0018


class MultiHeadAttention(Module):
    """Self-attention in several subspaces at once.

    y = W_o · concat_h softmax(Q_h K_hᵀ / √k) V_h,  with Q, K, V linear in x.
    O(batch · time · width · (time + width)). The weights are tapped as ``weights``. Positions that are not
    ``present``, as behind the end of a text, are asked by nobody.

    Args:
        width: features of each position, a multiple of ``heads``.
        heads: number of subspaces.
        rate: dropout on the output.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same

    Raises:
        ConfigError: ``width`` is not a multiple of ``heads``.

    Example:
        >>> import jax.numpy as jnp
        >>> MultiHeadAttention(8, heads=2, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.2.2.
    """

    in_proj: Linear
    out_proj: Linear
    dropout: Dropout
    heads: int = static()

    def __init__(self, width: int, *, heads: int, rate: float = 0.0, key: Any):
        if width % heads:
            raise ConfigError(
                "width is not a multiple of heads", expected=f"a multiple of {heads}", received=width
            )
        in_key, out_key = split(key, 2)
        self.in_proj, self.out_proj = Linear(width, 3 * width, key=in_key), Linear(width, width, key=out_key)
        self.dropout, self.heads = Dropout(rate), heads

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        batch, time, width = x.shape
        projections = self.in_proj(x).reshape(batch, time, 3, self.heads, width // self.heads)
        if self.is_heard("weights"):
            sides = jnp.moveaxis(projections, 2, 0)
            mixed = plain_attention(*sides, reach=EVERYWHERE, present=present, watch=self._watch)
        elif present is None and time <= MOST_AT_ONCE:
            mixed = self_attention(projections)
        else:
            mixed = attend(*jnp.moveaxis(projections, 2, 0), reach=EVERYWHERE, present=present)
        return self.dropout(self.out_proj(mixed.reshape(batch, time, width)), key=key, train=train)

    def _watch(self, weights: Array) -> Array:
        return self.tap("weights", weights)
