"""Depthwise convolution by our kernels and by shifted sums, against XLA's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import depthwise
from lamina.ops.convolution import plain_convolution
from lamina.ops.depthwise import depthwise_convolution, native_depthwise, shifted_sum
from lamina.ops.native import library
from lamina.ops.window import Window

needs_kernels = pytest.mark.skipif(
    not library.has_kernels("depthwise", "float32"), reason="no C++ compiler here"
)
# x shape, kernel, padding
CASES = {
    "as ConvNeXt's": ((3, 7, 9, 24), (7, 7), ((3, 3), (3, 3))),
    "as MobileNet's": ((2, 8, 8, 32), (3, 3), ((1, 1), (1, 1))),
    "whole vectors": ((2, 5, 4, 64), (3, 5), ((1, 1), (2, 2))),
    "odd channels": ((2, 6, 5, 37), (3, 3), ((1, 1), (1, 1))),
    "few channels": ((2, 6, 5, 17), (2, 3), ((0, 1), (1, 1))),
    "few columns": ((3, 6, 2, 16), (3, 3), ((1, 1), (1, 1))),
    "no padding": ((1, 9, 8, 19), (4, 6), ((0, 0), (0, 0))),
    "cut off": ((2, 9, 8, 16), (2, 2), ((-1, 0), (0, -2))),
}


def arrays(case: str) -> tuple[Any, Any, Window]:
    shape, kernel, ((top, bottom), (left, right)) = CASES[case]
    random = np.random.default_rng(len(case))
    x, weight = random.normal(size=shape), random.normal(size=(shape[-1], 1, *kernel))
    window = Window((1, 1), (top, left), (bottom, right), (1, 1))
    return jax.device_put(x.astype(np.float32)), jax.device_put(weight.astype(np.float32)), window


def gap(found: Any, wanted: Any) -> float:
    """The largest difference as a share of the largest value."""
    wanted = np.asarray(wanted)
    assert found.shape == wanted.shape
    return float(np.abs(np.asarray(found) - wanted).max() / max(np.abs(wanted).max(), 1e-9))


def slopes(convolve: Any, x: Any, weight: Any) -> tuple[Any, Any]:
    """Gradients of a sum in which every output counts differently."""

    def total(x: Any, weight: Any) -> Any:
        y = convolve(x, weight)
        return (y * jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape)).sum()

    return jax.grad(total, argnums=(0, 1))(x, weight)


@needs_kernels
@pytest.mark.parametrize("case", CASES)
def test_the_kernels_are_the_convolution_with_its_gradients(case: str):
    x, weight, window = arrays(case)

    def of(convolve: Any) -> Any:
        both = jax.jit(lambda x, weight: (convolve(x, weight), slopes(convolve, x, weight)))
        return both(x, weight)

    value, ours = of(lambda x, w: native_depthwise(x, w, window))
    plain_value, plain = of(lambda x, w: plain_convolution(x, w, window, x.shape[-1]))
    assert gap(value, plain_value) < 2e-6
    assert max(map(gap, ours, plain)) < 2e-5


@needs_kernels
def test_gradients_of_gradients():
    x, weight, window = arrays("odd channels")

    def curvature(convolve: Any) -> Any:
        def steepness(x: Any, weight: Any) -> Any:
            return sum((slope**2).sum() for slope in slopes(lambda x, w: convolve(x, w) ** 2, x, weight))

        return jax.jit(jax.grad(steepness, argnums=(0, 1)))(x, weight)

    ours = curvature(lambda x, w: native_depthwise(x, w, window))
    plain = curvature(lambda x, w: plain_convolution(x, w, window, x.shape[-1]))
    assert max(map(gap, ours, plain)) < 1e-4


@needs_kernels
def test_a_population_is_a_loop():
    x, weight, window = arrays("few channels")
    weights = np.stack([weight, 2 * np.asarray(weight)])
    together = jax.jit(jax.vmap(lambda w: native_depthwise(x, w, window)))(weights)
    alone = jax.jit(lambda w: native_depthwise(x, w, window))
    assert gap(together, np.stack([alone(w) for w in weights])) == 0


def test_shifted_sums():
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 9, 8, 6)).astype(np.float32)
    weight = random.normal(size=(12, 1, 7, 3)).astype(np.float32)
    window = Window((2, 1), (3, 0), (3, 2), (1, 1))
    both = jax.jit(lambda x, w: (shifted_sum(x, w, window), plain_convolution(x, w, window, 6)))
    assert gap(*both(x, weight)) < 2e-6


def test_what_the_kernels_do_not_do_is_a_shifted_sum(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any) -> Any:
        raise AssertionError("no kernel for this")

    monkeypatch.setattr(depthwise, "native_depthwise", refuse)
    *both, window = arrays("as MobileNet's")
    x, weight = map(np.asarray, both)
    for x_case, weight_case, window_case in (
        (x, weight, window._replace(stride=(2, 2))),
        (x, np.concatenate([weight, weight]), window),
        (x[..., :15], weight[:15], window),
        (x.astype(np.float16), weight.astype(np.float16), window),
    ):

        def of(x: Any, weight: Any, window: Window = window_case) -> tuple[Any, Any]:
            return depthwise_convolution(x, weight, window), plain_convolution(x, weight, window, x.shape[-1])

        assert gap(*jax.jit(of)(x_case, weight_case)) < 5e-3
