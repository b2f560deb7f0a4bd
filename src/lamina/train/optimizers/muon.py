"""Muon: momentum whose singular values are made equal before it moves a matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.rules import Rules
from lamina.ops.dense import product, rounds_by_kernel
from lamina.train.optimizers.adam import AdamState, adam_rule
from lamina.train.optimizers.rule import Rule, where_finite

POLYNOMIAL = (3.4445, -4.7750, 2.0315)  # steepest at zero (Jordan et al. 2024)
ITERATIONS = 5
SIZE = 0.2  # root mean square of a step per unit of lr, as Adam's (Liu et al. 2025)
EPSILON = 1e-8
NO_STACKS = Rules({}, default=False)


class MuonState(NamedTuple):
    """What Muon remembers.

    Args:
        momentum: moving averages of the matrices' gradients, one an array.
        adam: of all the other arrays.
    """

    momentum: list[Array]
    adam: AdamState


def muon_rule(
    lr: Array,
    beta: Array,
    *,
    matrices: Rules,
    stacks: Rules = NO_STACKS,
    decay: Array | float = 0.0,
    decayed: Any,
) -> Rule:
    """Return the rule of Muon for matrices, AdamW (.9, .999) for the rest.

    m ← β·m + (1-β)·g,  w ← w - lr·(.2·√max(rows, columns)·orthogonalized(β·m + (1-β)·g) + decay·w)

    Args:
        lr: learning rate of this step, which serves both.
        beta: decay of the momentum.
        matrices: paths → whether Muon moves an array, if it has two axes (rows, columns), three (stacked
            matrices) or four and more, whose last three axes are one: convolutions (out, in, y, x), perhaps
            stacked.
        stacks: paths → whether the last two axes are the matrix, however many there are.
        decay: weight decay per unit of lr.
        decayed: tree of booleans like the parameters.

    Returns:
        The rule. O(rows² · columns) a matrix, rows its smaller side.

    References:
        Jordan et al. Muon: an optimizer for hidden layers in neural networks. 2024.
        Liu et al. Muon is scalable for LLM training. 2025.
    """
    decays = jax.tree.leaves(decayed)

    def kinds(parameters: Any) -> list[bool]:
        admitted = jax.tree.leaves(matrices.apply(parameters, strict=False))
        arrays = jax.tree.leaves(parameters)
        return [array.ndim > 1 and one for array, one in zip(arrays, admitted, strict=True)]

    def adam(kind: Sequence[bool]) -> Rule:
        others = _divided(decays, kind)[1]
        return adam_rule(lr, jnp.float32(0.9), jnp.float32(0.999), decay=decay, decayed=others)

    def init(parameters: Any) -> MuonState:
        kind = kinds(parameters)
        ours, others = _divided(jax.tree.leaves(parameters), kind)
        return MuonState([jnp.zeros(array.shape, jnp.float32) for array in ours], adam(kind).init(others))

    def step(gradient: Any, state: MuonState, parameters: Any, finite: Array) -> tuple[Any, MuonState]:
        leaves, form = jax.tree.flatten(parameters)
        kind = kinds(parameters)
        ours, others = _divided(leaves, kind)
        slopes, other_slopes = _divided(jax.tree.leaves(gradient), kind)
        momentum = [beta * m + (1 - beta) * g for m, g in zip(state.momentum, slopes, strict=True)]
        ahead = [beta * m + (1 - beta) * g for m, g in zip(momentum, slopes, strict=True)]
        stacked = _divided(jax.tree.leaves(stacks.apply(parameters, strict=False)), kind)[0]
        ahead = [
            _as_stack(array) if is_stack else array for array, is_stack in zip(ahead, stacked, strict=True)
        ]
        ways, shrinking, moved = orthogonalized(ahead), _divided(decays, kind)[0], []
        for weight, way, shrinks in zip(ours, ways, shrinking, strict=True):
            way = way.reshape(weight.shape)
            change = way + decay * weight if shrinks else way
            moved.append(weight - (lr * change).astype(weight.dtype))
        moved, momentum = where_finite(finite, (moved, momentum), (ours, state.momentum))
        others, after = adam(kind).step(other_slopes, state.adam, others, finite)
        by_muon, by_adam = iter(moved), iter(others)
        joined = [next(by_muon if one else by_adam) for one in kind]
        return jax.tree.unflatten(form, joined), MuonState(momentum, after)

    return Rule(init, step)


def _as_stack(array: Array) -> Array:
    """Return matrices, those of all leading axes below one another."""
    return array.reshape(-1, *array.shape[-2:])


def _divided(values: Sequence[Any], kind: Sequence[bool]) -> tuple[list[Any], list[Any]]:
    """Return the values of what Muon moves and those of the rest, one value a parameter."""
    pairs = list(zip(values, kind, strict=True))
    return [value for value, ours in pairs if ours], [value for value, ours in pairs if not ours]


def orthogonalized(arrays: Sequence[Array]) -> list[Array]:
    """Return arrays like these whose matrices have singular values of about .2·√max(rows, columns).

    With X = U·S·Vᵀ over its norm, the orthogonal matrix nearest to it is U·Vᵀ. An odd polynomial
    X ← P·X, P = a + b·A + c·A², A = X·Xᵀ, leaves U and V alone and maps each singular value s to
    a·s + b·s³ + c·s⁵, which draws (0, 1] near to one: five iterations stand for the decomposition. All P
    commute with A, so the product of the P is found from A alone, rows × rows, and X is multiplied once.
    Matrices that are nearly square are multiplied each time, which costs them less; and all where products
    may round their operands and a kernel does so, since A needs all digits, and X does not (Jordan et al.).

    Args:
        arrays: as `muon_rule` takes them.

    Returns:
        The arrays, each of its shape. O(rows² · columns) a matrix.
    """
    wide = [_as_wide_matrices(array) for array in arrays]
    if rounds_by_kernel():
        evened = [jax.lax.map(_iterated_alone, x) for x in wide]
        return [_in_the_shape_of(array, y) for array, y in zip(arrays, evened, strict=True)]
    grams = [jnp.einsum("kij,klj->kil", x, x, precision="highest") for x in wide]
    norms = [jnp.sqrt(jnp.trace(gram, axis1=1, axis2=2))[:, None, None] + EPSILON for gram in grams]
    wide = [x / norm for x, norm in zip(wide, norms, strict=True)]
    grams = [gram / (norm * norm) for gram, norm in zip(grams, norms, strict=True)]
    factors = iter(_factors([gram for x, gram in zip(wide, grams, strict=True) if not _is_nearly_square(x)]))
    evened = [
        _iterated(x, gram) if _is_nearly_square(x) else next(factors) @ x
        for x, gram in zip(wide, grams, strict=True)
    ]
    return [_in_the_shape_of(array, y) for array, y in zip(arrays, evened, strict=True)]


def _is_nearly_square(x: Array) -> bool:
    """Return whether 5 · (2 · columns + rows) · rows² is less than (2 · columns + 17 · rows) · rows²."""
    return 2 * x.shape[2] < 3 * x.shape[1]


def _iterated(x: Array, gram: Array) -> Array:
    """Return what the iterations make of matrices (k, rows, columns) of norm one, whose A is known."""
    a, b, c = POLYNOMIAL
    for iteration in range(ITERATIONS):
        gram = gram if iteration == 0 else jnp.einsum("kij,klj->kil", x, x)
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x


def _iterated_alone(x: Array) -> Array:
    """Return what the iterations make of one matrix (rows, columns), by products that round operands."""
    a, b, c = POLYNOMIAL
    x = x / (jnp.sqrt((x * x).sum()) + EPSILON)
    for _ in range(ITERATIONS):
        gram: Any = product(x, x, (False, True))
        square: Any = product(gram, gram, (False, False))
        moved: Any = product(b * gram + c * square, x, (False, False))
        x = a * x + moved
    return x


def _factors(grams: Sequence[Array]) -> list[Array]:
    """Return what multiplies each X. Where single products don't fill the device, equal sizes go together."""
    if jax.default_backend() == "cpu":
        return [_product_of_polynomials(gram) for gram in grams]
    found = list(grams)
    for rows in sorted({gram.shape[-1] for gram in grams}):
        places = [place for place, gram in enumerate(grams) if gram.shape[-1] == rows]
        product = _product_of_polynomials(jnp.concatenate([grams[place] for place in places]))
        first = 0
        for place in places:
            last = first + len(grams[place])
            found[place], first = product[first:last], last
    return found


