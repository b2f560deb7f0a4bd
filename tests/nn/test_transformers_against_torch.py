"""Attention and blocks of transformers against PyTorch: values, gradients of input and parameters."""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np
import pytest

from lamina.core.module import Module
from lamina.core.tree import named_arrays, with_arrays
from lamina.nn import (
    CausalSelfAttention,
    CrossAttention,
    DecoderBlock,
    FeedForward,
    LayerNorm,
    MultiHeadAttention,
    PostNormBlock,
)

torch = pytest.importorskip("torch")
BATCH, TIME, LENGTH, WIDTH, HEADS, HIDDEN = 2, 7, 5, 12, 3, 20
RANDOM = np.random.default_rng(0)
PRESENT = np.arange(TIME) < np.array([[TIME], [4]])
MEMORY_PRESENT = np.arange(LENGTH) < np.array([[3], [LENGTH]])

# Ours → theirs, where a name alone does not say it.
NAMES = {
    "in_proj.weight": "in_proj_weight",
    "in_proj.bias": "in_proj_bias",
    "self_attention": "self_attn",
    "cross_attention": "multihead_attn",
    "feed_forward.first": "linear1",
    "feed_forward.second": "linear2",
    "ln_1": "norm1",
    "ln_2": "norm2",
}
NAMES_OF_DECODER = {**NAMES, "ln_cross": "norm2", "ln_2": "norm3"}


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def theirs_of(name: str, names: dict[str, str]) -> str:
    for ours, theirs in names.items():
        name = name.replace(ours, theirs)
    return name


def in_our_names(layer: Module, theirs: dict[str, Any], names: dict[str, str]) -> dict[str, np.ndarray]:
    """Arrays of PyTorch under our names; query and memory of cross attention are rows of one array there."""
    found = {}
    for name in named_arrays(layer):
        for part, rows in (("query_proj", slice(0, WIDTH)), ("memory_proj", slice(WIDTH, None))):
            if part in name:
                found[name] = theirs[theirs_of(name.replace(f"{part}.", "in_proj_"), names)][rows]
        found.setdefault(name, theirs.get(theirs_of(name, names)))
    return {name: np.array(array.detach().numpy()) for name, array in found.items()}


def compare(layer: Module, twin: Any, names: dict[str, str], ours: Any, theirs: Any) -> None:
    """Outputs at present positions, and gradients of a weighted sum of these."""
    for parameter in twin.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    layer = with_arrays(layer, in_our_names(layer, dict(twin.named_parameters()), names))
    x = normal(BATCH, TIME, WIDTH)
    leaf = torch.tensor(x, requires_grad=True)
    expected = theirs(twin, leaf)
    goal = normal(*x.shape) * PRESENT[:, :, None]
    (expected * torch.tensor(goal)).sum().backward()

    @jax.jit
    def gradients(layer: Any, x: Any) -> Any:
        def loss(layer: Any, x: Any) -> Any:
            y = ours(layer, x)
            return (y * goal).sum(), y

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(layer, x)

    (gradient, slope), found = gradients(layer, x)
    expected = expected.detach().numpy()
    np.testing.assert_allclose(found[PRESENT], expected[PRESENT], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(slope, leaf.grad, rtol=1e-4, atol=2e-5)
    slopes = in_our_names(layer, {name: p.grad for name, p in twin.named_parameters()}, names)
    for name, array in named_arrays(gradient).items():
        np.testing.assert_allclose(array, slopes[name], rtol=1e-4, atol=5e-5, err_msg=name)


def hidden_later(time: int) -> Any:
    return torch.triu(torch.ones(time, time, dtype=torch.bool), diagonal=1)


def parts(attention: Any, activation: str = "gelu") -> dict[str, Any]:
    return {
        "norm": LayerNorm,
        "attention": functools.partial(attention, heads=HEADS),
        "feed_forward": functools.partial(FeedForward, hidden=HIDDEN, activation=activation),
    }


def test_causal_self_attention():
    def theirs(twin: Any, x: Any) -> Any:
        return twin(x, x, x, attn_mask=hidden_later(TIME), key_padding_mask=torch.tensor(~PRESENT))[0]

    compare(
        CausalSelfAttention(WIDTH, heads=HEADS, key=0),
        torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True),
        NAMES,
        lambda layer, x: layer(x, present=PRESENT),
        theirs,
    )


def test_cross_attention():
    memory = normal(BATCH, LENGTH, WIDTH)

    def theirs(twin: Any, x: Any) -> Any:
        m = torch.tensor(memory)
        return twin(x, m, m, key_padding_mask=torch.tensor(~MEMORY_PRESENT))[0]

    compare(
        CrossAttention(WIDTH, heads=HEADS, key=0),
        torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True),
        NAMES,
        lambda layer, x: layer(x, memory, present=MEMORY_PRESENT),
        theirs,
    )


@pytest.mark.parametrize(("block", "first"), [(DecoderBlock, True), (PostNormBlock, False)])
@pytest.mark.parametrize("attention", [CausalSelfAttention, MultiHeadAttention])
def test_encoder_layer(block: Any, first: bool, attention: Any):
    is_causal = attention is CausalSelfAttention

    def theirs(twin: Any, x: Any) -> Any:
        mask = hidden_later(TIME) if is_causal else None
        return twin(x, src_mask=mask, src_key_padding_mask=torch.tensor(~PRESENT))

    twin = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, activation="gelu", batch_first=True, norm_first=first
    )
    layer = block(WIDTH, **parts(attention), key=0)
    compare(layer, twin, NAMES, lambda layer, x: layer(x, present=PRESENT), theirs)


def test_decoder_layer():
    memory = normal(BATCH, LENGTH, WIDTH)

    def theirs(twin: Any, x: Any) -> Any:
        return twin(
            x,
            torch.tensor(memory),
            tgt_mask=hidden_later(TIME),
            tgt_key_padding_mask=torch.tensor(~PRESENT),
            memory_key_padding_mask=torch.tensor(~MEMORY_PRESENT),
        )

    twin = torch.nn.TransformerDecoderLayer(
        WIDTH, HEADS, HIDDEN, dropout=0.0, activation="relu", batch_first=True, norm_first=True
    )
    cross = functools.partial(CrossAttention, heads=HEADS)
    compare(
        DecoderBlock(WIDTH, **parts(CausalSelfAttention, "relu"), cross=cross, key=0),
        twin,
        NAMES_OF_DECODER,
        lambda layer, x: layer(x, present=PRESENT, memory=memory, memory_present=MEMORY_PRESENT),
        theirs,
    )
