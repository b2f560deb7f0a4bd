"""Group normalization by kernels equals that by XLA, with its gradients, for one and many members."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import dispatch
from lamina.ops.group_norm import (
    Fixed,
    group_norm,
    native_gradient,
    native_normalized,
    plain_gradient,
    plain_normalized,
)
from lamina.ops.native import library

CASES = {"plain": (2, 1e-5, False), "silu": (4, 1e-6, True), "one group": (1, 1e-5, True)}
needs_kernel = pytest.mark.skipif(not library.has_kernels("group_norm", np.float32), reason="no C++ compiler")


def operands(channels: int = 24) -> tuple[Any, ...]:
    random = np.random.default_rng(0)
    shapes = ((3, 35, channels), (3, channels), (3, channels), (3, 35, channels))
    x, scale, offset, change = (random.normal(size=shape).astype(np.float32) for shape in shapes)
    return 3 * x + 5, scale, offset, change


@needs_kernel
@pytest.mark.parametrize("fixed", CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("channels", [24, 4, 64])
def test_the_kernel_computes_what_xla_does(fixed: Fixed, channels: int):
    x, scale, offset, change = operands(channels)
    found, statistics = jax.jit(lambda *a: native_normalized(fixed, *a))(x, scale, offset)
    expected, own = jax.jit(lambda *a: plain_normalized(fixed, *a))(x, scale, offset)
    np.testing.assert_allclose(statistics, own, rtol=2e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    found = jax.jit(lambda *a: native_gradient(fixed, *a))(change, x, scale, offset, statistics)
    expected = jax.jit(lambda *a: plain_gradient(fixed, *a))(change, x, scale, offset, own)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=3e-5)


@needs_kernel
def test_members_are_computed_in_one_call(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(dispatch.TABLE["group_norm"].limits, "numbers", dispatch.Limit(1))
    x, scale, offset, change = operands()

    def slopes(x: Any, scale: Any) -> Any:
        def loss(x: Any, scale: Any) -> Any:
            return (group_norm(x, scale, offset, groups=3, epsilon=1e-5, silu=True) * change).sum()

        return jax.grad(loss, argnums=(0, 1))(x, scale)

    both = jnp.stack([x, 2 * x + 1]), jnp.stack([scale, -scale])
    together = jax.jit(jax.vmap(slopes))(*both)
    for member in range(2):
        alone = jax.jit(slopes)(both[0][member], both[1][member])
        for one, other in zip(together, alone, strict=True):
            np.testing.assert_allclose(one[member], other, rtol=1e-5, atol=1e-6)


def test_gradients_are_those_of_differences():
    x, scale, offset, change = (array[:1, ..., :4] for array in operands())

    def loss(x: Any) -> Any:
        return (group_norm(x, scale, offset, groups=2, epsilon=1e-5, silu=True) * change).sum()

    slope = np.asarray(jax.jit(jax.grad(loss))(x))
    along = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    step = 1e-2
    difference = (loss(x + step * along) - loss(x - step * along)) / (2 * step)
    assert float((slope * along).sum()) == pytest.approx(float(difference), rel=2e-2)
