"""Layers by their formulas, in float64 and NumPy; the same against PyTorch stands in its own file."""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ConfigError, ShapeError
from lamina.core.module import replace
from lamina.core.taps import intervene, observe
from lamina.core.tree import named_arrays, trainable
from lamina.nn import (
    ACTIVATIONS,
    INITIALIZERS,
    BatchNorm,
    Embedding,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    RMSNorm,
    Sequential,
    relu,
)
from lamina.nn.initializers import orthogonal, truncated_normal

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


applied = jax.jit(lambda layer, x: layer(x))
trained = jax.jit(lambda layer, x: observe(layer, "running_*")(x, train=True))
attended = jax.jit(lambda layer, x: observe(layer, "weights")(x))


def test_linear_is_the_weighted_sum():
    layer, x = Linear(5, 3, key=0), normal(2, 4, 5)
    expected = np.asarray(x, np.float64) @ np.asarray(layer.weight, np.float64).T + layer.bias
    np.testing.assert_allclose(applied(layer, x), expected, rtol=1e-5, atol=1e-6)
    assert Linear(5, 3, bias=False, key=0).bias is None
    assert jax.eval_shape(layer, x.astype(jnp.bfloat16)).dtype == jnp.bfloat16


def test_a_wrong_shape_names_the_layer():
    net = Sequential([Linear(3, 4, key=0), relu, Linear(4, 2, key=1)])
    bad = replace(net, layers=[net.layers[0], Linear(7, 2, key=1)])
    with pytest.raises(ShapeError, match=r"layers\.0: wrong shape; expected last axis 3, got \(2, 5\)"):
        jax.eval_shape(net, normal(2, 5))
    with pytest.raises(ShapeError, match=r"wrong shape; expected last axis 7, got \(2, 4\)"):
        jax.eval_shape(bad, normal(2, 3))


def test_embedding_takes_rows_and_clips_what_is_out_of_range():
    layer = Embedding(4, 3, key=0)
    codes = np.array([[2, 0, 9]], np.int32)
    np.testing.assert_array_equal(applied(layer, codes), np.asarray(layer.weight)[[[2, 0, 3]]])
    gradient = jax.jit(jax.grad(lambda layer: layer(np.array([1, 1, 3], np.int32)).sum()))(layer)
    np.testing.assert_array_equal(np.asarray(gradient.weight)[:, 0], [0, 2, 0, 1])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_normalization_in_float64(scale: float):
    x = np.float32(scale) * normal(6, 8) + np.float32(scale)
    wide = np.asarray(x, np.float64)
    gain, bias = np.linspace(0.5, 2, 8, dtype=np.float32), np.linspace(-1, 1, 8, dtype=np.float32)
    layer = replace(LayerNorm(8), weight=gain, bias=bias)
    centered = wide - wide.mean(-1, keepdims=True)
    expected = centered / np.sqrt((centered**2).mean(-1, keepdims=True) + 1e-5) * gain + bias
    np.testing.assert_allclose(applied(layer, x), expected, rtol=1e-4, atol=1e-5)
    root = np.sqrt((wide**2).mean(-1, keepdims=True) + 1e-6)
    layer = replace(RMSNorm(8), weight=gain)
    np.testing.assert_allclose(applied(layer, x), wide / root * gain, rtol=1e-4, atol=1e-5)


def test_normalization_of_bfloat16_is_computed_in_float32():
    x = (100 + normal(4, 64)).astype(jnp.bfloat16)
    low, expected = (np.asarray(applied(LayerNorm(64), x.astype(dtype))) for dtype in (x.dtype, np.float32))
    assert low.dtype == x.dtype
    np.testing.assert_allclose(low.astype(np.float32), expected, atol=0.03)


def test_batch_norm_by_batch_in_training_and_by_running_averages_after():
    x = 3 + 2 * normal(16, 3)
    wide = np.asarray(x, np.float64)
    layer = BatchNorm(3, momentum=0.25)
    y, seen = trained(layer, x)
    np.testing.assert_allclose(y, (wide - wide.mean(0)) / np.sqrt(wide.var(0) + 1e-5), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(seen["running_mean"], 0.25 * wide.mean(0), rtol=1e-5)
    np.testing.assert_allclose(seen["running_var"], 0.75 + 0.25 * wide.var(0, ddof=1), rtol=1e-5)
    after = replace(layer, **seen)
    mean, var = np.asarray(seen["running_mean"]), np.asarray(seen["running_var"])
    expected = (wide - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(applied(after, x), expected, rtol=1e-4, atol=1e-5)
    assert trainable(layer).weight is True
    assert trainable(layer).running_mean is False


def test_batch_norm_of_one_row_stays_finite():
    y, seen = trained(BatchNorm(2), normal(1, 2))
    assert np.isfinite(y).all()
    assert np.isfinite(seen["running_var"]).all()


FORMULAS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "identity": lambda x: x,
    "step": lambda x: (x > 0).astype(float),
}


def gelu(x: np.ndarray) -> np.ndarray:
    from math import erf

    return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))


