"""Convolutions of rounded operands equal plain ones of operands that were rounded before."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.convolution import convolution, plain_convolution
from lamina.ops.native import library
from lamina.ops.rounded_convolution import rounded_convolution, suits_rounded
from lamina.ops.window import Window

SAME = Window((1, 1), (1, 1), (1, 1), (1, 1))
CASES = {
    "even": ((3, 8, 8, 32), (32, 32, 3, 3), SAME),
    "odd sizes and channels": ((5, 7, 9, 40), (27, 40, 3, 3), SAME),
    "many channels": ((2, 4, 5, 72), (64, 72, 3, 3), SAME),
    "uneven padding, other kernel": (
        (3, 6, 5, 33),
        (48, 33, 2, 4),
        Window((1, 1), (1, 0), (0, 3), (1, 1)),
    ),
    "no padding": ((9, 12, 11, 24), (32, 24, 5, 1), Window((1, 1), (0, 0), (0, 0), (1, 1))),
}

needs_kernel = pytest.mark.skipif(
    not library.has_kernels("rounded_convolution", np.float32),
    reason="this processor has no products of bfloat16",
)


def rounded(array: Any) -> Any:
    return jnp.asarray(array).astype(jnp.bfloat16).astype(jnp.float32)


def operands(case: str) -> tuple[Any, Any, Any, Window]:
    x_shape, weight_shape, window = CASES[case]
    random = np.random.default_rng(0)
    x, weight = (random.normal(size=shape).astype(np.float32) for shape in (x_shape, weight_shape))
    shape = jax.eval_shape(lambda x, w: plain_convolution(x, w, window), x, weight).shape
    return x, weight, random.normal(size=shape).astype(np.float32), window


@needs_kernel
@pytest.mark.parametrize("tiled", [True, False], ids=["tiles", "rows"])
@pytest.mark.parametrize("case", CASES)
def test_sums_and_gradients_are_those_of_rounded_operands(case: str, tiled: bool):
    x, weight, change, window = operands(case)

    def by_kernel(x: Any, weight: Any, change: Any) -> Any:
        y, back = jax.vjp(lambda x, w: rounded_convolution(x, w, window, tiled), x, weight)
        return y, *back(change)

    def by_xla(x: Any, weight: Any, change: Any) -> Any:
        y, back = jax.vjp(lambda x, w: plain_convolution(x, w, window), rounded(x), rounded(weight))
        return y, *back(rounded(change))

    found, expected = (jax.jit(function)(x, weight, change) for function in (by_kernel, by_xla))
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(np.asarray(other)).max()
        np.testing.assert_allclose(np.asarray(one) / scale, np.asarray(other) / scale, atol=3e-6)


@needs_kernel
def test_it_is_used_where_operands_may_be_rounded_alone():
    x, weight, _, window = operands("even")
    x = jnp.tile(jnp.asarray(x), (8, 1, 1, 1))
    assert not suits_rounded(x, weight, window)
    with jax.default_matmul_precision("bfloat16"):
        assert suits_rounded(x, weight, window)
        assert not suits_rounded(x, weight, window._replace(stride=(2, 2)))
        assert not suits_rounded(x, weight, window._replace(low=(3, 1)))
        assert not suits_rounded(x[..., :8], weight[:, :8], window)
        found = convolution(x, weight, stride=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1))
    np.testing.assert_array_equal(found, rounded_convolution(x, weight, window))
