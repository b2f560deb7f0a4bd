"""Networks of linear state-space layers over texts, and what they share with Mamba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.wanted import NEXT, ONE
from lamina.models.registry import register
from lamina.models.sequence import SequenceModel, text_inputs
from lamina.nn.normalization import RMSNorm
from lamina.nn.residual_block import ResidualBlock
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.nn.stack import Stack
from lamina.nn.state_space import LRU, S4D

EPSILON = 1e-5  # of the norms, as in the code of Mamba's authors


def residual_network(
    inputs: Inputs,
    outputs: int,
    mixer: Callable[[Any], AbstractSequenceLayer],
    *,
    width: int,
    depth: int,
    dropout: float,
    wants: str,
    key: Any,
) -> SequenceModel:
    """Return a network of residual blocks over texts, whose positions know only those before them.

    Args:
        inputs: of texts whose symbols stand in their order.
        outputs: numbers that leave.
        mixer: makes the layer of a block from a key.
        width: features of a symbol.
        depth: blocks.
        dropout: probability in [0, 1) on what enters and on what each layer adds.
        wants: the outputs, one of `lamina.core.wanted.WANTED`.
        key: random key or seed.
    """
    stack_key, own_key = split(key, 2)
    return SequenceModel(
        text_inputs(inputs),
        outputs,
        width=width,
        body=Stack(
            lambda k: ResidualBlock(mixer(k), width, dropout=dropout, epsilon=EPSILON),
            depth=depth,
            unroll=True,
            key=stack_key,
        ),
        wants=wants,
        norm=RMSNorm(width, epsilon=EPSILON),
        dropout=dropout,
        is_tied=True,
        key=own_key,
    )


@register(
    "s4d", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Gu et al. On the parameterization and initialization of diagonal state space models. "
    "NeurIPS 2022",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def s4d(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    state: int = 32,
    dropout: float = 0.0,
    wants: str,
    key: Any,
) -> Module:
    """S4D: long convolutions that are sums of damped waves; what is kept does not depend on the text."""
    return residual_network(
        inputs, outputs, lambda k: S4D(size, state=state, key=k),
        width=size, depth=depth, dropout=dropout, wants=wants, key=key,
    )  # fmt: skip


@register(
    "lru", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(NEXT, ONE),
    reference="Orvieto et al. Resurrecting recurrent neural networks for long sequences. ICML 2023",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def lru(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 4, dropout: float = 0.0, wants: str, key: Any
) -> Module:
    """LRU: a linear recurrence with complex decays that cannot explode."""
    return residual_network(
        inputs, outputs, lambda k: LRU(size, key=k),
        width=size, depth=depth, dropout=dropout, wants=wants, key=key,
    )  # fmt: skip
