"""Llama: the parts of later decoders in the place of those of GPT-2."""

from __future__ import annotations

import functools
from typing import Any

from lamina.core.errors import ConfigError
from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.wanted import NEXT, ONE
from lamina.models.gpt import HEAD_WIDTH, MOST_UNROLLED
from lamina.models.registry import register
from lamina.models.sequence import SequenceModel, heads_of, text_inputs
from lamina.nn.causal_attention import CausalSelfAttention
from lamina.nn.decoder_block import DecoderBlock
from lamina.nn.feed_forward import GatedFeedForward
from lamina.nn.normalization import RMSNorm
from lamina.nn.rotary import Rotary
from lamina.nn.stack import Stack


def llama_block(width: int, *, heads: int, key_value_heads: int, dropout: float, key: Any) -> DecoderBlock:
    """Return a block of Llama: rotated positions, root mean squares, gated features, no biases.

    Args:
        width: features of a symbol.
        heads: subspaces of the queries.
        key_value_heads: subspaces of keys and values.
        dropout: probability in [0, 1) behind both branches.
        key: random key or seed.
    """
    attention = functools.partial(
        CausalSelfAttention,
        heads=heads,
        key_value_heads=key_value_heads,
        positions=Rotary(),
        bias=False,
        rate=dropout,
    )
    feed_forward = functools.partial(GatedFeedForward, rate=dropout)
    return DecoderBlock(width, norm=RMSNorm, attention=attention, feed_forward=feed_forward, key=key)


@register(
    "llama", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Touvron et al. Llama 2: open foundation and fine-tuned chat models. 2023",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def llama(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    heads: int | None = None,
    key_value_heads: int | None = None,
    dropout: float = 0.0,
    tied: bool = False,
    wants: str,
    key: Any,
) -> Module:
    """Llama: writes text; a decoder with rotary positions and gated features, and half the cache of GPT."""
    texts, keys, heads = text_inputs(inputs), split(key, 2), heads or heads_of(size, head_width=HEAD_WIDTH)
    if size % (2 * heads):
        raise ConfigError(
            "rotary positions turn pairs of features",
            expected=f"a size that is a multiple of {2 * heads}, twice the heads",
            received=size,
        )
    groups = key_value_heads or (heads if heads % 2 else heads // 2)
    make = functools.partial(llama_block, size, heads=heads, key_value_heads=groups, dropout=dropout)
    return SequenceModel(
        texts,
        outputs,
        width=size,
        body=Stack(lambda key: make(key=key), depth=depth, unroll=depth <= MOST_UNROLLED, key=keys[0]),
        wants=wants,
        norm=RMSNorm(size),
        dropout=dropout,
        is_tied=tied,
        key=keys[1],
    )
