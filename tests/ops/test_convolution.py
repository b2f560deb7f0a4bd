"""Convolution by the kernels and by XLA: against the formula, each other, and float64."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.convolution import convolution, native_convolution, plain_convolution
from lamina.ops.native import library
from lamina.ops.window import Window

# x shape, weight shape, stride, padding, dilation
CASES = {
    "same": ((3, 9, 8, 5), (7, 5, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "valid": ((2, 7, 9, 16), (16, 16, 3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    "strided": ((2, 9, 11, 4), (33, 4, 3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)),
    "strides differ": ((2, 9, 11, 4), (5, 4, 3, 5), (3, 1), ((0, 2), (2, 1)), (1, 1)),
    "stride beyond the kernel": ((2, 10, 9, 3), (6, 3, 2, 2), (3, 3), ((0, 0), (0, 0)), (1, 1)),
    "dilated": ((2, 13, 12, 6), (9, 6, 3, 3), (1, 1), ((2, 2), (2, 2)), (2, 2)),
    "strided and dilated": ((2, 13, 12, 3), (20, 3, 3, 3), (2, 2), ((2, 1), (0, 3)), (2, 3)),
    "points": ((2, 5, 6, 20), (70, 20, 1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    "one channel": ((2, 12, 12, 1), (1, 1, 5, 5), (1, 1), ((2, 2), (2, 2)), (1, 1)),
    "one image": ((1, 16, 9, 8), (130, 8, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "wide padding": ((2, 3, 3, 2), (4, 2, 3, 3), (1, 1), ((4, 5), (3, 4)), (1, 1)),
    "many channels": ((9, 4, 4, 96), (80, 96, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
}
# for the kernels with few multiplications: whole tiles, cut tiles, odd channels, every split of the work
FEW = {
    "whole tiles": ((5, 8, 12, 16), (32, 16, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "cut tiles": ((7, 11, 9, 24), (32, 24, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "few positions": ((40, 3, 3, 40), (16, 40, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "odd channels": ((4, 15, 15, 19), (29, 19, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "valid, few": ((4, 17, 10, 16), (35, 16, 3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    "uneven padding": ((6, 8, 8, 16), (40, 16, 3, 3), (1, 1), ((0, 2), (3, 1)), (1, 1)),
    "much padding": ((6, 5, 5, 32), (16, 32, 3, 3), (1, 1), ((5, 6), (4, 3)), (1, 1)),
    "many weights": ((20, 4, 4, 256), (264, 256, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "many odd weights": ((20, 4, 4, 256), (259, 256, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "very many weights": ((20, 4, 4, 520), (520, 520, 3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)),
}
PLAIN = list(CASES)
CASES |= FEW
# Channels by the hundred choose how Winograd's sums are cut; the other implementations have no such choice.
WITHOUT_WINOGRAD = [case for case in CASES if case != "very many weights"]
cases = pytest.mark.parametrize("case", list(CASES))
needs_kernels = pytest.mark.skipif(not library.types_of("convolution"), reason="no C++ compiler here")


plain = jax.jit(plain_convolution, static_argnums=(2, 3))
native = jax.jit(native_convolution, static_argnums=2)


def arrays(case: str, dtype: Any = np.float32) -> tuple[Any, Any, Window]:
    x_shape, weight_shape, stride, padding, dilation = CASES[case]
    random = np.random.default_rng(len(case))
    x, weight = random.normal(size=x_shape), random.normal(size=weight_shape)
    low, high = zip(*padding, strict=True)
    return (
        jax.device_put(x.astype(dtype)),
        jax.device_put(weight.astype(dtype)),
        Window(stride, low, high, dilation),
    )


def formula(x: Any, weight: Any, window: Window) -> np.ndarray:
    """The sum of the docstring in float64, tap by tap."""
    x, weight = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    padded = np.pad(x, ((0, 0), *zip(window.low, window.high, strict=True), (0, 0)))
    size = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(
            padded.shape[1:3], weight.shape[2:], window.stride, window.dilation, strict=True
        )
    ]
    total = np.zeros((x.shape[0], *size, weight.shape[0]))
    for tap in itertools.product(*map(range, weight.shape[2:])):
        rows, columns = (
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, n, s, d in zip(tap, size, window.stride, window.dilation, strict=True)
        )
        total += padded[:, rows, columns] @ weight[:, :, tap[0], tap[1]].T
    return total


def gap(found: Any, wanted: Any) -> float:
    """Largest difference in units of the largest value."""
    found, wanted = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def exact_gradients(x: Any, weight: Any, window: Window, dy: Any) -> Any:
    """The formula's gradients in float64, tap by tap; steps of one position."""
    x, weight, dy = (np.asarray(array, np.float64) for array in (x, weight, dy))
    padded = np.pad(x, ((0, 0), *zip(window.low, window.high, strict=True), (0, 0)))
    dx, dw = np.zeros_like(padded), np.zeros_like(weight)
    for y, x_ in itertools.product(*map(range, weight.shape[2:])):
        at = (slice(None), slice(y, y + dy.shape[1]), slice(x_, x_ + dy.shape[2]))
        dx[at] += dy @ weight[:, :, y, x_]
        dw[:, :, y, x_] = dy.reshape(-1, dy.shape[-1]).T @ padded[at].reshape(-1, x.shape[-1])
    (top, left), (height, width) = window.low, x.shape[1:3]
    return dx[:, top : top + height, left : left + width], dw


