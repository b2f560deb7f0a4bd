"""One step of each recurrent layer, forward and backward, written out.

States are arrays (b, h), the first of which is the output. ``p`` (b, g·h) are the projections of the input,
``a`` = h · Wᵀ (b, g·h) is what the recurrent weights make of the state; g is the number of gates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jax.nn import sigmoid

from lamina.core.arrays import Array

Arrays = tuple[Array, ...]


@dataclasses.dataclass(frozen=True)
class Cell:
    """A recurrent layer at one position.

    Args:
        gates: how many times the width p and a have.
        step: ``(p, a, states, biases) → (states after, kept)``; kept is what ``back`` needs beside states.
        back: ``(gradients of the states after, kept, states before, states after) → (gradient of p, gradient
            of a, gradients of the states before without what goes through a)``.
        kept: width of each array that is kept, in widths of a state.
        states: how many arrays go from position to position.
        biases: how many are added to the last part of a.

    Example:
        >>> CELLS["lstm"].gates, CELLS["lstm"].states
        (4, 2)
    """

    gates: int
    step: Callable[[Array, Array, Arrays, Arrays], tuple[Arrays, Arrays]]
    back: Callable[[Arrays, Arrays, Arrays, Arrays], tuple[Array, Array, Arrays]]
    kept: tuple[int, ...] = ()
    states: int = 1
    biases: int = 0


def _rnn_step(p: Array, a: Array, states: Arrays, biases: Arrays) -> tuple[Arrays, Arrays]:
    return (jnp.tanh(p + a),), ()


def _rnn_back(change: Arrays, kept: Arrays, before: Arrays, after: Arrays) -> tuple[Array, Array, Arrays]:
    slope = change[0] * (1 - after[0] ** 2)
    return slope, slope, (jnp.zeros_like(slope),)


def _lstm_step(p: Array, a: Array, states: Arrays, biases: Arrays) -> tuple[Arrays, Arrays]:
    i, f, g, o = jnp.split(p + a, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)
    c = f * states[1] + i * g
    return (o * jnp.tanh(c), c), (jnp.concatenate([i, f, g, o], axis=-1),)


def _lstm_back(change: Arrays, kept: Arrays, before: Arrays, after: Arrays) -> tuple[Array, Array, Arrays]:
    dh, dc = change
    i, f, g, o = jnp.split(kept[0], 4, axis=-1)
    tangent = jnp.tanh(after[1])
    dc = dc + dh * o * (1 - tangent**2)
    di, df, dg = dc * g * i * (1 - i), dc * before[1] * f * (1 - f), dc * i * (1 - g**2)
    slope = jnp.concatenate([di, df, dg, dh * tangent * o * (1 - o)], axis=-1)
    return slope, slope, (jnp.zeros_like(dh), dc * f)


def _gru_step(p: Array, a: Array, states: Arrays, biases: Arrays) -> tuple[Arrays, Arrays]:
    (pr, pz, pn), (ar, az, an) = jnp.split(p, 3, axis=-1), jnp.split(a, 3, axis=-1)
    r, z, inner = sigmoid(pr + ar), sigmoid(pz + az), an + biases[0][None]
    n = jnp.tanh(pn + r * inner)
    return (n + z * (states[0] - n),), (jnp.concatenate([r, z, n], axis=-1), inner)


def _gru_back(change: Arrays, kept: Arrays, before: Arrays, after: Arrays) -> tuple[Array, Array, Arrays]:
    (dh,), (gates, inner) = change, kept
    r, z, n = jnp.split(gates, 3, axis=-1)
    dn, dz = dh * (1 - z) * (1 - n**2), dh * (before[0] - n) * z * (1 - z)
    dr = dn * inner * r * (1 - r)
    of_a = jnp.concatenate([dr, dz, dn * r], axis=-1)
    return jnp.concatenate([dr, dz, dn], axis=-1), of_a, (dh * z,)


CELLS: dict[str, Cell] = {
    "rnn": Cell(1, _rnn_step, _rnn_back),
    "lstm": Cell(4, _lstm_step, _lstm_back, kept=(4,), states=2),
    "gru": Cell(3, _gru_step, _gru_back, kept=(3, 1), biases=1),
}
