"""Weighted bags of embeddings: kernels and XLA against the formula; padding, populations, threads."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import embedding_bag as module
from lamina.ops.dispatch import TABLE, Limit
from lamina.ops.embedding_bag import (
    embedding_bag,
    native_gradient,
    native_sums,
    plain_gradient,
    plain_sums,
)
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(
    not library.has_kernels("embedding_bag", "float32"), reason="no C++ compiler here"
)
SetLimit = Callable[..., None]
IMPLEMENTATIONS = [pytest.param(0, id="kernel", marks=needs_kernel), pytest.param(1 << 40, id="XLA")]
RANDOM = np.random.default_rng(0)
SIZES = [(1, 1, 1, 1), (7, 3, 4, 5), (300, 64, 33, 40), (5000, 40, 9, 300), (3, 17, 2, 700)]


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def bags(symbols: int, rows: int, entries: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids with padding at the end, in between and in whole rows; scales, which are NaN for padding."""
    ids = RANDOM.integers(0, symbols, (rows, entries)).astype(np.int32)
    is_padding = np.arange(entries) >= RANDOM.integers(1, entries + 1, (rows, 1))
    is_padding |= RANDOM.random((rows, entries)) < 0.1
    is_padding[1::3] = True
    scale = np.where(is_padding, np.nan, normal(rows, entries)).astype(np.float32)
    return np.where(is_padding, -1 - ids, ids), scale


def formula(weight: Any, ids: Any, scale: Any) -> jax.Array:
    """All vectors at once, by what JAX differentiates itself."""
    is_symbol = (ids >= 0) & (ids < weight.shape[0])
    vectors = jnp.asarray(weight)[jnp.where(is_symbol, ids, 0)]
    return (jnp.where(is_symbol, scale, 0.0)[..., None] * vectors).sum(1)


def slope(bag: Callable[..., Any], goal: np.ndarray) -> Callable[..., Any]:
    return jax.grad(lambda weight, *data: (bag(weight, *data) ** 2 * goal).sum())


def close(a: Any, b: Any, atol: float = 2e-5) -> None:
    np.testing.assert_allclose(a, b, rtol=2e-5, atol=atol)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
@pytest.mark.parametrize(("symbols", "width", "rows", "entries"), SIZES)
def test_sums_and_gradients(
    symbols: int, width: int, rows: int, entries: int, least: int, set_limit: SetLimit
):
    set_limit("embedding_bag", numbers=Limit(least))
    weight, goal, data = normal(symbols, width), normal(rows, width), bags(symbols, rows, entries)
    both = [jax.jit(lambda *o, f=f: (f(*o), slope(f, goal)(*o))) for f in (embedding_bag, formula)]
    (found, found_slope), (expected, expected_slope) = (f(weight, *data) for f in both)
    close(found, expected)
    close(found_slope, expected_slope, atol=1e-5 * float(np.abs(expected_slope).max()) + 1e-6)
    np.testing.assert_array_equal(np.asarray(found)[1::3], 0)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_the_gradient_is_that_of_finite_differences(least: int, set_limit: SetLimit):
    set_limit("embedding_bag", numbers=Limit(least))
    weight, goal, (ids, scale) = normal(11, 5), normal(6, 5), bags(11, 6, 9)
    found = np.asarray(jax.jit(slope(embedding_bag, goal))(weight, ids, scale))
    known, factor = (ids >= 0)[..., None], np.nan_to_num(scale.astype(np.float64))[..., None]

    def loss(weight: np.ndarray) -> float:
        return float(((known * factor * weight[np.maximum(ids, 0)]).sum(1) ** 2 * goal).sum())

    for place in np.ndindex(weight.shape):
        step = np.zeros(weight.shape)
        step[place] = 1e-3
        assert found[place] == pytest.approx((loss(weight + step) - loss(weight - step)) / 2e-3, abs=1e-3)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_ids_out_of_range_are_left_out(least: int, set_limit: SetLimit):
    set_limit("embedding_bag", numbers=Limit(least))
    weight = normal(4, 3)
    weight[0] = np.inf  # nor may padding touch any row
    ids = np.array([[1, 4, -1, 2**31 - 1], [-(2**31), 2, 5, 3]], np.int32)
    scale = np.ones((2, 4), np.float32)
    found = jax.jit(embedding_bag)(weight, ids, scale)
    close(found, np.stack([weight[1], weight[2] + weight[3]]))
    gradient = jax.jit(jax.grad(lambda weight: embedding_bag(weight, ids, scale).sum()))(weight)
    np.testing.assert_array_equal(gradient, np.repeat([[0], [1], [1], [1]], 3, 1).astype(np.float32))


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_symbols_that_no_row_has_have_no_gradient(least: int, set_limit: SetLimit):
    set_limit("embedding_bag", numbers=Limit(least))
    ids = np.array([[7, 7, 900, -1]], np.int32)
    goal = jax.jit(jax.grad(lambda weight: embedding_bag(weight, ids, np.full((1, 4), 0.5)).sum()))
    expected = np.zeros((1000, 20), np.float32)
    expected[7], expected[900] = 1, 0.5
    np.testing.assert_array_equal(goal(normal(1000, 20)), expected)


