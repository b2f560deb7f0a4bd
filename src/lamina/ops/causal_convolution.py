"""Convolution of every channel by itself over the last few positions, those before being a state."""

from __future__ import annotations

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.depthwise import depthwise_convolution
from lamina.ops.window import Window

WINDOW = Window((1, 1), (0, 0), (0, 0), (1, 1))


def causal_convolution(
    x: Float[Array, "b t d"],
    weight: Float[Array, "d one k"],
    bias: Float[Array, " d"] | None = None,
    *,
    state: Float[Array, "b s d"] | None = None,
) -> tuple[Float[Array, "b t d"], Float[Array, "b s d"]]:
    """Compute y_t = Σ_j w_j x_{t-k+1+j} + bias: each position sees itself and the k - 1 before.

    Args:
        x: the sequence.
        weight: k taps a channel, the last for the position itself, in the shape of PyTorch's Conv1d.
        bias: one number a channel.
        state: the k - 1 positions before the first; zeros without.

    Returns:
        y, and the last k - 1 positions, the state of what follows. O(b·t·d·k).

    Example:
        >>> y, state = causal_convolution(jnp.ones((1, 4, 1)), jnp.ones((1, 1, 3)))
        >>> y[0, :, 0].tolist(), state.shape
        ([1.0, 2.0, 3.0, 3.0], (1, 2, 1))
    """
    taps = weight.shape[-1]
    if state is None:
        state = jnp.zeros((x.shape[0], taps - 1, x.shape[2]), x.dtype)
    longer = jnp.concatenate([state.astype(x.dtype), x], axis=1)
    y = depthwise_convolution(longer[:, None], weight[:, :, None].astype(x.dtype), WINDOW)[:, 0]
    if bias is not None:
        y = y + bias.astype(x.dtype)[None, None]
    return y, longer[:, x.shape[1] :]
