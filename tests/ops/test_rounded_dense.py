"""Products of operands rounded to bfloat16: the kernel against the exact product of rounded numbers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from lamina.ops.affine import affine
from lamina.ops.dense import dense, plain_product, product, rounded_product, rounds_operands
from lamina.ops.native import library

needs_kernel = pytest.mark.skipif(
    not library.has_kernels("rounded_dense", "float32"), reason="this processor does not multiply bfloat16"
)
RANDOM = np.random.default_rng(0)
SIDES = [(False, False), (False, True), (True, False), (True, True)]


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def rounded(array: np.ndarray) -> np.ndarray:
    return array.astype(ml_dtypes.bfloat16).astype(np.float64)


@needs_kernel
@pytest.mark.parametrize("tiled", [True, False])
@pytest.mark.parametrize("transposed", SIDES)
def test_the_kernel_is_the_product_of_rounded_numbers(transposed: tuple[bool, bool], tiled: bool):
    for rows, depth, columns in [(1, 1, 1), (16, 32, 16), (33, 31, 47), (97, 1100, 65), (600, 40, 17)]:
        left = normal(*((depth, rows) if transposed[0] else (rows, depth)))
        right = normal(*((columns, depth) if transposed[1] else (depth, columns)))
        sides = (
            (rounded(left).T if transposed[0] else rounded(left)),
            (rounded(right).T if transposed[1] else rounded(right)),
        )
        expected = sides[0] @ sides[1]
        found = rounded_product(jnp.asarray(left), jnp.asarray(right), transposed=transposed, tiled=tiled)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6 * np.sqrt(depth) * 4)


def gradients(x: Any, weight: Any, bias: Any, goal: Any, activation: Any) -> Any:
    def loss(x: Any, weight: Any, bias: Any) -> Any:
        return (affine(x, weight, bias, activation=activation) * goal).sum()

    return jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)))(x, weight, bias)


@needs_kernel
@pytest.mark.parametrize("activation", ["identity", "relu"])
def test_layers_and_their_gradients_are_near_the_exact_ones(activation: str):
    x, weight, bias, goal = normal(160, 96), normal(80, 96), normal(80), normal(160, 80)
    exact = gradients(x, weight, bias, goal, activation)
    with jax.default_matmul_precision("bfloat16"):
        found = gradients(x, weight, bias, goal, activation)
    for own, wanted in zip(jax.tree.leaves(found), jax.tree.leaves(exact), strict=True):
        gap = np.linalg.norm(own - wanted) / np.linalg.norm(wanted)
        assert gap < 0.1, "some activations change their sign"
    assert np.abs(found[1][0] - exact[1][0]).max() > 1e-4, "products were rounded"


@needs_kernel
def test_operands_are_rounded_only_where_that_is_asked_for():
    x, weight = jnp.asarray(normal(128, 128)), jnp.asarray(normal(128, 128))
    assert "rounded_product" not in jax.jit(dense).lower(x, weight).as_text()
    with jax.default_matmul_precision("bfloat16"):
        assert rounds_operands()
        assert "rounded_product" in jax.jit(dense).lower(x, weight).as_text()
        assert "rounded_product" not in jax.jit(dense).lower(x[:8], weight[:8]).as_text(), "too small"
        many = jax.jit(jax.vmap(dense)).lower(jnp.stack([x, x]), jnp.stack([weight, weight])).as_text()
        assert "rounded_product" not in many, "members of a population are computed together, exactly"
    assert not rounds_operands()


def test_without_the_kernel_it_is_an_ordinary_product(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lamina.ops.native.library.has_kernels", lambda *_: False)
    left, right = normal(64, 64), normal(64, 64)
    with jax.default_matmul_precision("bfloat16"):
        found = jax.jit(lambda a, b: product(a, b, (False, True)))(left, right)
    np.testing.assert_allclose(found, plain_product(left, right, (False, True)), rtol=1e-5, atol=1e-5)
