"""Causal attention, its positions and the block made of it: the cache, what is seen, what is tapped."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.taps import observe
from lamina.nn import (
    Alibi,
    CausalSelfAttention,
    CrossAttention,
    DecoderBlock,
    FeedForward,
    GatedFeedForward,
    LayerNorm,
    RMSNorm,
    Rotary,
    Stack,
)

TIME, WIDTH = 9, 16
X = np.random.default_rng(0).normal(size=(2, TIME, WIDTH)).astype(np.float32)
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "grouped, rotary": {"key_value_heads": 2, "positions": Rotary()},
    "window, distances": {"window": 3, "positions": Alibi()},
    "one head of keys, normalized": {"key_value_heads": 1, "qk_norm": RMSNorm, "bias": False},
    "all": {"key_value_heads": 2, "positions": Rotary(100.0), "qk_norm": LayerNorm, "window": 4},
}


def attention(kind: str) -> CausalSelfAttention:
    return CausalSelfAttention(WIDTH, heads=4, **KINDS[kind], key=0)


@jax.jit
def whole(layer: Any, x: Any) -> Any:
    return layer(x)


@functools.partial(jax.jit, static_argnames="pieces")
def in_pieces(layer: Any, x: Any, cache: Any, pieces: tuple[int, ...]) -> Any:
    """The outputs piece by piece: the same program whatever lies in the cache."""
    found, at = [], 0
    for size in pieces:
        y, cache = layer.extend(x[:, at : at + size], cache)
        found.append(y)
        at += size
    return jnp.concatenate(found, 1), cache


def same(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pieces", [(1,) * TIME, (4, 1, 4)])
def test_the_cache_gives_what_the_whole_sequence_does(kind: str, pieces: tuple[int, ...]):
    layer = attention(kind)
    found, cache = in_pieces(layer, X, layer.init_cache(2, TIME + 3, jnp.float32), pieces)
    same(found, whole(layer, X))
    assert cache["position"] == TIME


def block(**more: Any) -> DecoderBlock:
    return DecoderBlock(
        WIDTH,
        norm=RMSNorm,
        attention=functools.partial(CausalSelfAttention, heads=4, positions=Rotary(), bias=False),
        feed_forward=GatedFeedForward,
        **more,
    )


def test_a_stack_of_blocks_has_a_cache():
    stack = Stack(lambda key: block(key=key), depth=2, key=0)
    found, _ = in_pieces(stack, X, stack.init_cache(2, TIME, jnp.float32), (3, 1, 5))
    same(found, whole(stack, X))


def test_a_block_with_a_memory_has_a_cache():
    layer = block(cross=functools.partial(CrossAttention, heads=2), key=0)
    memory = np.random.default_rng(1).normal(size=(2, 5, WIDTH)).astype(np.float32)
    present = np.arange(5) < np.array([[5], [2]])
    cache = layer.init_cache(2, TIME, jnp.float32, memory=memory, memory_present=present)
    found, _ = in_pieces(layer, X, cache, (4, 5))
    same(found, jax.jit(lambda x: layer(x, memory=memory, memory_present=present))(X))
    hidden = memory.copy()
    hidden[1, 2:] = 7.0  # what is not there has no part
    same(found, jax.jit(lambda x: layer(x, memory=hidden, memory_present=present))(X))


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_depend_on_nothing_later_and_nothing_before_the_window(kind: str):
    layer, changed = attention(kind), X.copy()
    changed[:, 5] += 1.0
    moved = np.abs(np.asarray(whole(layer, changed)) - np.asarray(whole(layer, X))).max((0, 2)) > 1e-6
    last = TIME if layer.window is None else min(TIME, 5 + layer.window)
    assert moved.tolist() == [5 <= i < last for i in range(TIME)]


def test_positions_that_are_absent_have_no_part():
    layer, changed = attention("plain"), X.copy()
    present = np.ones((2, TIME), bool)
    present[0, 2] = False
    changed[0, 2] += 1.0
    both = [jax.jit(lambda x: layer(x, present=present))(x) for x in (X, changed)]
    rest = np.arange(TIME) != 2
    same(both[0][:, rest], both[1][:, rest])


def test_weights_are_tapped_and_are_those_that_mix():
    layer = attention("grouped, rotary")
    y, seen = jax.jit(observe(layer, "weights"))(X)
    weights = seen["weights"]
    assert weights.shape == (2, 4, TIME, TIME)
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-5)
    assert not np.triu(weights, 1).any()
    same(y, whole(layer, X))
    cross = CrossAttention(WIDTH, heads=2, key=0)
    assert observe(cross, "weights")(X, X[:, :4])[1]["weights"].shape == (2, 2, TIME, 4)


def test_dropout_is_on_the_output_in_training_alone():
    layer = CausalSelfAttention(WIDTH, heads=2, rate=0.5, key=0)
    trained = layer(X, key=jax.random.PRNGKey(0), train=True)
    assert 0.3 < float((trained == 0).mean()) < 0.7
    same(layer(X), layer(X, key=jax.random.PRNGKey(0)))


def test_rotated_scores_depend_on_the_distance_alone():
    q, k = (np.broadcast_to(X[:1, i, None, None, :8], (1, TIME, 1, 8)) for i in (0, 1))
    at = [Rotary().rotated(side, start=start) for side, start in ((q, 0), (k, 0), (q, 11), (k, 11))]
    scores, later = (np.einsum("bthk,bshk->ts", *at[i : i + 2]) for i in (0, 2))
    np.testing.assert_allclose(scores, later, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scores[1, 0], scores[5, 4], rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(at[0], axis=-1), np.linalg.norm(q, axis=-1), rtol=1e-5)


def test_slopes_of_distances():
    same(Alibi().slopes(8), [2.0**-i for i in range(1, 9)])
    same(Alibi().slopes(6), [2.0**-2, 2.0**-4, 2.0**-6, 2.0**-8, 2.0**-1, 2.0**-3])
    fall = Alibi()(jnp.zeros((1, 2, 3, 3)))
    assert fall[0, 0].tolist() == [[-(2.0**-4) * abs(i - j) for j in range(3)] for i in range(3)]


def test_gated_feed_forward_is_its_formula():
    layer = GatedFeedForward(WIDTH, hidden=6, key=0)
    gate, value = layer.first.weight[:6], layer.first.weight[6:]
    expected = (jax.nn.silu(X @ gate.T) * (X @ value.T)) @ layer.second.weight.T
    same(layer(X), expected)
    with pytest.raises(ConfigError, match="gelo"):
        FeedForward(4, activation="gelo", key=0)


def test_what_does_not_divide_is_refused():
    with pytest.raises(ConfigError, match="not a multiple of heads"):
        CausalSelfAttention(10, heads=4, key=0)
    with pytest.raises(ConfigError, match="heads of keys and values"):
        CausalSelfAttention(8, heads=4, key_value_heads=3, key=0)
    with pytest.raises(ConfigError, match="window"):
        CausalSelfAttention(8, heads=4, window=0, key=0)
    with pytest.raises(ConfigError, match="not a multiple of heads"):
        CrossAttention(10, heads=4, key=0)
    with pytest.raises(ConfigError, match="needs a head"):
        Alibi().slopes(0)
    with pytest.raises(ShapeError, match="pairs of features"):
        Rotary()(jnp.ones((1, 2, 1, 3)))
