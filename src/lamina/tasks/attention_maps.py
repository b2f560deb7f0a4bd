"""Which positions of a sentence a network attends to, layer by layer and head by head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.core.page import Matrix, Paragraph, Plot, Section
from lamina.core.wording import counted, on_one_line
from lamina.modalities.base import Outcome

WEIGHTS = "*weights"  # taps of attention
MOST_LAYERS, MOST_HEADS = 3, 3  # that are shown
MAPPED = 20  # tokens of a text whose attention is shown
MAP_HEIGHT = 290  # pixels of a map


def attention_weights(model: Any, x: Any) -> np.ndarray | None:
    """Return the weights of attention, (layers, batch, heads, time, time); None where nothing attends.

    They are formed only while somebody listens to the taps of attention: training takes its faster way.

    Args:
        model: a network of blocks that are alike.
        x: its inputs.
    """
    import jax

    from lamina.core.taps import observe

    def weights(model: Any, x: Any) -> dict[str, Any]:
        return observe(model, WEIGHTS, strict=False)(x)[1]

    shapes = [value.shape for value in jax.eval_shape(weights, model, x).values()]
    if not shapes or any(len(shape) < 4 or shape[-4:] != shapes[0][-4:] for shape in shapes):
        return None
    found = jax.device_get(jax.jit(weights)(model, x))
    return np.concatenate([value.reshape(-1, *value.shape[-4:]) for value in found.values()])


def attention_sections(model: Any, x: Any, symbols: Sequence[str]) -> list[Section]:
    """Return maps of one text; nothing for networks that do not attend.

    Args:
        model: a network.
        x: inputs of one text, as long as ``symbols``.
        symbols: what stands at each position, as it is shown.
    """
    weights = attention_weights(model, x)
    if weights is None:
        return []
    layers, heads = weights.shape[0], weights.shape[2]
    shown = np.unique(np.linspace(0, layers - 1, min(layers, MOST_LAYERS)).round().astype(int))
    names, across = tuple(symbols), min(heads, MOST_HEADS)
    panels = tuple(
        Matrix(weights[layer, 0, head], names, names, title=f"layer {layer + 1}, head {head + 1}")
        for layer in shown.tolist()
        for head in range(across)
    )
    words = (
        f"A held-out text in a network of {counted(layers, 'layer')}, {counted(heads, 'head')} each; a row "
        "is a position: the darker a cell, the more of the position below it is mixed in."
    )
    plot = Plot(
        "attention", "Attention", panels, alt=words, across=across, heights=(MAP_HEIGHT,) * len(shown)
    )
    return [Section("Where it looks", (Paragraph(words), plot))]


def attention_of_text(outcome: Outcome) -> list[Section]:
    """Return maps of attention over the beginning of a held-out text.

    Args:
        outcome: of a network that reads one column of texts.
    """
    if outcome.held_out is None or not outcome.held_out.height:
        return []
    encoder = outcome.encoder.only
    most = min(MAPPED, encoder.length)
    ids = encoder.tokens.encode(encoder.texts(outcome.held_out, np.array([0]))).ids[:most]
    if len(ids) < 2:
        return []
    x = {"ids": ids[None].astype(np.int32), "scale": np.ones((1, len(ids)), np.float32)}
    return attention_sections(outcome.model, x, [shown_symbol(encoder.tokens, i) for i in ids.tolist()])


def shown_symbol(tokens: Any, symbol: int) -> str:
    """Return a symbol as it is written beside a map: blanks and line ends seen.

    Args:
        tokens: vocabulary of a text.
        symbol: number in it.
    """
    return on_one_line(tokens.decode([symbol])).replace(" ", "·") or "?"