NEAR = np.concatenate([np.linspace(-8, 8, 33), [0.0, 1e-3]])
FAR = np.array([-100.0, -1.0, 0.0, 1.0, 80.0], np.float32)


@pytest.fixture(scope="module")
def values_and_slopes() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each activation of what is near and its gradient at what is far, from one program."""

    def of_all(near: jax.Array, far: jax.Array) -> dict[str, tuple[jax.Array, jax.Array]]:
        return {
            name: (activation(near), jax.grad(lambda x, activation=activation: activation(x).sum())(far))
            for name, activation in ACTIVATIONS.items()
        }

    return jax.device_get(jax.jit(of_all)(NEAR.astype(np.float32), FAR))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_in_float64(name: str, values_and_slopes: dict[str, tuple[np.ndarray, np.ndarray]]):
    expected = {**FORMULAS, "gelu": gelu}[name](NEAR)
    np.testing.assert_allclose(values_and_slopes[name][0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_finite_gradients_and_keep_the_dtype(
    name: str, values_and_slopes: dict[str, tuple[np.ndarray, np.ndarray]]
):
    assert np.isfinite(values_and_slopes[name][1]).all()
    assert jax.eval_shape(ACTIVATIONS[name], FAR.astype(jnp.bfloat16)).dtype == jnp.bfloat16


def test_attention_mixes_positions_and_refuses_odd_heads():
    layer, x = MultiHeadAttention(8, heads=2, key=0), normal(2, 5, 8)
    order = np.array([3, 1, 4, 0, 2])
    y, seen = jax.device_get(attended(layer, x))
    np.testing.assert_allclose(seen["weights"].sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(attended(layer, x[:, order])[0], y[:, order], rtol=1e-4, atol=1e-6)
    with pytest.raises(ConfigError, match="expected a multiple of 3, got 8"):
        MultiHeadAttention(8, heads=3, key=0)


@pytest.mark.parametrize("rows", [3, 5000])
def test_layer_norm_refuses_another_width(rows: int):
    with pytest.raises(ShapeError, match="expected last axis 16, got"):
        LayerNorm(16)(normal(rows, 32))


def test_attention_weights_can_be_replaced():
    layer, x = MultiHeadAttention(8, heads=2, key=0), normal(2, 5, 8)
    leveled = intervene(layer, {"weights": lambda weights: jnp.full_like(weights, 1 / 5)})
    even = np.asarray(jax.jit(leveled)(x))
    np.testing.assert_allclose(even, np.broadcast_to(even[:, :1], even.shape), atol=1e-6)
    assert np.abs(even - np.asarray(attended(layer, x)[0])).max() > 1e-3


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (3, 2, 4)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]):
    weight = orthogonal(0, shape).reshape(shape[0], -1)
    product = weight @ weight.T if weight.shape[0] < weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(product, np.eye(min(weight.shape)), atol=1e-5)


def test_truncated_normal_is_cut_and_follows_its_deviation():
    drawn = truncated_normal(0, (50_000,), std=0.5)
    assert np.abs(drawn).max() <= 1.0
    assert drawn.std() == pytest.approx(0.5 * 0.8796, rel=0.02)
    assert (np.abs(drawn) == 1.0).sum() < 3  # drawn again, not clipped


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers_are_functions_of_the_key(name: str):
    first, again, other = (INITIALIZERS[name](key, (8, 6)) for key in (1, 1, 2))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert name in ("zeros", "ones") or not np.array_equal(first, other)


def test_signals_keep_their_size_through_ten_layers():
    """What the initializers are for: he with relu, glorot with tanh."""
    for name, activation in (("he_normal", relu), ("he_uniform", relu), ("glorot_uniform", jnp.tanh)):
        x = normal(64, 128) * np.float32(0.5)
        before = x.std()
        for seed in range(10):
            linear = Linear(128, 128, initializer=INITIALIZERS[name], bias=False, key=seed)
            x = applied(Sequential([linear, activation]), x)
        assert 0.2 < np.sqrt((np.asarray(x) ** 2).mean()) / before < 3, name


def test_names_of_arrays_are_those_of_pytorch():
    names = set(named_arrays({"norm": BatchNorm(2), "linear": Linear(2, 3, key=0)}))
    parts = {"norm": ("weight", "bias", "running_mean", "running_var"), "linear": ("weight", "bias")}
    assert names == {f"{layer}.{part}" for layer, own in parts.items() for part in own}


def test_the_slope_of_gelu_and_its_own_slope_are_those_of_its_formula():
    def formula(x: jax.Array) -> jax.Array:
        return x * 0.5 * (1.0 + jax.lax.erf(x / math.sqrt(2.0)))

    @jax.jit
    def slopes(x: jax.Array) -> list[list[jax.Array]]:
        functions = (ACTIVATIONS["gelu"], formula)
        return [[jax.vmap(order(f))(x) for f in functions] for order in (jax.grad, jax.hessian)]

    for found, expected in slopes(np.linspace(-5, 5, 41, dtype=np.float32)):
        np.testing.assert_allclose(found, expected, atol=2e-6)