def tolerance(case: str) -> float:
    return 1e-5 if case in FEW else 2e-6


def gradients(function: Any, x: Any, weight: Any) -> Any:
    """Of a sum of sines, so that the gradient of the output differs from place to place."""
    gradient = jax.grad(lambda x, w: jnp.sin(function(x, w).astype(jnp.float32)).sum(), (0, 1))
    return jax.jit(gradient)(x, weight)


@pytest.mark.parametrize("case", WITHOUT_WINOGRAD)
def test_plain_is_the_formula(case: str):
    x, weight, window = arrays(case)
    assert gap(plain(x, weight, window), formula(x, weight, window)) < 2e-6


@needs_kernels
@cases
def test_kernels_are_the_formula(case: str):
    x, weight, window = arrays(case)
    assert gap(native(x, weight, window), formula(x, weight, window)) < tolerance(case)


@needs_kernels
@pytest.mark.parametrize("case", list(FEW))
def test_gradients_with_few_multiplications_are_the_formula(case: str):
    x, weight, window = arrays(case)
    size = jax.eval_shape(native, x, weight, window).shape
    dy = np.random.default_rng(1).normal(size=size).astype(np.float32)

    def pulled_back(x: Any, weight: Any, dy: Any) -> Any:
        return jax.vjp(lambda x, w: native_convolution(x, w, window), x, weight)[1](dy)

    both = jax.jit(pulled_back)(x, weight, dy)
    for found, exact in zip(both, exact_gradients(x, weight, window, dy), strict=True):
        assert gap(found, exact) < tolerance(case)


@needs_kernels
def test_where_multiplications_are_saved():
    def kernel(case: str) -> str:
        x, weight, window = arrays(case)
        return str(jax.make_jaxpr(lambda x: native_convolution(x, weight, window))(x))

    assert all("lamina_winograd" in kernel(case) for case in FEW)
    assert all("lamina_convolution" in kernel(case) for case in PLAIN)


@needs_kernels
@pytest.mark.parametrize("case", PLAIN)
def test_gradients_of_kernels_are_those_of_xla(case: str):
    x, weight, window = arrays(case)
    found = gradients(lambda x, w: native_convolution(x, w, window), x, weight)
    wanted = gradients(lambda x, w: plain_convolution(x, w, window), x, weight)
    assert max(map(gap, found, wanted)) < 2e-5


@needs_kernels
@pytest.mark.parametrize("case", ["same", "strided", "strided and dilated", "cut tiles"])
def test_gradients_of_gradients(case: str):
    x, weight, window = arrays(case)

    def second(function: Any) -> Any:
        def squares(x: Any, w: Any) -> Any:
            return sum(((g**2).sum() for g in gradients(function, x, w)), jnp.zeros(()))

        return jax.jit(jax.grad(squares, (0, 1)))(x, weight)

    found = second(lambda x, w: native_convolution(x, w, window))
    assert max(map(gap, found, second(lambda x, w: plain_convolution(x, w, window)))) < 2e-5


