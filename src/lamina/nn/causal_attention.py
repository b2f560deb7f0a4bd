"""Self-attention to the positions before, with a cache of keys and values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import Initializer, fan_in_uniform
from lamina.nn.linear import Linear
from lamina.nn.rotary import AbstractPositions
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.ops.causal_attention import attend, cached_attention, plain_attention
from lamina.ops.reach import Reach


class CausalSelfAttention(AbstractSequenceLayer):
    """Every position mixes the values of itself and those before it, in several subspaces at once.

    y_i = W_o · concat_h Σ_{j ≤ i} softmax_j(q_ih · k_jg / √k) v_jg,  with q, k, v linear in x and g the head
    of keys that h shares. O(batch · time · width · (time + width)); of a cache O(width · (length + width)) a
    position. The weights (batch, heads, time, time) are tapped as ``weights``.

    Args:
        width: features of each position, a multiple of ``heads``.
        heads: subspaces of the queries.
        key_value_heads: subspaces of keys and values, which divide ``heads``: fewer make the cache smaller
            (grouped-query attention); one for each head of queries without.
        window: how many positions are seen, itself among them; all without.
        positions: `Rotary`, `Alibi`, or None where positions are added to x elsewhere.
        qk_norm: makes a normalization of queries and keys from the width of a head, such as `RMSNorm`, which
            bounds the scores; None leaves it out.
        bias: add biases in all products.
        initializer: how the weights of queries, keys and values begin.
        out_initializer: how those of the output begin: smaller where many branches are added up.
        rate: dropout on the output.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same

    Raises:
        ConfigError: heads do not divide, or the window is below one.

    Example:
        >>> layer = CausalSelfAttention(8, heads=4, key_value_heads=2, key=0)
        >>> x = jnp.ones((1, 3, 8))
        >>> y, cache = layer.extend(x[:, :2], layer.init_cache(1, 3, x.dtype))
        >>> y, cache = layer.extend(x[:, 2:], cache)
        >>> bool(jnp.allclose(y, layer(x)[:, 2:], atol=1e-6))
        True

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.2. Ainslie et al. GQA. EMNLP 2023.
        Henry et al. Query-key normalization for transformers. EMNLP 2020.
    """

    in_proj: Linear
    out_proj: Linear
    query_norm: Module | None
    key_norm: Module | None
    positions: AbstractPositions | None
    dropout: Dropout
    heads: int = static()
    key_value_heads: int = static()
    window: int | None = static()

    def __init__(
        self,
        width: int,
        *,
        heads: int,
        key_value_heads: int | None = None,
        window: int | None = None,
        positions: AbstractPositions | None = None,
        qk_norm: Callable[[int], Module] | None = None,
        bias: bool = True,
        initializer: Initializer = fan_in_uniform,
        out_initializer: Initializer = fan_in_uniform,
        rate: float = 0.0,
        key: Any,
    ):
        groups = heads if key_value_heads is None else key_value_heads
        check_heads(width, heads, groups)
        if window is not None and window < 1:
            raise ConfigError("the window of attention is out of range", expected=">= 1", received=window)
        in_key, out_key = split(key, 2)
        each = width // heads
        rows = (heads + 2 * groups) * each
        self.in_proj = Linear(width, rows, bias=bias, initializer=initializer, key=in_key)
        self.out_proj = Linear(width, width, bias=bias, initializer=out_initializer, key=out_key)
        self.query_norm, self.key_norm = (None if qk_norm is None else qk_norm(each) for _ in range(2))
        self.positions, self.dropout = positions, Dropout(rate)
        self.heads, self.key_value_heads, self.window = heads, groups, window

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        sides = self._projected(x, start=0)
        if self.is_heard("weights"):
            mixed = plain_attention(*sides, present=present, watch=self._watch, **self._pattern)
        else:
            mixed = attend(*sides, present=present, **self._pattern)
        return self.dropout(self.out_proj(mixed.reshape(x.shape)), key=key, train=train)

    def init_cache(self, batch: int, length: int, dtype: Any) -> dict[str, Array]:
        """Return room for the keys and values of ``length`` positions, none of them written.

        Args:
            batch: sequences.
            length: positions at most; what is written beyond them overwrites the last.
            dtype: arithmetic of the layer.
        """
        shape = (batch, self.key_value_heads, length, self.out_proj.inputs // self.heads)
        return {
            "key": jnp.zeros(shape, dtype),
            "value": jnp.zeros(shape, dtype),
            "position": jnp.zeros((), jnp.int32),
        }

    def extend(
        self, x: Float[Array, "b t d"], cache: dict[str, Array]
    ) -> tuple[Float[Array, "b t d"], dict[str, Array]]:
        """Return the outputs of the next positions, and the cache with their keys and values.

        Args:
            x: one vector for each of the next positions.
            cache: of the positions before them.
        """
        start = cache["position"]
        query, key, value = self._projected(x, start=start)
        kept = {
            name: lax.dynamic_update_slice_in_dim(cache[name], new.transpose(0, 2, 1, 3), start, axis=2)
            for name, new in (("key", key), ("value", value))
        }
        mixed = cached_attention(query, kept["key"], kept["value"], first=start, **self._pattern)
        return self.out_proj(mixed.reshape(x.shape)), {**kept, "position": start + x.shape[1]}

    def _projected(self, x: Array, *, start: Any) -> tuple[Array, Array, Array]:
        """Return queries, keys and values, one row a head, as they are compared and mixed."""
        heads, groups = self.heads, self.key_value_heads
        projections = self.in_proj(x).reshape(*x.shape[:2], heads + 2 * groups, x.shape[-1] // heads)
        query, key = projections[:, :, :heads], projections[:, :, heads : heads + groups]
        query = query if self.query_norm is None else self.query_norm(query)
        key = key if self.key_norm is None else self.key_norm(key)
        if self.positions is not None:
            query, key = (self.positions.rotated(side, start=start) for side in (query, key))
        return query, key, projections[:, :, heads + groups :]

    @property
    def _pattern(self) -> dict[str, Any]:
        """What each position sees, and how scores fall with the distance."""
        slopes = None if self.positions is None else self.positions.slopes(self.heads)
        return {"reach": Reach(None if self.window is None else self.window - 1, 0), "slopes": slopes}

    def _watch(self, weights: Array) -> Array:
        return self.tap("weights", weights)


def check_heads(width: int, heads: int, groups: int) -> None:
    """Raise ConfigError where heads do not divide the width, or heads of keys not those of queries."""
    if width % heads:
        raise ConfigError(
            "width is not a multiple of heads", expected=f"a multiple of {heads}", received=width
        )
    if groups < 1 or heads % groups:
        raise ConfigError(
            "heads are not a multiple of the heads of keys and values",
            expected=f"a number that divides {heads}",
            received=groups,
        )
