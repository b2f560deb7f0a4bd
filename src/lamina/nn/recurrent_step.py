"""One step of a recurrent layer, for networks that have a state but no sequence."""

from __future__ import annotations

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.nn.linear import aligned
from lamina.nn.recurrent import GRU, LSTM, AbstractRecurrentLayer
from lamina.ops.affine import affine
from lamina.ops.recurrent_cells import CELLS


def gru_step(layer: GRU, x: Float[Array, "*b d"], state: Float[Array, "*b h"]) -> Float[Array, "*b h"]:
    """Return the state after one more input; the same as PyTorch's ``GRUCell``.

    Args:
        layer: whose weights are used.
        x: the input.
        state: before it.

    Example:
        >>> gru_step(GRU(3, 4, key=0), jnp.ones((5, 3)), jnp.zeros((5, 4))).shape
        (5, 4)
    """
    p, a = _both(layer, x, state)
    flat, zeros = state.reshape(-1, layer.width), jnp.zeros((layer.width,), a.dtype)
    return CELLS["gru"].step(p, a, (flat,), (zeros,))[0][0].reshape(state.shape)


def lstm_step(
    layer: LSTM, x: Float[Array, "*b d"], states: tuple[Float[Array, "*b h"], Float[Array, "*b h"]]
) -> tuple[Float[Array, "*b h"], Float[Array, "*b h"]]:
    """Return output and cell state after one more input; the same as PyTorch's ``LSTMCell``.

    Args:
        layer: whose weights are used.
        x: the input.
        states: output and cell state before it.

    Example:
        >>> h, c = lstm_step(LSTM(3, 4, key=0), jnp.ones((5, 3)), (jnp.zeros((5, 4)), jnp.zeros((5, 4))))
        >>> h.shape, c.shape
        ((5, 4), (5, 4))
    """
    p, a = _both(layer, x, states[0])
    flat = tuple(state.reshape(-1, layer.width) for state in states)
    h, c = (state.reshape(states[0].shape) for state in CELLS["lstm"].step(p, a, flat, ())[0])
    return h, c


def _both(layer: AbstractRecurrentLayer, x: Array, state: Array) -> tuple[Array, Array]:
    """Return the projections of input and state, rows of (…, gates · width)."""
    x, state = x.reshape(-1, x.shape[-1]), state.reshape(-1, state.shape[-1])
    sides = ((x, layer.weight_ih, layer.bias_ih), (state, layer.weight_hh, layer.bias_hh))
    p, a = (affine(side, weight.astype(side.dtype), aligned(bias, side[0])) for side, weight, bias in sides)
    return p, a
