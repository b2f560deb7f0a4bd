"""GPT with experts: a decoder whose feed-forward layers are mixtures."""

from __future__ import annotations

import functools
import math
from typing import Any

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
from lamina.nn.experts import MixtureOfExperts
from lamina.nn.feed_forward import FeedForward
from lamina.nn.initializers import truncated_normal
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.stack import Stack


def moe_block(
    width: int, *, heads: int, depth: int, experts: int, top_k: int, dropout: float, key: Any
) -> DecoderBlock:
    """Return a block of GPT-2 with experts; together those of a position are as wide as one layer of GPT-2.

    Args:
        width: features of a symbol.
        heads: subspaces of the attention.
        depth: blocks of the network.
        experts: of the block.
        top_k: experts of a position.
        dropout: probability in [0, 1) behind both branches.
        key: random key or seed.
    """
    small = functools.partial(truncated_normal, std=0.02 / math.sqrt(2 * max(1, depth)))
    begin: Any = {"initializer": truncated_normal, "out_initializer": small}
    expert = functools.partial(FeedForward, hidden=max(1, 4 * width // top_k), activation="gelu", **begin)
    return DecoderBlock(
        width,
        norm=LayerNorm,
        attention=functools.partial(CausalSelfAttention, heads=heads, rate=dropout, **begin),
        feed_forward=functools.partial(
            MixtureOfExperts,
            experts=experts,
            top_k=top_k,
            expert=expert,
            initializer=truncated_normal,
            rate=dropout,
        ),
        key=key,
    )


@register(
    "moe", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Fedus et al. Switch transformers. JMLR 2022; Jiang et al. Mixtral of experts. 2024",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def moe(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    heads: int | None = None,
    experts: int = 8,
    top_k: int = 2,
    dropout: float = 0.0,
    tied: bool = True,
    wants: str,
    key: Any,
) -> Module:
    """GPT with experts: writes text; more weights than gpt at about its cost, for many tokens."""
    texts, keys, heads = text_inputs(inputs), split(key, 3), heads or heads_of(size, head_width=HEAD_WIDTH)
    make = functools.partial(
        moe_block, size, heads=heads, depth=depth, experts=experts, top_k=top_k, dropout=dropout
    )
    return SequenceModel(
        texts,
        outputs,
        width=size,
        body=Stack(lambda key: make(key=key), depth=depth, unroll=depth <= MOST_UNROLLED, key=keys[0]),
        wants=wants,
        positions=LearnedPositions(texts.length, size, key=keys[1]),
        norm=LayerNorm(size),
        dropout=dropout,
        is_tied=tied,
        key=keys[2],
    )
