"""What every layer keeps: give it an example below, and the checks come for free."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tests.contracts.graph_layers import GRAPH_LAYERS

from lamina import nn
from lamina.core.module import Module, static
from lamina.core.random import make_key
from lamina.core.tree import named_arrays, stack_modules, trainable, with_arrays
from lamina.nn.ensemble import random_signs
from lamina.nn.initializers import truncated_normal

EDGES = ((-1.0, 0.0, 1.0), (-2.0, 0.5, 2.0))


class OfItself(Module):
    """A layer that is told a condition, here the first channels of the first place of its own input."""

    layer: Module
    condition: int = static()

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        first = x.reshape(x.shape[0], -1)[:, : self.condition]
        return self.layer(x, condition=first, key=key, train=train)


# name -> (make from a key, shape of an input, shape of the output)
LAYERS: dict[str, tuple[Callable[[Any], Module], tuple[int, ...], tuple[int, ...]]] = {
    "Linear": (lambda key: nn.Linear(4, 3, key=key), (5, 4), (5, 3)),
    "Embedding": (lambda key: nn.Embedding(6, 3, key=key), (5,), (5, 3)),
    "EmbeddingBag": (lambda key: nn.EmbeddingBag(6, 3, key=key), (5, 8), (5, 3)),
    "Dropout": (lambda key: nn.Dropout(0.5), (5, 4), (5, 4)),
    "LayerNorm": (lambda key: nn.LayerNorm(4), (5, 4), (5, 4)),
    "RMSNorm": (lambda key: nn.RMSNorm(4), (5, 4), (5, 4)),
    "BatchNorm": (lambda key: nn.BatchNorm(4), (5, 4), (5, 4)),
    "MinibatchStd": (lambda key: nn.MinibatchStd(3), (6, 4), (6, 5)),
    "SpectralNorm": (lambda key: nn.SpectralNorm(nn.Linear(4, 3, key=key), key=key), (5, 4), (5, 3)),
    "MultiHeadAttention": (lambda key: nn.MultiHeadAttention(4, heads=2, key=key), (2, 5, 4), (2, 5, 4)),
    "CausalSelfAttention": (
        lambda key: nn.CausalSelfAttention(
            8, heads=2, key_value_heads=1, positions=nn.Rotary(), qk_norm=nn.RMSNorm, key=key
        ),
        (2, 5, 8),
        (2, 5, 8),
    ),
    "CrossAttention": (lambda key: nn.CrossAttention(4, heads=2, key=key), (2, 5, 4), (2, 5, 4)),
    "Rotary": (lambda key: nn.Rotary(), (2, 5, 2, 4), (2, 5, 2, 4)),
    "Alibi": (lambda key: nn.Alibi(), (2, 3, 5, 5), (2, 3, 5, 5)),
    "FeedForward": (lambda key: nn.FeedForward(4, key=key), (5, 4), (5, 4)),
    "GatedFeedForward": (lambda key: nn.GatedFeedForward(4, key=key), (5, 4), (5, 4)),
    "MixtureOfExperts": (
        lambda key: nn.MixtureOfExperts(4, experts=3, shared=nn.GatedFeedForward, key=key),
        (2, 9, 4),
        (2, 9, 4),
    ),
    "BalanceLoss": (lambda key: nn.BalanceLoss(4), (5, 4), (5, 4)),
    "BalanceBias": (lambda key: nn.BalanceBias(4), (5, 4), (5, 4)),
    "DecoderBlock": (
        lambda key: nn.DecoderBlock(
            4,
            norm=nn.LayerNorm,
            attention=functools.partial(nn.CausalSelfAttention, heads=2),
            feed_forward=nn.FeedForward,
            cross=functools.partial(nn.CrossAttention, heads=2),
            key=key,
        ),
        (2, 5, 4),
        (2, 5, 4),
    ),
    "PostNormBlock": (
        lambda key: nn.PostNormBlock(
            4,
            norm=nn.LayerNorm,
            attention=functools.partial(nn.MultiHeadAttention, heads=2),
            feed_forward=nn.FeedForward,
            key=key,
        ),
        (2, 5, 4),
        (2, 5, 4),
    ),
    "RNN": (lambda key: nn.RNN(4, 3, key=key), (2, 5, 4), (2, 5, 3)),
    "LSTM": (lambda key: nn.LSTM(4, 3, key=key), (2, 5, 4), (2, 5, 3)),
    "GRU": (lambda key: nn.GRU(4, 3, key=key), (2, 5, 4), (2, 5, 3)),
    "Bidirectional": (
        lambda key: nn.Bidirectional(functools.partial(nn.GRU, 4, 3), outputs=2, key=key),
        (2, 5, 4),
        (2, 5, 2),
    ),
    "RecurrentStack": (
        lambda key: nn.RecurrentStack([nn.RNN(4, 3, key=key), nn.LSTM(3, 2, key=key)], dropout=0.5),
        (2, 5, 4),
        (2, 5, 2),
    ),
    "LinearEmbedding": (lambda key: nn.LinearEmbedding(2, 3, key=key), (5, 2), (5, 2, 3)),
    "PeriodicEmbedding": (lambda key: nn.PeriodicEmbedding(2, 3, key=key), (5, 2), (5, 2, 3)),
    "PiecewiseLinearEmbedding": (
        lambda key: nn.PiecewiseLinearEmbedding(EDGES, 3, key=key),
        (5, 2),
        (5, 2, 3),
    ),
    "MemberScale": (lambda key: nn.MemberScale(random_signs(key, (3, 4))), (5, 4), (5, 3, 4)),
    "MemberLinear": (lambda key: nn.MemberLinear(4, 2, members=3, key=key), (5, 3, 4), (5, 3, 2)),
    "BatchEnsembleLinear": (
        lambda key: nn.BatchEnsembleLinear(4, 2, members=3, key=key),
        (5, 3, 4),
        (5, 3, 2),
    ),
    "Ensemble": (lambda key: nn.Ensemble([nn.Linear(4, 2, key=key)] * 3), (5, 4), (5, 3, 2)),
    "Sequential": (
        lambda key: nn.Sequential([nn.Linear(4, 3, key=key), nn.relu, nn.LayerNorm(3)]),
        (5, 4),
        (5, 3),
    ),
    "Conv": (lambda key: nn.Conv(4, 3, key=key), (2, 5, 6, 4), (2, 5, 6, 3)),
    "ConvTranspose": (lambda key: nn.ConvTranspose(4, 3, key=key), (2, 5, 6, 4), (2, 10, 12, 3)),
    "SubpixelConv": (lambda key: nn.SubpixelConv(4, 3, key=key), (2, 5, 6, 4), (2, 10, 12, 3)),
    "EncoderBlock": (
        lambda key: nn.EncoderBlock(8, heads=2, dropout=0.0, key=key),
        (2, 5, 8),
        (2, 5, 8),
    ),
    "PatchEmbedding": (lambda key: nn.PatchEmbedding(3, 4, patch=2, key=key), (2, 4, 6, 3), (2, 6, 4)),
    "SinePositions": (lambda key: nn.SinePositions(2, 3, 4), (2, 6, 4), (2, 6, 4)),
    "SinusoidalPositions": (lambda key: nn.SinusoidalPositions(4), (2, 6, 4), (2, 6, 4)),
    "LearnedPositions": (lambda key: nn.LearnedPositions(6, 4, key=key), (2, 6, 4), (2, 6, 4)),
    "SqueezeExcitation": (
        lambda key: nn.SqueezeExcitation(4, hidden=3, key=key),
        (2, 5, 6, 4),
        (2, 5, 6, 4),
    ),
    "GroupNorm": (lambda key: nn.GroupNorm(2, 4), (2, 5, 6, 4), (2, 5, 6, 4)),
    "LocalResponseNorm": (lambda key: nn.LocalResponseNorm(3), (2, 5, 6, 4), (2, 5, 6, 4)),
    "DropPath": (lambda key: nn.DropPath(0.5), (5, 4), (5, 4)),
    "MaxPool": (lambda key: nn.MaxPool(2), (2, 5, 6, 4), (2, 2, 3, 4)),
    "AveragePool": (lambda key: nn.AveragePool(2), (2, 5, 6, 4), (2, 2, 3, 4)),
    "GlobalMaxPool": (lambda key: nn.GlobalMaxPool(), (2, 5, 6, 4), (2, 4)),
    "GlobalAveragePool": (lambda key: nn.GlobalAveragePool(), (2, 5, 6, 4), (2, 4)),
    "AdaptiveNorm": (
        lambda key: OfItself(nn.AdaptiveNorm(4, 3, initializer=truncated_normal, key=key), 3),
        (2, 5, 4),
        (2, 5, 4),
    ),
    "AdaptiveBlock": (
        lambda key: OfItself(nn.AdaptiveBlock(4, 3, heads=2, initializer=truncated_normal, key=key), 3),
        (2, 5, 4),
        (2, 5, 4),
    ),
    "AdaptiveConvBlock": (
        lambda key: OfItself(nn.AdaptiveConvBlock(4, 6, 3, initializer=truncated_normal, key=key), 3),
        (2, 5, 6, 4),
        (2, 5, 6, 6),
    ),
    "LevelEmbedding": (lambda key: nn.LevelEmbedding(4, key=key), (5,), (5, 4)),
    "AdaptiveAveragePool": (lambda key: nn.AdaptiveAveragePool(2), (2, 5, 6, 4), (2, 2, 2, 4)),
    "Augmented": (
        lambda key: nn.Augmented(nn.Sequential([nn.GlobalMaxPool(), nn.Linear(4, 3, key=key)]), kind="flip"),
        (2, 5, 6, 4),
        (2, 3),
    ),
    "VectorQuantizer": (lambda key: nn.VectorQuantizer(6, 4, key=key), (2, 5, 4), (2, 5, 4)),
    "MovingAverageQuantizer": (lambda key: nn.MovingAverageQuantizer(6, 4, key=key), (2, 5, 4), (2, 5, 4)),
    "CausalConv": (lambda key: nn.CausalConv(4, key=key), (2, 5, 4), (2, 5, 4)),
    "S4D": (lambda key: nn.S4D(4, state=3, key=key), (2, 5, 4), (2, 5, 4)),
    "LRU": (lambda key: nn.LRU(4, state=3, key=key), (2, 5, 4), (2, 5, 4)),
    "Mamba": (lambda key: nn.Mamba(4, state=3, key=key), (2, 5, 4), (2, 5, 4)),
    "Mamba2": (lambda key: nn.Mamba2(4, state=3, head_width=4, key=key), (2, 5, 4), (2, 5, 4)),
    "ResidualBlock": (
        lambda key: nn.ResidualBlock(nn.CausalConv(4, key=key), 4),
        (2, 5, 4),
        (2, 5, 4),
    ),
    **GRAPH_LAYERS,
    "Stack": (lambda key: nn.Stack(lambda k: nn.Linear(4, 4, key=k), depth=3, key=key), (5, 4), (5, 4)),
}
KEY = make_key(0)

# Layers that take long to compile, or that tests of their own ask the same.
LONG = {*GRAPH_LAYERS, "MixtureOfExperts", "Mamba", "Mamba2", "S4D", "LRU", "Stack", "GRU", "LSTM"}
every = pytest.mark.parametrize("name", LAYERS)
spared = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in LAYERS]
)


@functools.cache
def make(name: str, seed: int = 0) -> Module:
    return LAYERS[name][0](seed)


@functools.cache
def example(name: str, dtype: str = "float32") -> Any:
    random, shape = np.random.default_rng(0), LAYERS[name][1]
    if name == "Embedding":
        return jax.device_put(random.integers(0, 6, shape).astype(np.int32))
    if name == "EmbeddingBag":
        ids = random.integers(-1, 6, shape).astype(np.int32)
        return jax.device_put({"ids": ids, "scale": random.normal(size=shape).astype(dtype)})
    return jax.device_put(random.normal(size=shape).astype(dtype))


def call(layer: Any, x: Any) -> jax.Array:
    return layer(x, key=KEY, train=True)


compiled = jax.jit(call)


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_every_layer_stands_here():
    classes = {name: getattr(nn, name) for name in nn.__all__ if inspect.isclass(getattr(nn, name))}
    layers = {name for name, kind in classes.items() if issubclass(kind, Module)} - {"AbstractGraphLayer"}
    assert set(LAYERS) == layers, "give the layer an example above"


@every
def test_shapes_and_dtypes_are_the_declared_ones(name: str):
    _, _, expected = LAYERS[name]
    out = jax.eval_shape(call, make(name), example(name))
    assert (out.shape, out.dtype) == (expected, jnp.float32)
    if not name.startswith("Embedding"):  # which give their vectors as they are
        low = jax.eval_shape(call, make(name), example(name, "bfloat16"))
        assert (low.shape, low.dtype) == (expected, jnp.bfloat16)


@spared
def test_compiled_equals_eager(name: str):
    close(compiled(make(name), example(name)), call(make(name), example(name)))


@spared
def test_population_equals_a_loop(name: str):
    layers, x = [make(name, seed) for seed in range(2)], example(name)
    population = jax.jit(jax.vmap(call, in_axes=(0, None), axis_size=2))
    close(population(stack_modules(layers), x), np.stack([compiled(layer, x) for layer in layers]))


@spared
def test_gradients_are_finite_and_reach_every_parameter(name: str):
    x, shape = example(name), LAYERS[name][2]
    goal = np.cos(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)
    slope = jax.jit(jax.grad(lambda layer: (call(layer, x) * goal).sum()))
    gradient = named_arrays(jax.device_get(slope(make(name))))
    trained = named_arrays(jax.tree.map(np.asarray, trainable(make(name))))
    for path, array in gradient.items():
        assert np.isfinite(array).all(), path
        if (name, path) != ("VectorQuantizer", "codebook"):  # which learns by its penalty alone
            assert np.any(array) == bool(trained[path]), f"{path} has no part in the output, or one too many"


@every
def test_same_key_same_bits_and_the_training_switch_is_off_by_default(name: str):
    layer, x = make(name), example(name)
    np.testing.assert_array_equal(compiled(layer, x), compiled(layer, x))
    np.testing.assert_array_equal(layer(x), layer(x, key=KEY))


@every
def test_arrays_by_name_are_the_whole_layer(name: str):
    first, second = make(name, 0), make(name, 1)
    restored = with_arrays(second, {path: np.array(array) for path, array in named_arrays(first).items()})
    np.testing.assert_array_equal(compiled(restored, example(name)), compiled(first, example(name)))
    assert jax.tree.structure(first) == jax.tree.structure(second)


@every
def test_a_layer_inside_another_knows_its_path(name: str):
    net = nn.Sequential([make(name)])
    assert net.layers[0].path == "layers.0"
    assert make(name).path == ""
