"""GPT: a decoder that says which symbol comes next."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.core.wanted import NEXT, ONE
from lamina.models.registry import register
from lamina.models.sequence import SequenceModel, heads_of, text_inputs
from lamina.nn.activation import gelu
from lamina.nn.dropout import Dropout
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.nn.stack import Stack

HEAD_WIDTH = 32  # features of a subspace of the attention, in networks of this size


class _Block(AbstractSequenceLayer):
    ln_1: LayerNorm
    in_proj: Linear
    out_proj: Linear
    ln_2: LayerNorm
    first: Linear
    second: Linear
    dropout: Dropout
    heads: int = static()

    def __init__(self, width: int, *, heads: int, dropout: float, key: Any):
        keys = split(key, 4)
        self.ln_1, self.ln_2 = LayerNorm(width), LayerNorm(width)
        self.in_proj, self.out_proj = Linear(width, 3 * width, key=keys[0]), Linear(width, width, key=keys[1])
        self.first, self.second = Linear(width, 4 * width, key=keys[2]), Linear(4 * width, width, key=keys[3])
        self.dropout, self.heads = Dropout(dropout), heads

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        keys = (None, None) if key is None else hashed_keys(key, 2)
        q, k, v = self._projected(x)
        x = x + self.dropout(self._mixed(q, k, v, 0), key=keys[0], train=train)
        return x + self.dropout(self.second(gelu(self.first(self.ln_2(x)))), key=keys[1], train=train)

    def _projected(self, x: Array) -> Any:
        batch, time, _width = x.shape
        return self.in_proj(self.ln_1(x)).reshape(batch, time, 3, self.heads, -1).transpose(2, 0, 3, 1, 4)

    def _mixed(self, q: Array, k: Array, v: Array, start: Any) -> Array:
        batch, heads, time, width = q.shape
        scores = jnp.einsum("bhtk,bhsk->bhts", q / math.sqrt(width), k).astype(jnp.float32)
        seen = jnp.arange(k.shape[2])[None, :] <= start + jnp.arange(time)[:, None]
        weights = jax.nn.softmax(jnp.where(seen, scores, -1e30), axis=-1).astype(v.dtype)
        mixed = jnp.einsum("bhts,bhsk->bthk", weights, v)
        return self.out_proj(mixed.reshape(batch, time, heads * width))

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        shape = (batch, self.heads, length, self.in_proj.weight.shape[-1] // self.heads)
        return {
            "keys": jnp.zeros(shape, dtype),
            "values": jnp.zeros(shape, dtype),
            "position": jnp.zeros((), jnp.int32),
        }

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        q, k, v = self._projected(x)
        at = cache["position"]
        keys = jax.lax.dynamic_update_slice_in_dim(cache["keys"], k, at, axis=2)
        values = jax.lax.dynamic_update_slice_in_dim(cache["values"], v, at, axis=2)
        x = x + self._mixed(q, keys, values, at)
        x = x + self.second(gelu(self.first(self.ln_2(x))))
        return x, {"keys": keys, "values": values, "position": at + x.shape[1]}


@register(
    "gpt", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Radford et al. Language models are unsupervised multitask learners. 2019",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def gpt(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 4, dropout: float = 0.0, wants: str, key: Any
) -> Module:
    """GPT: writes text; a decoder whose positions see those before them."""
    texts, keys, heads = text_inputs(inputs), split(key, 3), heads_of(size, head_width=HEAD_WIDTH)
    return SequenceModel(
        texts,
        outputs,
        width=size,
        body=Stack(
            lambda k: _Block(size, heads=heads, dropout=dropout, key=k), depth=depth, unroll=True, key=keys[0]
        ),
        wants=wants,
        positions=LearnedPositions(texts.length, size, key=keys[1]),
        norm=LayerNorm(size),
        dropout=dropout,
        is_tied=True,
        key=keys[2],
    )
