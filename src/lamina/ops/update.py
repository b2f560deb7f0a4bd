"""The end of a training step: whether its numbers are finite, and Adam's update of all arrays.

On CPU both are computed by native kernels (`lamina.ops.dispatch`): one call instead of four compiled loops
an array, which take long to compile for small networks and for deep ones, and one pass over the numbers
instead of three.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.ops import dispatch
from lamina.ops.dispatch import by_members
from lamina.ops.native import library

EPSILON = 1e-8  # of the paper


class Factors(NamedTuple):
    """Numbers of one step of Adam, the same for all weights.

    Args:
        lr: learning rate.
        beta1: decay of the first moment.
        beta2: decay of the second moment.
        decay: weight decay per unit of lr.
        steps: steps taken, this one among them; int32, from 1 where the step is finite.
    """

    lr: Array
    beta1: Array
    beta2: Array
    decay: Array
    steps: Array


class Moments(NamedTuple):
    """Arrays of weights and what Adam remembers of their gradients, array by array.

    Args:
        weight: what is trained.
        mu: moving averages of gradients.
        nu: moving averages of squared gradients.
    """

    weight: Sequence[Array]
    mu: Sequence[Array]
    nu: Sequence[Array]


def all_finite(arrays: Sequence[Array]) -> jax.Array:
    """Return whether every number of every array is finite.

    Without a kernel by sums, cheaper than testing each number: a sum is finite only if all its terms are.
    Finite numbers whose sum is not count as not finite there.

    Args:
        arrays: of any shapes, at least one.

    Returns:
        One boolean. O(numbers).

    Example:
        >>> bool(all_finite([jnp.ones(3), jnp.array(1.0)])), bool(all_finite([jnp.array([1.0, jnp.nan])]))
        (True, False)
    """
    found: jax.Array = _all_finite(*arrays)
    return found


def plain_all_finite(arrays: Sequence[Array]) -> jax.Array:
    """Return the answer by sums."""
    return jnp.isfinite(jnp.stack([array.sum() for array in arrays])).all()


def native_all_finite(arrays: Sequence[Array]) -> jax.Array:
    """Return the answer by the kernel, which tests the bits of each number."""
    out = jax.ShapeDtypeStruct((), jnp.bool_)
    found: jax.Array = library.call("finite", out, *arrays, vmap_method="broadcast_all")
    return found


def adam_step(
    factors: Factors,
    finite: Array,
    now: Moments,
    gradient: Sequence[Array],
    *,
    decays: Sequence[bool],
    sparse: bool = False,
) -> Moments:
    """Return weights and moments after one step of Adam; where it is not finite, as they were.

    m ← β₁·m + (1-β₁)·g,  v ← β₂·v + (1-β₂)·g²
    w ← w - lr·(m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε) + decay·w)

    The two corrections of moments that began at zero are folded into one factor and one ε, so that
    each number is divided once.

    Args:
        factors: of this step, of which t is ``steps``.
        finite: boolean; False leaves everything as it is.
        now: before the step.
        gradient: one array a weight.
        decays: for each array whether it shrinks.
        sparse: whether numbers whose gradient is exactly zero stay as they are, moments too: so the rows of a
            table of embeddings that a batch does not use cost nothing.

    Returns:
        The same after the step. O(numbers).

    References:
        Kingma, Ba. Adam: a method for stochastic optimization. ICLR 2015.
        Loshchilov, Hutter. Decoupled weight decay regularization. ICLR 2019.
    """
    found: Moments = _adam_step(tuple(decays), sparse)(factors, finite, now, list(gradient))
    return found


@functools.cache
def _adam_step(decays: tuple[bool, ...], sparse: bool) -> Callable[..., Any]:
    kinds = (native_adam_step, plain_adam_step)
    native, plain = (functools.partial(f, decays=decays, sparse=sparse) for f in kinds)

    def suits(members: int, factors: Any, finite: Any, now: Any, gradient: Any) -> bool:
        return suits_kernel(members, *gradient, *now.weight)

    return by_members(native, plain, suits)


def suits_kernel(members: int, *arrays: Any) -> bool:
    """Return whether the kernels update these arrays, of any number of members."""
    return dispatch.suits("update", *arrays)


def plain_adam_step(
    factors: Factors,
    finite: Array,
    now: Moments,
    gradient: Sequence[Array],
    decays: Sequence[bool],
    sparse: bool = False,
) -> Moments:
    """Return the step as XLA computes it; one that is not finite has factors that change nothing."""
    moves = finite.astype(jnp.float32)
    steps = jnp.maximum(factors.steps, 1).astype(jnp.float32)
    root = jnp.sqrt(1 - factors.beta2**steps)
    rate, epsilon = moves * factors.lr * root / (1 - factors.beta1**steps), EPSILON * root
    take1, take2 = moves * (1 - factors.beta1), moves * (1 - factors.beta2)
    keep1, keep2, shrink = 1 - take1, 1 - take2, moves * factors.lr * factors.decay

    def stepped(w: Array, m: Array, v: Array, g: Array, shrinks: bool) -> tuple[Array, Array, Array]:
        g = jnp.where(finite, g, 0).astype(m.dtype)
        before, wide = (w, m, v), w.astype(m.dtype)
        m, v = keep1 * m + take1 * g, keep2 * v + take2 * (g * g)
        wide = wide - shrink * wide if shrinks else wide
        after = ((wide - rate * m / (jnp.sqrt(v) + epsilon)).astype(w.dtype), m, v)
        if not sparse:
            return after
        w, m, v = (jnp.where(g != 0, new, old) for new, old in zip(after, before, strict=True))
        return w, m, v

    found = [stepped(*arrays) for arrays in zip(*now, gradient, decays, strict=True)]
    return Moments(*map(list, zip(*found, strict=True)))


def native_adam_step(
    factors: Factors,
    finite: Array,
    now: Moments,
    gradient: Sequence[Array],
    decays: Sequence[bool],
    sparse: bool = False,
) -> Moments:
    """Return the step as the kernel computes it, all arrays in one call and updated in place."""
    numbers = (*factors, finite)
    arrays = [array for own in zip(*now, gradient, strict=True) for array in own]
    out = [jax.ShapeDtypeStruct(a.shape, a.dtype) for own in zip(*now, strict=True) for a in own]
    places = {len(numbers) + 4 * i + j: 3 * i + j for i in range(len(decays)) for j in range(3)}
    found = library.call(
        "adam",
        out,
        *numbers,
        *arrays,
        vmap_method="broadcast_all",
        in_place=places,
        decays=decays,
        epsilon=EPSILON,
        sparse=float(sparse),
    )
    return Moments(*(found[which::3] for which in range(3)))


_all_finite = by_members(
    lambda *arrays: native_all_finite(arrays), lambda *arrays: plain_all_finite(arrays), suits_kernel
)