def _stack_axes(array: Array) -> int:
    """Return how many axes stand before a matrix, whose columns are all axes behind its rows."""
    return array.ndim - 2 if array.ndim < 4 else array.ndim - 4


def _as_wide_matrices(array: Array) -> Array:
    """Return stacked matrices (k, rows, columns) with rows ≤ columns."""
    x = array.astype(jnp.float32)
    kept = _stack_axes(x)
    x = x.reshape(math.prod(x.shape[:kept]), x.shape[kept], -1)
    return x.swapaxes(1, 2) if x.shape[1] > x.shape[2] else x


def _in_the_shape_of(array: Array, y: Array) -> Array:
    """Return matrices of singular values about one at their size, shaped like the array they come from."""
    rows = array.shape[_stack_axes(array)]
    y = y * (SIZE * math.sqrt(max(y.shape[1:])))
    return (y if y.shape[1] == rows else y.swapaxes(1, 2)).reshape(array.shape)


def _product_of_polynomials(gram: Array) -> Array:
    """Return what ``ITERATIONS`` steps multiply X by, from A = X·Xᵀ (k, rows, rows).

    With exact arithmetic all matrices here commute and are symmetric. "Highest" because A has the squares
    of the singular values: in half of float32's digits the small ones would drown.
    """
    a, b, c = POLYNOMIAL
    ones = jnp.broadcast_to(jnp.eye(gram.shape[-1], dtype=gram.dtype), gram.shape)

    def times(left: Array, right: Array) -> Array:
        return jnp.matmul(left, right, precision="highest")

    product = polynomial = a * ones + b * gram + c * times(gram, gram)
    for _ in range(ITERATIONS - 1):
        gram = times(times(polynomial, gram), polynomial)
        polynomial = a * ones + b * gram + c * times(gram, gram)
        product = times(polynomial, product)
    return product
