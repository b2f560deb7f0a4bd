"""Cross-entropy and its slope: the kernel against the formula in double precision, and when it is called."""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.cross_entropy import (
    cross_entropy,
    native_loss,
    native_loss_and_slope,
    plain_loss_and_slope,
)
from lamina.ops.dispatch import TABLE
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(
    not library.has_kernels("cross_entropy", "float32"), reason="no C++ compiler here"
)
LIMITS = TABLE["cross_entropy"].limits
RANDOM = np.random.default_rng(0)


def examples(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    logits = (5 * RANDOM.normal(size=(rows, classes))).astype(np.float32)
    return logits, RANDOM.integers(0, classes, rows).astype(np.int32)


def formula(logits: np.ndarray, labels: np.ndarray, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    z = logits.astype(np.float64)
    scores = (
        z - np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True)) - z.max(-1, keepdims=True)
    )
    target = (1 - smoothing) * (labels[:, None] == np.arange(z.shape[-1])) + smoothing / z.shape[-1]
    return -(target * scores).sum(-1), np.exp(scores) - target


def by_all(losses: tuple[Callable, ...], logits: np.ndarray, labels: np.ndarray, smoothing: float) -> list:
    """Results of several implementations for the same examples, in one program."""
    return jax.jit(lambda *both: [loss(*both, smoothing=smoothing) for loss in losses])(logits, labels)


@needs_kernel
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("rows", "classes"),
    [(1, 1), (3, 2), (8, 8), (37, 10), (600, 16), (9, 33), (70, 64)],
)
def test_the_kernel_is_the_formula(rows: int, classes: int, smoothing: float):
    logits, labels = examples(rows, classes)
    loss, slope = formula(logits, labels, smoothing)
    losses = native_loss_and_slope, native_loss, plain_loss_and_slope
    (found, found_slope), alone, plain = by_all(losses, logits, labels, smoothing)
    np.testing.assert_allclose(found, loss, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(found_slope, slope, rtol=1e-5, atol=5e-7)
    np.testing.assert_array_equal(alone, found)
    for ours, theirs in zip((found, found_slope), plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-6)


@needs_kernel
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_odd_rows_are_as_xla_has_them(smoothing: float):
    """Certainty, infinities, NaN, and labels that are no class."""
    logits = np.zeros((12, 5), np.float32)
    logits[0, 0], logits[1, 1], logits[2, 2], logits[3, 3] = 500, -500, np.inf, -np.inf
    logits[4, 4], logits[5], logits[6] = np.nan, 3e38, -np.inf
    labels = np.array([0, 1, 0, 0, 0, 1, 0, -1, 5, 2, 3, 4], np.int32)
    losses = native_loss_and_slope, plain_loss_and_slope
    found, expected = by_all(losses, logits, labels, smoothing)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@needs_kernel
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_members_take_the_kernel_together(smoothing: float, monkeypatch: pytest.MonkeyPatch):
    logits, labels = examples(64, 10)
    members = LIMITS["numbers"].at_least // logits.size + 1
    several = RANDOM.normal(size=(members, *logits.shape)).astype(np.float32)
    calls, call = [], library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))

    def loss(z: jax.Array) -> jax.Array:
        return (cross_entropy(z, jnp.asarray(labels), smoothing=smoothing) ** 2).sum()

    one, together = jax.jit(jax.grad(loss)), jax.jit(jax.vmap(jax.grad(loss)))
    alone = np.stack([one(z) for z in several])
    assert not calls
    np.testing.assert_allclose(together(several), alone, rtol=1e-4, atol=1e-5)
    assert calls == ["cross_entropy"]


@needs_kernel
def test_second_derivatives_are_those_of_the_formula():
    logits, labels = examples(LIMITS["numbers"].at_least // 10 + 1, 10)
    along = RANDOM.normal(size=logits.shape).astype(np.float32)

    def loss(z: jax.Array, labels: jax.Array) -> jax.Array:
        return cross_entropy(z, labels).sum()

    @jax.jit
    def curved(z: jax.Array, labels: jax.Array, along: jax.Array) -> jax.Array:
        return jax.grad(lambda z: (jax.grad(functools.partial(loss, labels=labels))(z) * along).sum())(z)

    few = slice(0, 7)
    found = np.asarray(curved(logits, labels, along))[few]  # by the kernel; the few alone by XLA
    p = formula(logits[few], labels[few], 0.0)[1] + (labels[few, None] == np.arange(10))
    expected = p * (along[few] - (p * along[few]).sum(-1, keepdims=True))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    alone = curved(logits[few], labels[few], along[few])
    np.testing.assert_allclose(alone, expected, rtol=1e-4, atol=1e-6)
