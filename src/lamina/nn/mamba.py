"""Mamba: a selective state-space layer."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core import random
from lamina.core.arrays import Array
from lamina.core.module import replace, static
from lamina.core.random import split, uniform
from lamina.core.shapes import Bool, Float
from lamina.nn.activation import silu
from lamina.nn.causal_convolution import CausalConv
from lamina.nn.linear import Linear
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.nn.state_space import wide
from lamina.ops.dense import dense
from lamina.ops.selective_scan import selective_scan

SHORTEST, LONGEST = 1e-3, 1e-1  # steps Δ at first, Gu and Dao 2023, section 3.6


class Mamba(AbstractSequenceLayer):
    """Selective state space: h_t = exp(Δ_t A) h_{t-1} + Δ_t B_t x_t, y_t = C_t h_t + D x_t, gated.

    x and the gate z are projections of the input, x passes a short causal convolution and SiLU; Δ, B and C
    are functions of x, so the input decides what the state keeps. y · silu(z) is projected back. Parameters
    are named and shaped as in the paper's code and `transformers`.

    Args:
        width: features, ≥ 1.
        state: n, numbers of the state a feature; more remember more.
        kernel_size: positions of the convolution.
        expand: inner features a feature of ``width``.
        rank: of the projection to Δ; ⌈width / 16⌉ when None.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same. O(batch · time · inner · (width + state)), inner = expand · width

    Example:
        >>> Mamba(8, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Gu, Dao. Mamba: linear-time sequence modeling with selective state spaces. 2023.
    """

    in_proj: Linear
    conv1d: CausalConv
    x_proj: Linear
    dt_proj: Linear
    A_log: Float[Array, "d n"]
    D: Float[Array, " d"]
    out_proj: Linear
    rank: int = static()

    def __init__(
        self,
        width: int,
        *,
        state: int = 16,
        kernel_size: int = 4,
        expand: int = 2,
        rank: int | None = None,
        key: Any,
    ):
        keys, inner = split(key, 6), expand * width
        self.rank = math.ceil(width / 16) if rank is None else rank
        self.in_proj = Linear(width, 2 * inner, bias=False, key=keys[0])
        self.conv1d = CausalConv(inner, kernel_size=kernel_size, key=keys[1])
        self.x_proj = Linear(inner, self.rank + 2 * state, bias=False, key=keys[2])
        projection = Linear(self.rank, inner, key=keys[3])
        self.dt_proj = replace(projection, bias=step_bias(keys[4], inner))
        self.A_log = np.tile(np.log(np.arange(1, state + 1, dtype=np.float32)), (inner, 1))
        self.D = np.ones(inner, np.float32)
        self.out_proj = Linear(inner, width, bias=False, key=keys[5])

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        return self.extend(x, self.init_cache(x.shape[0], x.shape[1], x.dtype))[0]

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Return the zeros before the first position: of the convolution, and of the state in float32."""
        inner, state = self.A_log.shape
        return {
            "conv": self.conv1d.init_cache(batch, length, dtype),
            "state": jnp.zeros((batch, state, inner), jnp.float32),
        }

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the next positions, and convolution and state after them."""
        signal, gate = jnp.split(self.in_proj(x), 2, axis=-1)
        signal, conv = self.conv1d.extend(signal, cache["conv"])
        signal = silu(signal)
        state = self.A_log.shape[1]
        low, into, out_of = jnp.split(self.x_proj(signal), [self.rank, self.rank + state], axis=-1)
        y, state = selective_scan(
            signal,
            self._step(low),
            -jnp.exp(wide(self.A_log)).T,
            into,
            out_of,
            self.D,
            initial=cache["state"],
        )
        return self.out_proj(y * silu(gate)), {"conv": conv, "state": state}

    def _step(self, low: Array) -> Array:
        """Return Δ = softplus(W · low + bias), from the bias on in float32: it is small, and decides."""
        projected = wide(dense(low, self.dt_proj.weight.astype(low.dtype)))
        return jax.nn.softplus(projected + wide(self.dt_proj.bias)[None, None])


def step_bias(key: Any, count: int) -> Array:
    """Draw softplus⁻¹(Δ) with Δ log-uniform between `SHORTEST` and `LONGEST`.

    Args:
        key: random key.
        count: how many.

    Example:
        >>> bool((np.log1p(np.exp(step_bias(0, 100))) < 0.101).all())
        True
    """
    step = uniform(key, (count,), low=math.log(SHORTEST), high=math.log(LONGEST))
    xp = random.namespace(step)
    step = xp.exp(step)
    return step + xp.log(-xp.expm1(-step))
