"""Dense products, lowered so that forward and backward are plain 2-D products.

On CPU the products of a population, those of attention, and single ones of some size go through a kernel of
our own (`lamina.ops.native`) where it can be compiled, all members in one call; others go through XLA.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.dispatch import by_members
from lamina.ops.native import library

Sides = tuple[bool, bool]  # whether the left and the right side are transposed

# Where our kernel was faster than XLA (docs/decisions/0013-products-of-populations.md).
LEAST_WORK = 1 << 20  # multiplications of all members
LEAST_ALONE, MOST_ALONE = 1 << 22, 1 << 34  # of a single one: a small network need not load the kernel
MOST_DEPTH = 2048  # numbers that are added up
MOST_SUMMED_ALONE = 384  # the same, where the left side of a single one is transposed: gradients of weights
LEAST_ROWS = 8


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
    flat: Any = product(x.reshape(-1, x.shape[-1]), weight, (False, True))
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


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def product(left: Array, right: Array, transposed: Sides) -> Any:
    """Return the product of two matrices, each as it lies or transposed; so for its gradients."""
    return _mapped(transposed)(left, right)


def _forward(left: Array, right: Array, transposed: Sides) -> tuple[Array, tuple[Array, Array]]:
    return product(left, right, transposed), (left, right)


def _backward(transposed: Sides, saved: tuple[Array, Array], change: Array) -> tuple[Array, Array]:
    """Return the gradients: d(L·R) = change, so dL = change·Rᵀ and dR = Lᵀ·change."""
    (left, right), (left_lies, right_lies) = saved, transposed
    by_left = (right, change, (right_lies, True)) if left_lies else (change, right, (False, not right_lies))
    by_right = (change, left, (True, left_lies)) if right_lies else (left, change, (not left_lies, False))
    return product(*by_left), product(*by_right)


product.defvjp(_forward, _backward)


@functools.cache
def _mapped(transposed: Sides) -> Callable[[Array, Array], Array]:
    """Return a product that takes the way which suits its size, that of all members in a population."""
    return way_by_size(
        functools.partial(native_product, transposed=transposed),
        functools.partial(plain_product, transposed=transposed),
        lambda left, right: (left, right, transposed),
    )


def way_by_size(native: Callable[..., Any], plain: Callable[..., Any], product_of: Callable[..., Any]) -> Any:
    """Return a function that goes by our kernel where it is faster; all members of a population in one call.

    Args:
        native: by the kernel.
        plain: the same by XLA.
        product_of: given the operands, the two sides of the product they end in, and which are transposed.
    """

    def suits(members: int, *operands: Any) -> bool:
        sides = product_of(*operands)
        if members == 1:
            is_middling = LEAST_ALONE <= math.prod(_sizes(*sides)) <= MOST_ALONE
            return is_middling and not _sums_much(*sides) and _suits_kernel(*sides, members=1)
        return _suits_kernel(*sides, members=members)

    return by_members(native, plain, suits)


def _suits_kernel(left: Any, right: Any, transposed: Sides, *, members: int) -> bool:
    """Return whether the product of so many members is one that our kernel computes faster."""
    rows, depth, columns = _sizes(left, right, transposed)
    if depth != right.shape[-1 if transposed[1] else -2]:  # refused by XLA
        return False
    if math.prod((members, rows, depth, columns)) < LEAST_WORK or rows < LEAST_ROWS or depth > MOST_DEPTH:
        return False
    return left.dtype == right.dtype == jnp.float32 and library.has_kernels("dense", left.dtype)


def _sums_much(left: Any, right: Any, transposed: Sides) -> bool:
    return transposed[0] and _sizes(left, right, transposed)[1] > MOST_SUMMED_ALONE


def _sizes(left: Any, right: Any, transposed: Sides) -> tuple[int, int, int]:
    """Return rows, depth and columns of a product, of one member where there are many."""
    rows, depth = left.shape[-2:][::-1] if transposed[0] else left.shape[-2:]
    return rows, depth, right.shape[-2 if transposed[1] else -1]


def plain_product(left: Array, right: Array, transposed: Sides) -> Array:
    """Return the product as XLA does it."""
    sides = ((0,) if transposed[0] else (1,), (1,) if transposed[1] else (0,))
    return lax.dot_general(left, right, (sides, ((), ())))


def native_product(left: Array, right: Array, transposed: Sides) -> Any:
    """Return the product as our kernel does it, of a population in one call."""
    rows, _, columns = _sizes(left, right, transposed)
    out = jax.ShapeDtypeStruct((rows, columns), left.dtype)
    return library.call("product", out, left, right, vmap_method="expand_dims", transposed=transposed)
