"""Recurrent layers over a sequence, with a gradient of their own.

The projections of the inputs, one product for all positions, are made outside; here is the loop over time,
    states_t = cell(p_t, h_{t-1} · Wᵀ, states_{t-1}).
The forward pass keeps the activated gates. The backward pass goes through them with one product a position,
that of the states' gradient, and makes the weight gradient after the loop, one product over all positions:
under plain autodiff it is one small product a position. On CPU the loops are native kernels
(`lamina.ops.dispatch`), elsewhere scans.

Numbers of other types are computed in float32: an LSTM's cell state sums over hundreds of positions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float
from lamina.ops import dispatch
from lamina.ops.dense import product
from lamina.ops.dispatch import by_members, differentiable
from lamina.ops.native import library
from lamina.ops.recurrent_cells import CELLS

Arrays = tuple[Any, ...]


def rnn(
    projections: Float[Array, "b t h"],
    weight: Float[Array, "h h"],
    state: Float[Array, "b h"],
    *,
    present: Bool[Array, "b t"] | None = None,
    reverse: bool = False,
) -> tuple[Float[Array, "b t h"], Float[Array, "b h"]]:
    """Compute h_t = tanh(p_t + h_{t-1} · Wᵀ) for all positions.

    Args:
        projections: p, of the inputs, biases included.
        weight: W, recurrent weights as in PyTorch.
        state: h before the first position.
        present: positions that are there; at others the state passes through unchanged.
        reverse: read from the last position to the first.

    Returns:
        The states of all positions, in the type of the projections, and the last one read, in float32.
        O(b·t·h²).

    Example:
        >>> y, last = rnn(jnp.ones((1, 3, 2)), jnp.zeros((2, 2)), jnp.zeros((1, 2)))
        >>> y.shape, round(last[0, 0].item(), 3)
        ((1, 3, 2), 0.762)

    References:
        Elman. Finding structure in time. Cognitive Science 1990.
    """
    (y, last), _ = _states("rnn", projections, weight, present, reverse, state)
    return y, last


def lstm(
    projections: Float[Array, "b t g"],
    weight: Float[Array, "g h"],
    state: tuple[Float[Array, "b h"], Float[Array, "b h"]],
    *,
    present: Bool[Array, "b t"] | None = None,
    reverse: bool = False,
) -> tuple[Float[Array, "b t h"], tuple[Float[Array, "b h"], Float[Array, "b h"]]]:
    """Compute a long short-term memory: with (i, f, g, o) = p_t + h_{t-1} · Wᵀ,

    c_t = σ(f) ⊙ c_{t-1} + σ(i) ⊙ tanh(g),  h_t = σ(o) ⊙ tanh(c_t).

    Args:
        projections: p, of the inputs, four gates side by side in PyTorch's order, biases included.
        weight: W, recurrent weights (4h, h) as in PyTorch.
        state: h and c before the first position.
        present: positions that are there; at others the state passes through unchanged.
        reverse: read from the last position to the first.

    Returns:
        h of all positions, in the type of the projections, and the last h and c, in float32. O(b·t·h²).

    Example:
        >>> zeros = jnp.zeros((1, 2))
        >>> y, (h, c) = lstm(jnp.ones((1, 3, 8)), jnp.zeros((8, 2)), (zeros, zeros))
        >>> y.shape, round(c[0, 0].item(), 3)
        ((1, 3, 2), 1.25)

    References:
        Hochreiter, Schmidhuber. Long short-term memory. Neural Computation 1997. Gers, Schmidhuber, Cummins.
        Learning to forget. 2000: the forget gate.
    """
    (y, last), (cell,) = _states("lstm", projections, weight, present, reverse, *state)
    return y, (last, cell)


def gru(
    projections: Float[Array, "b t g"],
    weight: Float[Array, "g h"],
    bias: Float[Array, " h"],
    state: Float[Array, "b h"],
    *,
    present: Bool[Array, "b t"] | None = None,
    reverse: bool = False,
) -> tuple[Float[Array, "b t h"], Float[Array, "b h"]]:
    """Compute gated recurrent units: with a = h_{t-1} · Wᵀ and r, z = σ(p + a) of two parts,

    n = tanh(p_n + r ⊙ (a_n + b)),  h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}.

    Args:
        projections: p, of the inputs, parts r, z, n side by side, biases included but for b.
        weight: W, recurrent weights (3h, h) as in PyTorch.
        bias: b, the recurrent bias of the candidate n, which the reset gate multiplies.
        state: h before the first position.
        present: positions that are there; at others the state passes through unchanged.
        reverse: read from the last position to the first.

    Returns:
        The states of all positions, in the type of the projections, and the last one read, in float32.
        O(b·t·h²).

    Example:
        >>> y, last = gru(jnp.ones((1, 3, 6)), jnp.zeros((6, 2)), jnp.zeros(2), jnp.zeros((1, 2)))
        >>> y.shape, round(y[0, 0, 0].item(), 3)
        ((1, 3, 2), 0.205)

    References:
        Cho et al. Learning phrase representations using RNN encoder-decoder. EMNLP 2014; here as cuDNN and
        PyTorch have it, with the reset gate behind the product.
    """
    (y, last), _ = _states("gru", projections, weight, present, reverse, state, bias)
    return y, last


def _states(
    cell: str, projections: Array, weight: Array, present: Array | None, reverse: bool, *others: Array
) -> tuple[tuple[Any, Any], Arrays]:
    """Return outputs, the last of them, and the other states after the last position."""
    mask = jnp.ones(projections.shape[:2], jnp.float32) if present is None else present
    wide = [array.astype(jnp.float32) for array in (projections, weight, mask, *others)]
    y, *last = _recurrence(cell, reverse, *wide)
    state: Any = wide[3] if y.shape[1] == 0 else y[:, 0 if reverse else -1]
    return (y.astype(projections.dtype), state), tuple(last)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _recurrence(cell: str, reverse: bool, *operands: Array) -> Arrays:
    """Return outputs (b, t, h), and states other than them after the last position, each (b, h).

    Operands: projections (b, t, g·h), weight (g·h, h), present (b, t), all states (b, h), biases (h,).
    """
    return _loop(cell, reverse, False)(*operands)


def _forward(cell: str, reverse: bool, *operands: Array) -> tuple[Arrays, tuple[Arrays, Arrays]]:
    found, states = _loop(cell, reverse, True)(*operands), CELLS[cell].states
    return tuple(found[:states]), (operands[1:], (found[0], *found[states:]))


def _backward(cell: str, reverse: bool, saved: tuple[Arrays, Arrays], change: Arrays) -> Arrays:
    """Return the gradients; that of the weight is one product over all examples and positions."""
    ((weight, present, *others), kept), of = saved, CELLS[cell]
    found = _loop_back(cell, reverse)(weight, present, *others[: of.states], *kept, *change)
    slopes, before, of_a = found[0], found[1:-1], found[-1]
    flat, y = of_a.reshape(-1, of_a.shape[-1]), kept[0]
    previous = shifted(y, others[0], reverse=reverse).reshape(-1, y.shape[-1])
    biases = [flat[:, -y.shape[-1] :].sum(0)] * of.biases
    return slopes, product(flat, previous, (True, False)), jnp.zeros_like(present), *before, *biases


_recurrence.defvjp(_forward, _backward)


def shifted(y: Array, first: Array, *, reverse: bool) -> Array:
    """Return what stands before each position: ``first``, then y without the position read last."""
    parts = [y[:, 1:], first[:, None]] if reverse else [first[:, None], y[:, :-1]]
    return jnp.concatenate(parts, axis=1)[:, : y.shape[1]]


@functools.cache
def _loop(cell: str, reverse: bool, keeps: bool) -> Callable[..., Arrays]:
    """Return the forward loop by the implementation that suits its size."""
    native = functools.partial(native_loop, cell, reverse=reverse, keeps=keeps)
    plain = functools.partial(plain_loop, cell, reverse=reverse, keeps=keeps)

    def suits(members: int, projections: Any, weight: Any, *others: Any) -> bool:
        return suits_kernel(members, weight, projections)

    return differentiable(by_members(native, plain, suits), plain)


@functools.cache
def _loop_back(cell: str, reverse: bool) -> Callable[..., Arrays]:
    """Return the backward loop by the implementation that suits its size."""
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
        *operands: those of `_recurrence`.
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
        *operands: weight, present, states before the first position, states of all positions, what else the cell
            keeps, gradients of the outputs and of the last of the other states.
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
        direct = (direct[0] + product(of_a, weight, (False, False)), *direct[1:])
        return _where(is_present, direct, change), (slope, of_a)

    of_time = jax.tree.map(lambda a: a.swapaxes(0, 1), (dy, present, tuple(kept), tuple(before), tuple(after)))
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
        shapes += [(batch, time, width)] * (of.states - 1) + [(batch, time, k) for k in of.kept(width)]
    out = [jax.ShapeDtypeStruct(shape, projections.dtype) for shape in shapes]
    overwritten = {0: 2 * of.states - 1} if keeps and of.kept(width) else {}
    return tuple(_call(cell, out, operands, reverse, overwritten))


def native_loop_back(cell: str, *operands: Any, reverse: bool) -> Arrays:
    """Return the backward loop as the kernel computes it; gradients overwrite the gates."""
    (weight, present, *others), of = operands, CELLS[cell]
    gates, states = (*present.shape, weight.shape[0]), [state.shape for state in others[: of.states]]
    out = [jax.ShapeDtypeStruct(shape, weight.dtype) for shape in (gates, *states, *[gates] * of.biases)]
    overwritten = {2 + 2 * of.states: 0} if of.kept(weight.shape[1]) else {}
    found = tuple(_call(f"{cell}_gradient", out, operands, reverse, overwritten))
    return found if of.biases else (*found, found[0])


def _call(name: str, out: Any, operands: Arrays, reverse: bool, overwritten: dict[int, int]) -> Any:
    return library.call(
        name, out, *operands, vmap_method="broadcast_all", in_place=overwritten, reverse=[reverse]
    )
