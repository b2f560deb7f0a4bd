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
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Bool, Float
from lamina.ops.dense import product
from lamina.ops.recurrent_cells import CELLS
from lamina.ops.recurrent_loops import loop, loop_back, shifted

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
    """Compute a long short-term memory for all positions.

    (i, f, g, o) = p_t + h_{t-1} · Wᵀ,  c_t = σ(f) ⊙ c_{t-1} + σ(i) ⊙ tanh(g),  h_t = σ(o) ⊙ tanh(c_t).

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
        ((1, 3, 2), 1.261)

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
    """Compute gated recurrent units for all positions.

    With a = h_{t-1} · Wᵀ: r = σ(p_r + a_r),  z = σ(p_z + a_z),  n = tanh(p_n + r ⊙ (a_n + b)),
    h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}.

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
    found: Any = _recurrence(cell, reverse, *wide)
    y, *last = found
    state: Any = wide[3] if y.shape[1] == 0 else y[:, 0 if reverse else -1]
    return (y.astype(projections.dtype), state), tuple(last)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _recurrence(cell: str, reverse: bool, *operands: Array) -> Arrays:
    """Return outputs (b, t, h), and states other than them after the last position, each (b, h).

    Operands: projections (b, t, g·h), weight (g·h, h), present (b, t), all states (b, h), biases (h,).
    """
    return loop(cell, reverse=reverse, keeps=False)(*operands)


def _forward(cell: str, reverse: bool, *operands: Array) -> tuple[Arrays, tuple[Arrays, Arrays]]:
    found, states = loop(cell, reverse=reverse, keeps=True)(*operands), CELLS[cell].states
    return tuple(found[:states]), (operands[1:], (found[0], *found[states:]))


def _backward(cell: str, reverse: bool, saved: tuple[Arrays, Arrays], change: Arrays) -> Arrays:
    """Return the gradients; that of the weight is one product over all examples and positions."""
    ((weight, present, *others), kept), of = saved, CELLS[cell]
    found = loop_back(cell, reverse=reverse)(weight, present, *others[: of.states], *kept, *change)
    slopes, before, of_a = found[0], found[1:-1], found[-1]
    flat, y = of_a.reshape(-1, of_a.shape[-1]), kept[0]
    previous = shifted(y, others[0], reverse=reverse).reshape(-1, y.shape[-1])
    biases = [flat[:, -y.shape[-1] :].sum(0)] * of.biases
    return slopes, product(flat, previous, (True, False)), jnp.zeros_like(present), *before, *biases


_recurrence.defvjp(_forward, _backward)
