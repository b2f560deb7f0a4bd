"""Layer normalization: kernels and XLA against the formula, with all gradients; which is taken when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.layer_norm import layer_norm
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(
    not library.has_kernels("layer_norm", "float32"), reason="no C++ compiler here"
)
SetLimit = Callable[..., None]
IMPLEMENTATIONS = [pytest.param(0, id="kernel", marks=needs_kernel), pytest.param(1 << 40, id="XLA")]
Norm = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
RANDOM = np.random.default_rng(0)
EPSILON = 1e-5


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def formula(x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    centered = x - x.mean(-1, keepdims=True)
    scale = jax.lax.rsqrt((centered**2).mean(-1, keepdims=True) + EPSILON)
    one = (1,) * (x.ndim - 1)
    return centered * scale * weight.reshape(*one, -1) + bias.reshape(*one, -1)


def curved(norm: Norm, goal: np.ndarray) -> Callable[..., tuple[jax.Array, ...]]:
    return jax.grad(lambda *operands: (norm(*operands) ** 2 * goal).sum(), argnums=(0, 1, 2))


def ours(x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    return layer_norm(x, weight, bias, epsilon=EPSILON)


def agree(found: tuple, expected: tuple) -> None:
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * np.abs(b).max(initial=1.0))


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
@pytest.mark.parametrize("shape", [(1,), (3, 1), (2, 5), (3, 8), (2, 3, 19), (150, 64), (0, 4)])
def test_values_and_gradients(shape: tuple[int, ...], least: int, set_limit: SetLimit):
    set_limit("layer_norm", numbers=Limit(least))
    operands, goal = (3 + 2 * normal(*shape), normal(shape[-1]), normal(shape[-1])), normal(*shape)

    def of(norm: Norm) -> Any:
        return jax.jit(lambda *operands: (norm(*operands), curved(norm, goal)(*operands)))(*operands)

    agree(of(ours), of(formula))


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
@pytest.mark.parametrize("shares", [True, False])
def test_a_population_is_a_loop_over_members(shares: bool, least: int, set_limit: SetLimit):
    set_limit("layer_norm", numbers=Limit(least))
    x, weight, bias = normal(*([] if shares else [3]), 70, 12), normal(3, 12), normal(3, 12)
    goal = normal(70, 12)
    together = jax.jit(jax.vmap(curved(ours, goal), in_axes=(None if shares else 0, 0, 0)))
    found, alone = jax.device_get(together(x, weight, bias)), jax.jit(curved(formula, goal))
    for i in range(3):
        expected = alone(x if shares else x[i], weight[i], bias[i])
        agree(jax.tree.map(lambda a, i=i: a[i], found), expected)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_second_derivatives(least: int, set_limit: SetLimit):
    set_limit("layer_norm", numbers=Limit(least))
    operands, goal = (normal(6, 8), normal(8), normal(8)), normal(6, 8)

    def second(norm: Norm) -> tuple[jax.Array, ...]:
        squares = jax.grad(lambda *o: sum((g**2).sum() for g in curved(norm, goal)(*o)), argnums=(0, 1, 2))
        return jax.jit(squares)(*operands)

    agree(second(ours), second(formula))


@needs_kernel
def test_large_arrays_take_the_kernels_and_small_ones_do_not(monkeypatch: pytest.MonkeyPatch):
    calls, call = [], library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))
    width = 64
    few = TABLE["layer_norm"].limits["numbers"].at_least // width - 1
    for rows, expected in ((few, []), (few + 1, ["layer_norm", "layer_norm_gradient"])):
        calls.clear()
        gradient = curved(ours, normal(rows, width))
        jax.eval_shape(gradient, normal(rows, width), normal(width), normal(width))
        assert calls == expected


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_rows_far_from_zero_and_what_is_no_number(least: int, set_limit: SetLimit):
    set_limit("layer_norm", numbers=Limit(least))
    x = np.stack([np.arange(16) + 1e5, np.full(16, 7), np.arange(16)]).astype(np.float32)
    x[2, 3] = np.nan
    compiled = jax.jit(lambda x: ours(x, jnp.ones(16), jnp.zeros(16)))  # anew for either implementation
    y = np.asarray(compiled(x))
    np.testing.assert_allclose(y[0], (np.arange(16) - 7.5) / np.std(np.arange(16)), rtol=1e-5)
    np.testing.assert_array_equal(y[1], 0)
    assert np.isnan(y[2]).all()


def test_bfloat16_stays_bfloat16():
    x = normal(4, 8).astype(jnp.bfloat16)
    y = jax.jit(ours)(x, np.ones(8, jnp.bfloat16), np.zeros(8, jnp.bfloat16))
    assert y.dtype == jnp.bfloat16
    wide = (x.astype(np.float32), np.ones(8, np.float32), np.zeros(8, np.float32))
    np.testing.assert_allclose(np.asarray(y, np.float32), jax.jit(formula)(*wide), atol=0.02)