@pytest.mark.slow
@pytest.mark.skipif("bf16" not in library.types_of("convolution"), reason="the processor knows no bfloat16")
@pytest.mark.parametrize("case", WITHOUT_WINOGRAD)
def test_bfloat16(case: str):
    x, weight, window = arrays(case, jnp.bfloat16)
    found = native(x, weight, window)
    assert found.dtype == jnp.bfloat16
    assert gap(found, formula(x, weight, window)) < 6e-3  # eight bits of the result
    wide = [np.asarray(array, np.float32) for array in (x, weight)]
    wanted = gradients(lambda x, w: plain_convolution(x, w, window).astype(jnp.bfloat16), *wide)
    assert max(map(gap, gradients(lambda x, w: native_convolution(x, w, window), x, weight), wanted)) < 2e-2


@needs_kernels
@pytest.mark.parametrize("case", ["same", "many channels", "many weights"])
def test_the_same_call_gives_the_same_bits(case: str):
    x, weight, window = arrays(case)
    again = jax.jit(lambda x, w: gradients(lambda x, w: native_convolution(x, w, window), x, w))
    both = jax.device_get([again(x, weight) for _ in range(5)])
    assert all((a == b).all() for other in both for a, b in zip(both[0], other, strict=True))


@needs_kernels
def test_a_population_is_one_by_one():
    x, weight, window = arrays("same")
    weight = np.asarray(weight)
    weights = np.stack([weight, 2 * weight, weight[::-1]])
    found = jax.jit(jax.vmap(lambda w: native_convolution(x, w, window)))(weights)
    np.testing.assert_array_equal(found, np.stack([native(x, w, window) for w in weights]))


@needs_kernels
def test_it_runs_where_images_lie_on_several_devices():
    x, weight, window = arrays("many channels")
    x = np.concatenate([x] * 8)[:8]
    mesh = jax.sharding.Mesh(np.array(jax.devices()[:8]), ("b",))
    spread = jax.device_put(x, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("b")))
    found = jax.jit(lambda x: native_convolution(x, weight, window))(spread)
    assert gap(found, native(x, weight, window)) < 1e-6


@pytest.mark.parametrize("groups", [2, 3, 12])
def test_groups(groups: int):
    random = np.random.default_rng(groups)
    x = random.normal(size=(2, 6, 5, 12)).astype(np.float32)
    weight = random.normal(size=(24, 12 // groups, 3, 3)).astype(np.float32)
    window = Window((1, 2), (1, 1), (1, 0), (1, 1))
    padding = ((1, 1), (1, 0))

    def ours(x: Any, w: Any) -> Any:
        return convolution(x, w, stride=(1, 2), padding=padding, dilation=(1, 1), groups=groups)

    parts = [
        formula(a, b, window) for a, b in zip(np.split(x, groups, -1), np.split(weight, groups), strict=True)
    ]
    assert gap(jax.jit(ours)(x, weight), np.concatenate(parts, -1)) < 2e-6
    wanted = gradients(lambda x, w: plain_convolution(x, w, window, groups), x, weight)
    assert max(map(gap, gradients(ours, x, weight), wanted)) < 2e-5


@pytest.mark.parametrize("dimensions", [1, 3])
def test_other_dimensions(dimensions: int):
    random = np.random.default_rng(dimensions)
    x = random.normal(size=(2, *[6] * dimensions, 4)).astype(np.float32)
    weight = random.normal(size=(5, 4, *[3] * dimensions)).astype(np.float32)
    keywords = {"stride": (2,) * dimensions, "dilation": (1,) * dimensions}
    found = jax.jit(lambda x, w: convolution(x, w, padding=((1, 1),) * dimensions, **keywords))(x, weight)
    window = Window((2,) * dimensions, (1,) * dimensions, (1,) * dimensions, (1,) * dimensions)
    assert gap(found, plain(x, weight, window)) < 2e-6
    assert found.shape == (2, *[3] * dimensions, 5)


def test_without_kernels_xla_does_it(monkeypatch: pytest.MonkeyPatch):
    x, weight, window = arrays("strided")
    monkeypatch.setattr(library, "has_kernels", lambda *_: False)
    padding = tuple(zip(window.low, window.high, strict=True))
    text = str(
        jax.make_jaxpr(
            lambda x: convolution(x, weight, stride=window.stride, padding=padding, dilation=window.dilation)
        )(x)
    )
    assert "conv_general_dilated" in text and "ffi" not in text
