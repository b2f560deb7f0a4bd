"""Dense products: their gradients against autodiff of the plain formula."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.ops.dense import dense, member_dense

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (0, 5)])
def test_dense_is_the_product_with_its_gradient(shape: tuple[int, ...]):
    x, weight, goal = normal(*shape), normal(4, 5), normal(*shape[:-1], 4)

    def plain(x: jax.Array, weight: jax.Array) -> jax.Array:
        return jnp.einsum("...i,oi->...o", x, weight)

    np.testing.assert_allclose(dense(x, weight), plain(x, weight), rtol=1e-5, atol=1e-6)
    found, expected = (
        jax.grad(lambda x, w, f=f: (f(x, w) * goal).sum(), argnums=(0, 1))(x, weight) for f in (dense, plain)
    )
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_dense_maps_over_a_population():
    x, weights = normal(6, 5), normal(3, 4, 5)
    together = jax.vmap(dense, in_axes=(None, 0))(x, weights)
    for member, weight in zip(together, weights, strict=True):
        np.testing.assert_allclose(member, x @ weight.T, rtol=1e-5, atol=1e-6)
    gradient = jax.vmap(jax.grad(lambda w: dense(x, w).sum()))(weights)
    np.testing.assert_allclose(gradient, jnp.broadcast_to(x.sum(0), (3, 4, 5)), rtol=1e-5)


def test_member_dense_is_a_loop_over_members():
    x, weight = normal(6, 3, 5), normal(3, 4, 5)
    found = member_dense(x, weight)
    for k in range(3):
        np.testing.assert_allclose(found[:, k], x[:, k] @ weight[k].T, rtol=1e-5, atol=1e-6)