def test_only_the_weight_has_a_gradient():
    found = jax.grad(lambda *o: embedding_bag(o[0], np.zeros((1, 2), np.int32), o[1]).sum(), argnums=(0, 1))
    weight, scale = found(normal(3, 2), normal(1, 2))
    assert np.any(weight) and not np.any(scale)


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
@pytest.mark.parametrize("mapped", [(0, None, None), (None, 0, 0), (0, 0, 0), (0, 0, None), (0, None, 0)])
def test_a_population_is_a_loop_over_members(mapped: tuple[int | None, ...], least: int, set_limit: SetLimit):
    set_limit("embedding_bag", numbers=Limit(least))
    weight, goal = normal(3, 50, 20), normal(7, 20)
    data = [np.stack(arrays) for arrays in zip(*(bags(50, 7, 30) for _ in range(3)), strict=True)]
    data[1] = np.nan_to_num(data[1])  # padding is elsewhere in each
    operands = [array if axis == 0 else array[0] for array, axis in zip((weight, *data), mapped, strict=True)]
    both = lambda f: lambda *o: (f(*o), slope(f, goal)(*o))  # noqa: E731
    found = jax.jit(jax.vmap(both(embedding_bag), in_axes=mapped))(*operands)
    alone = jax.jit(both(formula))
    for i in range(3):
        one = alone(*(array[i] if axis == 0 else array for array, axis in zip(operands, mapped, strict=True)))
        for ours, theirs in zip(found, one, strict=True):
            close(ours[i], theirs, atol=1e-3)


@needs_kernel
def test_members_of_members(set_limit: SetLimit):
    set_limit("embedding_bag", numbers=Limit(0))
    weight, (ids, scale) = normal(2, 3, 20, 8), bags(20, 4 * 6, 5)
    ids, scale = ids.reshape(4, 6, 5)[:3], np.nan_to_num(scale).reshape(4, 6, 5)[:3]
    inner = jax.vmap(embedding_bag, in_axes=(0, 0, 0))
    found = jax.jit(jax.vmap(inner, in_axes=(0, None, None)))(weight, ids, scale)
    for i, j in np.ndindex(2, 3):
        close(found[i, j], jax.jit(formula)(weight[i, j], ids[j], scale[j]))


@pytest.mark.parametrize("least", IMPLEMENTATIONS)
def test_second_derivatives(least: int, set_limit: SetLimit):
    set_limit("embedding_bag", numbers=Limit(least))
    weight, goal, data = normal(9, 4), normal(5, 4), bags(9, 5, 6)
    second = lambda f: jax.jit(jax.grad(lambda w: (slope(f, goal)(w, *data) ** 2).sum()))  # noqa: E731
    expected = second(formula)(weight)
    close(second(embedding_bag)(weight), expected, atol=1e-5 * float(np.abs(expected).max()))


