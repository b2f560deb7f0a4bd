"""The end of a training step: whether its numbers are finite, and Adam's update of all arrays.

On CPU both go through kernels of our own (`lamina.ops.native`) where they can be compiled: one call instead
of four compiled loops an array, which take long to compile in a deep network, and one pass over
the numbers instead of three.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.ops.native import library
from lamina.ops.ways import by_members

# Numbers, of all members of a population, from which the kernels are worth being compiled, once a machine,
# and loaded.
LEAST_NUMBERS = 1 << 17


class Factors(NamedTuple):
    """Numbers of one step of Adam, the same for all weights.

    Args:
        take1: share of the newest gradient in the first moment, 1 - β₁.
        take2: share of its square in the second, 1 - β₂.
        rate: learning rate, corrected for moments that began at zero.
        epsilon: added to the root of the second moment, corrected likewise.
        shrink: learning rate times weight decay.
    """

    take1: Array
    take2: Array
    rate: Array
    epsilon: Array
    shrink: Array


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

    Without a kernel by sums, cheaper than looking at each number: a sum is finite only if all its parts are.
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
    """Return the answer by our kernel, which looks at the bits of each number."""
    out = jax.ShapeDtypeStruct((), jnp.float32)
    return library.call("finite", out, *arrays, vmap_method="broadcast_all") > 0


def adam_step(
    factors: Factors, finite: Array, now: Moments, gradient: Sequence[Array], *, decays: Sequence[bool]
) -> Moments:
    """Return weights and moments after one step of Adam; where it is not finite, as they were.

    m ← (1-take₁)·m + take₁·g,  v ← (1-take₂)·v + take₂·g²,  w ← w - shrink·w - rate·m / (√v + ε)

    Args:
        factors: of this step.
        finite: boolean; False leaves everything as it is.
        now: before the step.
        gradient: one array a weight.
        decays: for each array whether it shrinks.

    Returns:
        The same after the step. O(numbers).

    References:
        Kingma, Ba. Adam: a method for stochastic optimization. ICLR 2015.
    """
    found: Moments = _adam_step(tuple(decays))(factors, finite, now, list(gradient))
    return found


@functools.cache
def _adam_step(decays: tuple[bool, ...]) -> Callable[..., Any]:
    native, plain = (functools.partial(way, decays=decays) for way in (native_adam_step, plain_adam_step))

    def suits(members: int, factors: Any, finite: Any, now: Any, gradient: Any) -> bool:
        return suits_kernel(members, *gradient) and suits_kernel(members, *now.weight)

    return by_members(native, plain, suits)


def suits_kernel(members: int, *arrays: Any) -> bool:
    """Return whether our kernels take these arrays of so many networks, and are worth it."""
    is_large = members * sum(array.size for array in arrays) >= LEAST_NUMBERS
    is_plain = all(array.dtype == jnp.float32 for array in arrays)
    return is_large and is_plain and library.has_kernels("update", jnp.float32)


def plain_adam_step(
    factors: Factors, finite: Array, now: Moments, gradient: Sequence[Array], decays: Sequence[bool]
) -> Moments:
    """Return the step as XLA does it; one that is not finite has the factors of standing still."""
    moves = finite.astype(jnp.float32)
    take1, take2, rate, shrink = (
        moves * x for x in (factors.take1, factors.take2, factors.rate, factors.shrink)
    )
    keep1, keep2 = 1 - take1, 1 - take2

    def stepped(w: Array, m: Array, v: Array, g: Array, shrinks: bool) -> tuple[Array, Array, Array]:
        g = jnp.where(finite, g, 0).astype(m.dtype)
        m, v, wide = keep1 * m + take1 * g, keep2 * v + take2 * (g * g), w.astype(m.dtype)
        wide = wide - shrink * wide if shrinks else wide
        return (wide - rate * m / (jnp.sqrt(v) + factors.epsilon)).astype(w.dtype), m, v

    found = [stepped(*arrays) for arrays in zip(*now, gradient, decays, strict=True)]
    return Moments(*map(list, zip(*found, strict=True)))


def native_adam_step(
    factors: Factors, finite: Array, now: Moments, gradient: Sequence[Array], decays: Sequence[bool]
) -> Moments:
    """Return the step as our kernel does it, all arrays in one call and in their own memory."""
    numbers = jnp.stack([*factors, finite.astype(jnp.float32)])
    arrays = [array for own in zip(*now, gradient, strict=True) for array in own]
    out = [jax.ShapeDtypeStruct(a.shape, a.dtype) for own in zip(*now, strict=True) for a in own]
    places = {1 + 4 * i + j: 3 * i + j for i in range(len(decays)) for j in range(3)}
    found = library.call(
        "adam", out, numbers, *arrays, vmap_method="broadcast_all", in_place=places, decays=decays
    )
    return Moments(*(found[which::3] for which in range(3)))


_all_finite = by_members(
    lambda *arrays: native_all_finite(arrays), lambda *arrays: plain_all_finite(arrays), suits_kernel
)
