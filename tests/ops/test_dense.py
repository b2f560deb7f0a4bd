"""Dense products: their gradients against autodiff of the plain formula."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops import dense as dense_module
from lamina.ops.dense import dense, member_dense, native_product, plain_product
from lamina.ops.dispatch import TABLE
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(not library.has_kernels("dense", "float32"), reason="no C++ compiler here")
RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (0, 5)])
def test_dense_is_the_product_with_its_gradient(shape: tuple[int, ...]):
    x, weight, goal = normal(*shape), normal(4, 5), normal(*shape[:-1], 4)

    def plain(x: jax.Array, weight: jax.Array) -> jax.Array:
        return jnp.einsum("...i,oi->...o", x, weight)

    def of(product: Callable) -> tuple[jax.Array, ...]:
        def value_and_slopes(x: jax.Array, weight: jax.Array) -> tuple[jax.Array, ...]:
            slopes = jax.grad(lambda x, w: (product(x, w) * goal).sum(), argnums=(0, 1))
            return product(x, weight), *slopes(x, weight)

        return jax.jit(value_and_slopes)(x, weight)

    for a, b in zip(of(dense), of(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_dense_maps_over_a_population():
    x, weights = normal(6, 5), normal(3, 4, 5)
    together = jax.jit(jax.vmap(dense, in_axes=(None, 0)))(x, weights)
    for member, weight in zip(np.asarray(together), weights, strict=True):
        np.testing.assert_allclose(member, x @ weight.T, rtol=1e-5, atol=1e-6)
    gradient = jax.jit(jax.vmap(jax.grad(lambda w: dense(x, w).sum())))(weights)
    np.testing.assert_allclose(gradient, np.broadcast_to(x.sum(0), (3, 4, 5)), rtol=1e-5)


def test_member_dense_is_a_loop_over_members():
    x, weight = normal(6, 3, 5), normal(3, 4, 5)
    found = np.asarray(jax.jit(member_dense)(x, weight))
    for k in range(3):
        np.testing.assert_allclose(found[:, k], x[:, k] @ weight[k].T, rtol=1e-5, atol=1e-6)


@needs_kernel
@pytest.mark.parametrize("transposed", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1, 1),
        (7, 5, 3),
        (13, 64, 10),
        (128, 33, 47),
        (50, 200, 100),
        (2100, 70, 40),
        (700, 300, 600),
        (100, 2000, 400),
        (13, 700, 10),
    ],
)
def test_the_kernel_is_the_product(transposed: tuple[bool, bool], sizes: tuple[int, int, int]):
    rows, depth, columns = sizes
    left = normal(*((depth, rows) if transposed[0] else (rows, depth)))
    right = normal(*((columns, depth) if transposed[1] else (depth, columns)))
    sides = [np.asarray(side, np.float64) for side in (left, right)]
    expected = np.matmul(*[side.T if lies else side for side, lies in zip(sides, transposed, strict=True)])
    found = native_product(left, right, transposed)
    atol = 1e-5 if depth <= 200 else 5e-6 * depth**0.5  # what rounding leaves grows with the sum
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=atol)


@needs_kernel
@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
@pytest.mark.parametrize(("members", "rows"), [(1, 20), (3, 20), (9, 20), (9, 5000)])
def test_the_kernel_takes_a_population_at_once(axes: tuple[int | None, int | None], members: int, rows: int):
    left = normal(*([members] if axes[0] == 0 else []), rows, 30)
    right = normal(*([members] if axes[1] == 0 else []), 40, 30)
    found, expected = (
        jax.jit(jax.vmap(lambda a, b, f=f: f(a, b, (False, True)), in_axes=axes))(left, right)
        for f in (native_product, plain_product)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@needs_kernel
def test_the_kernel_takes_populations_of_populations():
    left, right = normal(2, 20, 30), normal(3, 40, 30)

    def of(product: Callable) -> jax.Array:
        inner = jax.vmap(lambda a, b: product(a, b, (False, True)), in_axes=(None, 0))
        return jax.jit(jax.vmap(inner, in_axes=(0, None)))(left, right)

    found, expected = of(native_product), of(plain_product)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@needs_kernel
def test_large_populations_go_through_the_kernel_with_all_their_gradients(monkeypatch: pytest.MonkeyPatch):
    x, weights = normal(64, 40), normal(16, 30, 40)
    assert 16 * 64 * 40 * 30 > TABLE["population_product"].limits["multiplications"].at_least
    calls = []
    call = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))

    def curvature(weight: jax.Array, of=dense) -> jax.Array:
        return jax.grad(lambda w: (jax.grad(lambda w: (of(x, w) ** 3).sum())(w) ** 2).sum())(weight)

    found = jax.jit(jax.vmap(curvature))(weights)
    assert calls == ["product"] * len(calls) and len(calls) >= 4
    expected = jax.jit(jax.vmap(lambda w: curvature(w, lambda x, w: x @ w.T)))(weights)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@needs_kernel
def test_single_products_of_middle_size_go_through_the_kernel(monkeypatch: pytest.MonkeyPatch):
    calls = []
    call = library.call
    monkeypatch.setattr(library, "call", lambda name, *a, **k: calls.append(name) or call(name, *a, **k))
    x, weight = normal(128, 300), normal(200, 300)
    assert TABLE["single_product"].limits["multiplications"].at_least < 128 * 300 * 200
    found = jax.jit(jax.grad(lambda w: (dense(x, w) ** 2).sum()))(weight)
    assert calls == ["product"] * 3, "forward, and both gradients"
    expected = jax.jit(jax.grad(lambda w: ((x @ w.T) ** 2).sum()))(weight)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    calls.clear()
    jax.eval_shape(dense, x[:8], weight[:8])
    assert not calls


def test_without_kernels_populations_go_through_xla(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dense_module.library, "has_kernels", lambda *_: False)
    x, weights = normal(64, 40), normal(17, 30, 40)
    np.testing.assert_allclose(
        jax.jit(jax.vmap(dense, in_axes=(None, 0)))(x, weights),
        np.einsum("bi,koi->kbo", x, weights),
        rtol=1e-4,
        atol=1e-4,
    )


@needs_kernel
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 16])
def test_few_rows(rows: int):
    """Every way that rows, columns and what is summed may be cut into tiles; the bias is in `test_affine`."""
    for depth, columns in ((1, 1), (15, 17), (64, 50), (130, 300), (512, 3)):
        x, weight = normal(rows, depth), normal(columns, depth)
        found = jax.jit(lambda x, w: native_product(x, w, (False, True)))(x, weight)
        expected = x.astype(np.float64) @ weight.T.astype(np.float64)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
