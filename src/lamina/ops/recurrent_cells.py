"""One step of each recurrent layer, forward and backward, as XLA computes it.

A cell's states are arrays (b, h), the first of which is its output. ``p`` (b, g·h) are the projections of the
input, ``a`` = h · Wᵀ (b, g·h) what the recurrent weights make of the state; g is the number of gates.
"""

from __future__ import annotations

import abc
from typing import Any

import jax.numpy as jnp
from jax.nn import sigmoid

from lamina.core.arrays import Array

States = tuple[Array, ...]


class AbstractCell(abc.ABC):
    """One step of a recurrent layer and its gradient, written out.

    Example:
        >>> CELLS["lstm"].gates, CELLS["lstm"].kept(8)
        (4, (32,))
    """

    gates: int
    states: int = 1  # arrays that go from step to step
    biases: int = 0  # operands after the states: biases of what the recurrent weights make

    @abc.abstractmethod
    def kept(self, width: int) -> tuple[int, ...]:
        """Return the widths of the arrays that the backward pass needs beside the states."""

    @abc.abstractmethod
    def step(self, p: Array, a: Array, states: States, biases: States) -> tuple[States, States]:
        """Return the next states, and what the backward pass needs beside them."""

    @abc.abstractmethod
    def back(
        self, change: States, kept: States, before: States, after: States
    ) -> tuple[Array, Array, States]:
        """Return the gradients of p, of a, and of the states before, without what goes through a.

        Args:
            change: gradients of the states after the step.
            kept: what `step` returned.
            before: the states before the step.
            after: the states after it.
        """


class RNNCell(AbstractCell):
    """h' = tanh(p + a)."""

    gates = 1

    def kept(self, width: int) -> tuple[int, ...]:
        return ()

    def step(self, p: Array, a: Array, states: States, biases: States) -> tuple[States, States]:
        return (jnp.tanh(p + a),), ()

    def back(
        self, change: States, kept: States, before: States, after: States
    ) -> tuple[Array, Array, States]:
        slope = change[0] * (1 - after[0] ** 2)
        return slope, slope, (jnp.zeros_like(slope),)


class LSTMCell(AbstractCell):
    """With i, f, o = σ and g = tanh of the four parts of p + a: c' = f·c + i·g, h' = o·tanh(c')."""

    gates, states = 4, 2

    def kept(self, width: int) -> tuple[int, ...]:
        return (4 * width,)

    def step(self, p: Array, a: Array, states: States, biases: States) -> tuple[States, States]:
        i, f, g, o = jnp.split(p + a, 4, axis=-1)
        i, f, g, o = sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)
        c = f * states[1] + i * g
        return (o * jnp.tanh(c), c), (jnp.concatenate([i, f, g, o], axis=-1),)

    def back(
        self, change: States, kept: States, before: States, after: States
    ) -> tuple[Array, Array, States]:
        dh, dc = change
        i, f, g, o = jnp.split(kept[0], 4, axis=-1)
        tangent = jnp.tanh(after[1])
        dc = dc + dh * o * (1 - tangent**2)
        di, df, dg = dc * g * i * (1 - i), dc * before[1] * f * (1 - f), dc * i * (1 - g**2)
        slope = jnp.concatenate([di, df, dg, dh * tangent * o * (1 - o)], axis=-1)
        return slope, slope, (jnp.zeros_like(dh), dc * f)


class GRUCell(AbstractCell):
    """With r, z = σ of two parts of p + a, and n = tanh(pₙ + r·(aₙ + b)): h' = n + z·(h - n)."""

    gates, biases = 3, 1

    def kept(self, width: int) -> tuple[int, ...]:
        return 3 * width, width

    def step(self, p: Array, a: Array, states: States, biases: States) -> tuple[States, States]:
        (pr, pz, pn), (ar, az, an) = jnp.split(p, 3, axis=-1), jnp.split(a, 3, axis=-1)
        r, z, inner = sigmoid(pr + ar), sigmoid(pz + az), an + biases[0][None]
        n = jnp.tanh(pn + r * inner)
        return (n + z * (states[0] - n),), (jnp.concatenate([r, z, n], axis=-1), inner)

    def back(
        self, change: States, kept: States, before: States, after: States
    ) -> tuple[Array, Array, States]:
        (dh,), (gates, inner) = change, kept
        r, z, n = jnp.split(gates, 3, axis=-1)
        dn, dz = dh * (1 - z) * (1 - n**2), dh * (before[0] - n) * z * (1 - z)
        dr = dn * inner * r * (1 - r)
        of_a = jnp.concatenate([dr, dz, dn * r], axis=-1)
        return jnp.concatenate([dr, dz, dn], axis=-1), of_a, (dh * z,)


CELLS: dict[str, AbstractCell] = {"rnn": RNNCell(), "lstm": LSTMCell(), "gru": GRUCell()}
