"""Dense products, lowered so that forward and backward are plain 2-D products."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Float

from lamina.core.arrays import Array

_LAST = (((1,), (1,)), ((), ()))  # x (b, i), weight (o, i) -> (b, o)
_FIRST = (((1,), (0,)), ((), ()))  # dy (b, o), weight (o, i) -> (b, i)
_BATCH = (((0,), (0,)), ((), ()))  # dy (b, o), x (b, i) -> (o, i)


@jax.custom_vjp
def _product(x: Array, weight: Array) -> Array:
    return lax.dot_general(x, weight, _LAST)


def _product_forward(x: Array, weight: Array) -> tuple[Array, tuple[Array, Array]]:
    return _product(x, weight), (x, weight)


def _product_backward(saved: tuple[Array, Array], dy: Array) -> tuple[Array, Array]:
    x, weight = saved
    return lax.dot_general(dy, weight, _FIRST), lax.dot_general(dy, x, _BATCH)


_product.defvjp(_product_forward, _product_backward)


def dense(x: Float[Array, "*b i"], weight: Float[Array, "o i"]) -> Float[Array, "*b o"]:
    """Compute ``x @ weight.T`` over the last axis.

    Leading axes are flattened first: under plain autodiff a three-axis product leaves
    gradients with two contracting dimensions, which miss XLA's fast path on CPU.

    Args:
        x: any number of leading axes, features last.
        weight: one row an output, as in PyTorch.

    Returns:
        The products, same leading axes. O(b·i·o).

    Example:
        >>> dense(jnp.ones((2, 3, 4)), jnp.ones((5, 4))).shape
        (2, 3, 5)
    """
    flat = _product(x.reshape(-1, x.shape[-1]), weight)
    return flat.reshape(*x.shape[:-1], weight.shape[0])


def member_dense(x: Float[Array, "*b k i"], weight: Float[Array, "k o i"]) -> Float[Array, "*b k o"]:
    """Compute one product a member: ``y[..., k, :] = x[..., k, :] @ weight[k].T``.

    Args:
        x: features of k members.
        weight: one matrix a member.

    Returns:
        The products. O(b·k·i·o).

    Example:
        >>> member_dense(jnp.ones((2, 3, 4)), jnp.ones((3, 5, 4))).shape
        (2, 3, 5)
    """
    return jnp.einsum("...ki,koi->...ko", x, weight)
