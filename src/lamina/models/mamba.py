"""Mamba and Mamba-2: networks whose state decides by the text what it keeps."""

from __future__ import annotations

from typing import Any

from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.wanted import NEXT, ONE
from lamina.models.registry import register
from lamina.models.sequence import heads_of
from lamina.models.state_space import residual_network
from lamina.nn.mamba import Mamba
from lamina.nn.mamba2 import Mamba2

EXPAND, HEAD_WIDTH = 2, 64  # inner features a feature, and of a head, as in the papers


@register(
    "mamba", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Gu, Dao. Mamba: linear-time sequence modeling with selective state spaces. 2023",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def mamba(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    state: int = 16,
    dropout: float = 0.0,
    wants: str,
    key: Any,
) -> Module:
    """Mamba: a recurrence that selects what it keeps; each further position costs the same, however many."""
    return residual_network(
        inputs, outputs, lambda k: Mamba(size, state=state, expand=EXPAND, key=k),
        width=size, depth=depth, dropout=dropout, wants=wants, key=key,
    )  # fmt: skip


@register(
    "mamba2", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Dao, Gu. Transformers are SSMs. ICML 2024",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def mamba2(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    state: int = 64,
    dropout: float = 0.0,
    wants: str,
    key: Any,
) -> Module:
    """Mamba-2: the same with one decay a head, computed by products of matrices; its state may be larger."""
    inner = EXPAND * size
    head_width = inner // heads_of(inner, head_width=HEAD_WIDTH)
    return residual_network(
        inputs, outputs, lambda k: Mamba2(size, state=state, head_width=head_width, expand=EXPAND, key=k),
        width=size, depth=depth, dropout=dropout, wants=wants, key=key,
    )  # fmt: skip
