"""GPT with experts: a decoder whose feed-forward layers are mixtures."""

from __future__ import annotations

import functools
from typing import Any

from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.wanted import NEXT, ONE
from lamina.models.gpt import beginnings, gpt_network
from lamina.models.registry import register
from lamina.nn.experts import MixtureOfExperts
from lamina.nn.feed_forward import FeedForward
from lamina.nn.initializers import truncated_normal


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
    # Together the experts of a position are as wide as one layer of GPT-2.
    hidden = max(1, 4 * size // top_k)
    expert = functools.partial(FeedForward, hidden=hidden, activation="gelu", **beginnings(depth))
    feed_forward = functools.partial(
        MixtureOfExperts,
        experts=experts,
        top_k=top_k,
        expert=expert,
        initializer=truncated_normal,
        rate=dropout,
    )
    return gpt_network(
        inputs, outputs, feed_forward,
        size=size, depth=depth, heads=heads, dropout=dropout, tied=tied, wants=wants, key=key,
    )  # fmt: skip
