"""GPT-2: a decoder that says which symbol comes next."""

from __future__ import annotations

import functools
import math
from typing import Any

from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.wanted import NEXT, ONE
from lamina.models.registry import register
from lamina.models.sequence import SequenceModel, heads_of, text_inputs
from lamina.nn.causal_attention import CausalSelfAttention
from lamina.nn.decoder_block import DecoderBlock, MakePart
from lamina.nn.feed_forward import FeedForward
from lamina.nn.initializers import truncated_normal
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions
from lamina.nn.stack import Stack

HEAD_WIDTH = 32  # features of a subspace of the attention, in networks of this size
MOST_UNROLLED = 8  # blocks up to which a faster step is worth compiling each block


def beginnings(depth: int) -> dict[str, Any]:
    """Return how the weights of GPT-2 begin: branches so small that ``depth`` blocks keep the variance.

    Args:
        depth: blocks of the network.
    """
    small = functools.partial(truncated_normal, std=0.02 / math.sqrt(2 * max(1, depth)))
    return {"initializer": truncated_normal, "out_initializer": small}


def gpt_network(
    inputs: Inputs,
    outputs: int,
    feed_forward: MakePart,
    *,
    size: int,
    depth: int,
    heads: int | None,
    dropout: float,
    tied: bool,
    wants: str,
    key: Any,
) -> SequenceModel:
    """Return GPT-2 with any layer for each position.

    Args:
        inputs: of texts whose symbols stand in their order.
        outputs: numbers that leave.
        feed_forward: makes the layer for each position from width and key.
        size: features of a symbol.
        depth: blocks.
        heads: subspaces of the attention; chosen from ``size`` without.
        dropout: probability in [0, 1) on what enters and behind the attention.
        tied: whether the vectors of the symbols are the head too.
        wants: the outputs, one of `lamina.core.wanted.WANTED`.
        key: random key or seed.
    """
    texts, keys, heads = text_inputs(inputs), split(key, 3), heads or heads_of(size, head_width=HEAD_WIDTH)
    attention = functools.partial(CausalSelfAttention, heads=heads, rate=dropout, **beginnings(depth))
    make = functools.partial(
        DecoderBlock, size, norm=LayerNorm, attention=attention, feed_forward=feed_forward
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


@register(
    "gpt", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Radford et al. Language models are unsupervised multitask learners. 2019",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def gpt(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    heads: int | None = None,
    dropout: float = 0.0,
    tied: bool = True,
    wants: str,
    key: Any,
) -> Module:
    """GPT: writes text; a decoder whose positions see those before them."""
    feed_forward = functools.partial(FeedForward, activation="gelu", rate=dropout, **beginnings(depth))
    return gpt_network(
        inputs, outputs, feed_forward,
        size=size, depth=depth, heads=heads, dropout=dropout, tied=tied, wants=wants, key=key,
    )  # fmt: skip
