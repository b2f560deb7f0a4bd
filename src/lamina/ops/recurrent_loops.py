"""The loops of recurrent layers over the positions, forward and backward: native kernels, or scans.

A loop takes and gives arrays (batch, time, …). The kernels go through all positions with a few examples a
thread, so that recurrent weights stay in the cache and no thread waits for another.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.ops import dispatch
from lamina.ops.dense import product
from lamina.ops.dispatch import by_members, differentiable
from lamina.ops.native import library
from lamina.ops.recurrent_cells import CELLS

Arrays = tuple[Any, ...]


def shifted(y: Array, first: Array, *, reverse: bool) -> Array:
    """Return what stands before each position: ``first``, then y without the position read last."""
    parts = [y[:, 1:], first[:, None]] if reverse else [first[:, None], y[:, :-1]]
    return jnp.concatenate(parts, axis=1)[:, : y.shape[1]]


@functools.cache
def loop(cell: str, *, reverse: bool, keeps: bool) -> Callable[..., Arrays]:
    """Return the forward loop by the implementation that suits its size; see `plain_loop`."""
    native = functools.partial(native_loop, cell, reverse=reverse, keeps=keeps)
    plain = functools.partial(plain_loop, cell, reverse=reverse, keeps=keeps)

    def suits(members: int, projections: Any, weight: Any, *others: Any) -> bool:
        return suits_kernel(members, weight, projections)

    return differentiable(by_members(native, plain, suits), plain)


@functools.cache
def loop_back(cell: str, *, reverse: bool) -> Callable[..., Arrays]:
    """Return the backward loop by the implementation that suits its size; see `plain_loop_back`."""
    native = functools.partial(native_loop_back, cell, reverse=reverse)
    plain = functools.partial(plain_loop_back, cell, reverse=reverse)
    return differentiable(by_members(native, plain, suits_kernel), plain)


def suits_kernel(members: int, weight: Any, of_positions: Any, *others: Any) -> bool:
    """Return whether the kernels compute a loop faster than a scan, given an array (batch, time, …)."""
    batch, time = of_positions.shape[:2]
    work = members * batch * time * weight.size
    return dispatch.suits("recurrence", weight, multiplications=work, width=weight.shape[1])


def plain_loop(cell: str, *operands: Array, reverse: bool, keeps: bool) -> Arrays:
    """Return the forward loop as a scan.

    Args:
        cell: name of the cell.
        *operands: projections (b, t, g·h), weight (g·h, h), present (b, t), states (b, h), biases (h,).
        reverse: read from the last position to the first.
        keeps: return what the backward pass needs as well.

    Returns:
        Outputs (b, t, h) and the last of the other states, each (b, h); if asked the other states of all
        positions and what else the cell keeps.
    """
    (projections, weight, present, *others), of = operands, CELLS[cell]
    biases = tuple(others[of.states :])

    def step(states: Arrays, x: Arrays) -> tuple[Arrays, Arrays]:
        p, is_present = x
        after, kept = of.step(p, product(states[0], weight, (False, True)), states, biases)
        after = _where(is_present, after, states)
        return after, (*after, *kept) if keeps else after[:1]

    of_time = (projections.swapaxes(0, 1), present.swapaxes(0, 1))
    last, (y, *kept) = lax.scan(step, tuple(others[: of.states]), of_time, reverse=reverse)
    return y.swapaxes(0, 1), *last[1:], *[array.swapaxes(0, 1) for array in kept]


def plain_loop_back(cell: str, *operands: Array, reverse: bool) -> Arrays:
    """Return the backward loop as a scan.

    Args:
        cell: name of the cell.
        *operands: weight, present, states before the first position, states of all positions, what else the
            cell keeps, gradients of the outputs and of the last of the other states.
        reverse: whether the forward pass read from the last position to the first.

    Returns:
        The gradients of the projections, of the states before the first position, and of h · Wᵀ.
    """
    (weight, present, *others), of = operands, CELLS[cell]
    first, after, rest = others[: of.states], others[of.states : 2 * of.states], others[2 * of.states :]
    kept, (dy, *last) = rest[: -of.states], rest[-of.states :]
    before = [shifted(a, b, reverse=reverse) for a, b in zip(after, first, strict=True)]

    def step(change: Arrays, x: tuple[Any, ...]) -> tuple[Arrays, Arrays]:
        dy, is_present, kept, before, after = x
        change = (change[0] + dy, *change[1:])
        zeros = tuple(map(jnp.zeros_like, change))
        slope, of_a, direct = of.back(_where(is_present, change, zeros), kept, before, after)
        through: Any = product(of_a, weight, (False, False))
        return _where(is_present, (direct[0] + through, *direct[1:]), change), (slope, of_a)

    of_time = jax.tree.map(
        lambda a: a.swapaxes(0, 1), (dy, present, tuple(kept), tuple(before), tuple(after))
    )
    start = (jnp.zeros_like(first[0]), *last)
    change, (slopes, of_a) = lax.scan(step, start, of_time, reverse=not reverse)
    return slopes.swapaxes(0, 1), *change, of_a.swapaxes(0, 1)


def _where(is_present: Array, here: Arrays, absent: Arrays) -> Arrays:
    return tuple(jnp.where(is_present[:, None] > 0, a, b) for a, b in zip(here, absent, strict=True))


def native_loop(cell: str, *operands: Any, reverse: bool, keeps: bool) -> Arrays:
    """Return the forward loop as the kernel computes it; gates overwrite the projections."""
    projections, of = operands[0], CELLS[cell]
    batch, time, width = *projections.shape[:2], operands[1].shape[1]
    shapes = [(batch, time, width)] + [(batch, width)] * (of.states - 1)
    if keeps:
        shapes += [(batch, time, width)] * (of.states - 1) + [(batch, time, k * width) for k in of.kept]
    out = [jax.ShapeDtypeStruct(shape, projections.dtype) for shape in shapes]
    overwritten = {0: 2 * of.states - 1} if keeps and of.kept else {}
    return tuple(_call(cell, out, operands, reverse, overwritten))


def native_loop_back(cell: str, *operands: Any, reverse: bool) -> Arrays:
    """Return the backward loop as the kernel computes it; gradients overwrite the gates."""
    (weight, present, *others), of = operands, CELLS[cell]
    gates, states = (*present.shape, weight.shape[0]), [state.shape for state in others[: of.states]]
    out = [jax.ShapeDtypeStruct(shape, weight.dtype) for shape in (gates, *states, *[gates] * of.biases)]
    overwritten = {2 + 2 * of.states: 0} if of.kept else {}
    found = tuple(_call(f"{cell}_gradient", out, operands, reverse, overwritten))
    return found if of.biases else (*found, found[0])


def _call(name: str, out: Any, operands: Arrays, reverse: bool, overwritten: dict[int, int]) -> Any:
    return library.call(
        name, out, *operands, vmap_method="broadcast_all", in_place=overwritten, reverse=[reverse]
    )
