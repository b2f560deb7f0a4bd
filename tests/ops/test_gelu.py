"""GELU and its slope: the kernel against the formula in double precision."""

from __future__ import annotations

import math
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.dispatch import TABLE
from lamina.ops.gelu import gelu, native_gelu, native_gelu_and_slope, plain_gelu_and_slope
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(not library.has_kernels("gelu", "float32"), reason="no C++ compiler here")
LEAST = TABLE["gelu"].limits["numbers"].at_least
RANDOM = np.random.default_rng(0)


def formula(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wide = x.astype(np.float64)
    below = 0.5 * np.vectorize(math.erfc)(-wide / math.sqrt(2))
    return wide * below, below + wide * np.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)


@needs_kernel
@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (3, 11, 5), (40_000,)])
def test_the_kernel_is_the_formula(shape: tuple[int, ...]):
    x = (RANDOM.normal(size=shape) * 3).astype(np.float32)
    value, slope = formula(x)
    alone, (beside, found_slope) = jax.jit(lambda x: (native_gelu(x), native_gelu_and_slope(x)))(x)
    for found in (alone, beside):
        np.testing.assert_allclose(found, value, rtol=3e-6, atol=1e-30)
    np.testing.assert_allclose(found_slope, slope, rtol=1e-6, atol=5e-7)


def test_the_fit_is_as_near_as_it_says():
    source = Path(library.__file__).with_name("gelu.cc").read_text()
    first, *others = re.findall(
        r"\n  (?:Vector p = Vector\{\} \+|p = p \* t [+-]) ([\d.]+)f;", source[source.index("Found gelu") :]
    )
    signs = re.findall(r"p = p \* t ([+-])", source)
    z = np.linspace(0.0, 5.0, 5001)
    t, p = 1 / (1 + 0.425 * z), np.full_like(z, float(first))
    for sign, number in zip(signs, others, strict=True):
        p = p * t + float(sign + number)
    exact = np.array([math.erfc(value) * math.exp(value * value) for value in z])
    assert np.abs(p * t / exact - 1).max() < 2e-7


@needs_kernel
def test_far_from_zero_and_beyond():
    x = np.array([0.0, -0.0, 20.0, -20.0, 1e10, -1e10, 3e38, -3e38, 1e-30, -1e-30], np.float32)
    value, slope = native_gelu_and_slope(x)
    np.testing.assert_allclose(value, [0, 0, 20, 0, 1e10, 0, 3e38, 0, 5e-31, -5e-31], rtol=1e-6, atol=1e-36)
    np.testing.assert_allclose(slope, [0.5, 0.5, 1, 0, 1, 0, 1, 0, 0.5, 0.5], rtol=1e-6, atol=1e-36)
    for bad in (np.nan, -np.inf):
        assert np.isnan(native_gelu(np.full(9, bad, np.float32))).all()
    assert np.isposinf(native_gelu(np.full(9, np.inf, np.float32))).all()


@needs_kernel
@pytest.mark.parametrize("size", [100, LEAST])
def test_gradients_and_populations(size: int, monkeypatch: pytest.MonkeyPatch):
    calls = []
    call = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))
    x = RANDOM.normal(size=(2, size)).astype(np.float32)
    slope_of = jax.grad(lambda x: gelu(x).sum())
    value, slope = jax.jit(plain_gelu_and_slope)(x)
    found, found_slope = jax.jit(lambda x: (jax.vmap(gelu)(x), jax.vmap(slope_of)(x)))(x)
    np.testing.assert_allclose(found, value, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found_slope, slope, rtol=1e-5, atol=1e-6)
    assert bool(calls) == (size >= LEAST)
    again, of_plain = (
        jax.jit(jax.grad(lambda x, f=f: (f(x) ** 2).sum()))(x[0])
        for f in (slope_of, lambda x: plain_gelu_and_slope(x)[1])
    )
    np.testing.assert_allclose(again, of_plain, rtol=1e-4, atol=1e-5)


def test_small_arrays_and_other_types_go_to_xla():
    x = np.array([-1.0, 0.0, 1.0], np.float32)
    np.testing.assert_allclose(jax.jit(gelu)(x), jax.nn.gelu(x, approximate=False), rtol=1e-6)
    assert jax.eval_shape(gelu, x.astype(jnp.bfloat16)).dtype == jnp.bfloat16
