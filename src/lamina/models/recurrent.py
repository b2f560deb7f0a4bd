"""Recurrent networks over texts: a state that goes from symbol to symbol."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from lamina.core.inputs import Inputs
from lamina.core.inputs.text import TextInputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.wanted import EACH, NEXT, ONE
from lamina.models.registry import register
from lamina.models.sequence import SequenceModel, text_inputs
from lamina.nn.recurrent import GRU, LSTM, RNN
from lamina.nn.recurrent_stack import Bidirectional, RecurrentStack
from lamina.nn.sequence import AbstractSequenceLayer


def body_of(
    kind: Callable[..., Any], width: int, *, depth: int, dropout: float, wants: str, key: Any
) -> AbstractSequenceLayer:
    """Return recurrent layers on top of each other, in both directions unless what comes next is wanted.

    Args:
        kind: a recurrent layer.
        width: features of a symbol, and numbers of a state.
        depth: layers, >= 1.
        dropout: probability in [0, 1) between layers.
        wants: one of `lamina.core.wanted.WANTED`.
        key: random key or seed.

    Example:
        >>> body = body_of(GRU, 8, depth=2, dropout=0.0, wants=ONE, key=0)
        >>> [type(layer).__name__ for layer in body.layers]
        ['Bidirectional', 'Bidirectional']
    """
    one = functools.partial(kind, width, width)
    make = one if wants == NEXT else functools.partial(Bidirectional, one, outputs=width)
    return RecurrentStack([make(key=own) for own in split(key, depth)], dropout=dropout)


def _made(
    kind: Callable[..., Any],
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int,
    dropout: float,
    wants: str,
    key: Any,
) -> Module:
    texts, (body_key, own_key) = text_inputs(inputs), split(key, 2)
    body = body_of(kind, size, depth=depth, dropout=dropout, wants=wants, key=body_key)
    return SequenceModel(
        texts, outputs, width=size, body=body, wants=wants, dropout=dropout, is_tied=True, key=own_key
    )


@register(
    "rnn", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(ONE, EACH, NEXT),
    reference="Elman. Finding structure in time. Cognitive Science 1990",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def rnn(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 1, dropout: float = 0.2, wants: str, key: Any
) -> Module:
    """Vanilla recurrent network: the simplest memory, which fades over tens of symbols; for study."""
    return _made(RNN, inputs, outputs, size=size, depth=depth, dropout=dropout, wants=wants, key=key)


@register(
    "lstm", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(ONE, EACH, NEXT),
    reference="Hochreiter, Schmidhuber. Long short-term memory. Neural Computation 1997",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def lstm(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 1, dropout: float = 0.2, wants: str, key: Any
) -> Module:
    """LSTM: reads in order and remembers over hundreds of symbols; needs fewer texts than attention."""
    return _made(LSTM, inputs, outputs, size=size, depth=depth, dropout=dropout, wants=wants, key=key)


@register(
    "gru", size=128, dial="features of a symbol", takes=(TextInputs,), gives=(ONE, EACH, NEXT),
    reference="Cho et al. Learning phrase representations using RNN encoder-decoder. EMNLP 2014",
    defaults={"tokens": "bpe"},
)  # fmt: skip
def gru(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 1, dropout: float = 0.2, wants: str, key: Any
) -> Module:
    """Gated recurrent units: three quarters of the work of an LSTM, mostly as good."""
    return _made(GRU, inputs, outputs, size=size, depth=depth, dropout=dropout, wants=wants, key=key)
