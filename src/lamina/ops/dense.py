"""Dense products, lowered so that forward and backward are plain 2-D products.

On CPU the products of a population, those of attention, and single ones of some size are computed by a native
kernel (`lamina.ops.dispatch`), all members in one call; others by XLA.

Under ``jax.default_matmul_precision("bfloat16")`` operands may be rounded to bfloat16, while sums stay
float32: on CPUs that multiply such numbers a kernel does so, on other devices XLA.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops import dispatch
from lamina.ops.dispatch import by_members
from lamina.ops.native import library

Sides = tuple[bool, bool]  # whether the left and the right side are transposed


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
    """Return the product of two matrices, each as stored or transposed, and its gradients likewise."""
    return _mapped(transposed)(left, right)


def _forward(left: Array, right: Array, transposed: Sides) -> tuple[Array, tuple[Array, Array]]:
    return product(left, right, transposed), (left, right)


def _backward(transposed: Sides, saved: tuple[Array, Array], change: Array) -> tuple[Array, Array]:
    """Return the gradients: d(L·R) = change, so dL = change·Rᵀ and dR = Lᵀ·change."""
    (left, right), (left_is, right_is) = saved, transposed
    by_left = (right, change, (right_is, True)) if left_is else (change, right, (False, not right_is))
    by_right = (change, left, (True, left_is)) if right_is else (left, change, (not left_is, False))
    return product(*by_left), product(*by_right)


product.defvjp(_forward, _backward)


@functools.cache
def _mapped(transposed: Sides) -> Callable[[Array, Array], Array]:
    """Return a product by the implementation that suits its size, that of all members in a population."""
    return kernel_by_size(
        functools.partial(native_product, transposed=transposed),
        functools.partial(plain_product, transposed=transposed),
        functools.partial(rounded_product, transposed=transposed),
        lambda left, right: (left, right, transposed),
    )


def kernel_by_size(
    native: Callable[..., Any],
    plain: Callable[..., Any],
    rounded: Callable[..., Any],
    product_of: Callable[..., Any],
) -> Any:
    """Return a function that is computed by the kernel where it is faster, all members in one call.

    Args:
        native: by the kernel.
        plain: the same by XLA.
        rounded: by the kernel that rounds operands, where that is asked for.
        product_of: given the operands, the two sides of the product they end in, and which are transposed.
    """

    def suits(members: int, *operands: Any) -> bool:
        return suits_kernel(members, *product_of(*operands))

    def suits_rounded(members: int, *operands: Any) -> bool:
        return members == 1 and rounds_operands() and _suits_rounded_kernel(*product_of(*operands))

    return by_members(rounded, by_members(native, plain, suits), suits_rounded)


def rounds_operands() -> bool:
    """Return whether products may round their operands to bfloat16.

    Example:
        >>> with jax.default_matmul_precision("bfloat16"):
        ...     rounds_operands()
        True
    """
    return jax.config.jax_default_matmul_precision == "bfloat16"  # type: ignore[attr-defined]


def rounds_by_kernel() -> bool:
    """Return whether products may round their operands, and a kernel of this processor is faster then."""
    return rounds_operands() and library.has_kernels("rounded_dense", np.float32)


def _suits_rounded_kernel(left: Any, right: Any, transposed: Sides) -> bool:
    rows, depth, columns = _sizes(left, right, transposed)
    if depth != right.shape[-1 if transposed[1] else -2]:  # XLA refuses it
        return False
    work = rows * depth * columns
    return dispatch.suits("rounded_product", left, right, multiplications=work, rows=rows, columns=columns)


def suits_kernel(members: int, left: Any, right: Any, transposed: Sides) -> bool:
    """Return whether the kernel computes the products of so many members faster than XLA."""
    rows, depth, columns = _sizes(left, right, transposed)
    if depth != right.shape[-1 if transposed[1] else -2]:  # XLA refuses it
        return False
    sizes = {"multiplications": math.prod((members, rows, depth, columns)), "rows": rows, "summed": depth}

    def suits(name: str) -> bool:
        limits = dispatch.TABLE[name].limits
        return dispatch.suits(name, left, right, **{limit: sizes[limit] for limit in limits})

    if members > 1:
        return suits("population_product")
    if transposed == (False, True) and rows in dispatch.TABLE["few_rows"].limits["rows"]:
        return suits("few_rows")
    return suits("single_weight_gradient" if transposed[0] else "single_product")


def _sizes(left: Any, right: Any, transposed: Sides) -> tuple[int, int, int]:
    """Return rows, depth and columns of a product, of one member where there are many."""
    rows, depth = left.shape[-2:][::-1] if transposed[0] else left.shape[-2:]
    return rows, depth, right.shape[-2 if transposed[1] else -1]


def plain_product(left: Array, right: Array, transposed: Sides) -> Array:
    """Return the product as XLA computes it."""
    sides = ((0,) if transposed[0] else (1,), (1,) if transposed[1] else (0,))
    return lax.dot_general(left, right, (sides, ((), ())))


def native_product(left: Array, right: Array, transposed: Sides) -> Any:
    """Return the product as the kernel computes it, of a population in one call."""
    rows, _, columns = _sizes(left, right, transposed)
    out = jax.ShapeDtypeStruct((rows, columns), left.dtype)
    return library.call("product", out, left, right, vmap_method="expand_dims", transposed=transposed)


def rounded_product(
    left: Array,
    right: Array,
    *bias: Array,
    transposed: Sides = (False, True),
    relu: bool = False,
    tiled: bool = True,
) -> Any:
    """Return the product of rounded operands as their kernel computes it, with bias and relu of a layer.

    ``tiled=False`` leaves the processor's registers for tiles (AMX) unused.
    """
    rows, _, columns = _sizes(left, right, transposed)
    out = jax.ShapeDtypeStruct((rows, columns), left.dtype)
    return library.call(
        "rounded_product", out, left, right, *bias, transposed=transposed, relu=[relu], tiled=[tiled]
    )