def test_xla_goes_over_entries_in_chunks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CHUNK", 8 * 4 * 10)  # ten entries of each row at a time
    weight, change, data = normal(50, 4), normal(8, 4), bags(50, 8, 37)
    close(jax.jit(plain_sums)(weight, *data), jax.jit(formula)(weight, *data))
    program = jax.jit(plain_sums).lower(weight, *data).as_text()
    assert "8x10x4xf32" in program and "8x37x4xf32" not in program
    found = jax.jit(functools.partial(plain_gradient, symbols=50))(change, *data)
    expected = jax.jit(jax.grad(lambda weight: (formula(weight, *data) * change).sum()))(weight)
    close(found, expected)


@needs_kernel
def test_large_sums_take_the_kernels_and_small_ones_do_not(monkeypatch: pytest.MonkeyPatch):
    calls, call = [], library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))
    few = TABLE["embedding_bag"].limits["numbers"].at_least // (8 * 16) - 1
    for rows, expected in ((few, []), (few + 1, ["embedding_bag", "embedding_bag_gradient"])):
        calls.clear()
        jax.eval_shape(slope(embedding_bag, normal(rows, 16)), normal(30, 16), *bags(30, rows, 8))
        assert calls == expected


def test_bfloat16_is_summed_in_float32():
    weight = np.full((2, 3), 1.0, jnp.bfloat16)
    ids, scale = np.zeros((1, 1000), np.int32), np.ones((1, 1000), np.float32)
    found = jax.jit(embedding_bag)(weight, ids, scale)
    assert found.dtype == jnp.bfloat16
    np.testing.assert_array_equal(np.asarray(found, np.float32), 1000)  # bfloat16 alone stops at 256
    gradient = jax.jit(jax.grad(lambda w: embedding_bag(w, ids, scale).astype(jnp.float32).sum()))(weight)
    assert gradient.dtype == jnp.bfloat16
    np.testing.assert_array_equal(np.asarray(gradient, np.float32), [[1000] * 3, [0] * 3])


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_any_whole_numbers_are_ids(dtype: Any):
    weight = normal(300, 2)
    found = embedding_bag(weight, np.array([[72, 7]], dtype), np.ones((1, 2), np.float32))
    close(found, weight[72] + weight[7] + np.zeros((1, 2), np.float32))


PROGRAM = """
import os, sys, hashlib
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:int(sys.argv[1])]))
import jax, numpy as np
from lamina.ops.embedding_bag import native_gradient, native_sums
from lamina.ops.native import library
assert library.has_kernels("embedding_bag", "float32")
random = np.random.default_rng(0)
ids = random.zipf(1.3, (64, 300)).astype(np.int64).clip(max=4001).astype(np.int32) - 1
scale = random.normal(size=ids.shape).astype(np.float32)
weight, change = (random.normal(size=(n, 70)).astype(np.float32) for n in (4000, 64))
run = jax.jit(lambda w, c, i, s: (native_sums(w, i, s), native_gradient(c, i, s, symbols=4000)))
print(hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in run(weight, change, ids, scale))).hexdigest())
"""


@needs_kernel
@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one processor"
)
def test_the_number_of_threads_changes_no_bit():
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": ""}
    bits = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, threads], env=environment, capture_output=True, check=True
        ).stdout
        for threads in ("1", "2")
    }
    assert len(bits) == 1 and bits != {b""}


@needs_kernel
def test_kernels_and_xla_add_in_the_same_order():
    weight, change, data = normal(600, 33), normal(12, 33), bags(600, 12, 900)
    close(jax.jit(native_sums)(weight, *data), jax.jit(plain_sums)(weight, *data))
    ways = (jax.jit(functools.partial(f, symbols=600)) for f in (native_gradient, plain_gradient))
    ours, theirs = (way(change, *data) for way in ways)
    close(ours, theirs)
