"""Mamba-2: a selective state space with one decay a head, computed by products of matrices."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core import random
from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, static
from lamina.core.random import split, uniform
from lamina.core.shapes import Bool, Float
from lamina.nn.activation import silu
from lamina.nn.causal_convolution import CausalConv
from lamina.nn.linear import Linear
from lamina.nn.mamba import step_bias
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.nn.state_space import wide
from lamina.ops.chunked_ssd import chunked_ssd

LARGEST_RATE = 16.0  # -A at first is uniform between 1 and this, as in the paper's code


class GatedRMSNorm(Module):
    """y = v / √(mean v² + ε) · weight with v = x · silu(z), each group of features by itself. O(size).

    Args:
        features: of a position.
        groups: equal parts of the features.
        epsilon: ε > 0.

    Shapes:
        x and z (batch, time, features) → the same

    Example:
        >>> GatedRMSNorm(4)(jnp.ones((1, 2, 4)), jnp.ones((1, 2, 4))).shape
        (1, 2, 4)
    """

    weight: Float[Array, " d"]
    groups: int = static()
    epsilon: float = static()

    def __init__(self, features: int, *, groups: int = 1, epsilon: float = 1e-5):
        self.weight, self.groups, self.epsilon = np.ones(features, np.float32), groups, epsilon

    def __call__(self, x: Float[Array, "b t d"], gate: Float[Array, "b t d"]) -> Float[Array, "b t d"]:
        gated = wide(x) * silu(wide(gate))
        parts = gated.reshape(*x.shape[:2], self.groups, -1)
        parts = parts * jax.lax.rsqrt((parts * parts).mean(-1, keepdims=True) + self.epsilon)
        return (parts.reshape(x.shape) * wide(self.weight)[None, None]).astype(x.dtype)


class Mamba2(AbstractSequenceLayer):
    """Selective state space by heads: h_t = exp(Δ_t A) h_{t-1} + Δ_t B_t x_tᵀ, y_t = C_tᵀ h_t + D x_t.

    One projection gives the gate, x, B, C and Δ; x, B and C pass a short causal convolution and SiLU. A is
    one number a head, so the scan becomes products of matrices (`lamina.ops.chunked_ssd`) and the state may
    be larger than Mamba's. Parameters are named and shaped as in the paper's code and `transformers`.

    Args:
        width: features, ≥ 1; ``expand · width`` must be a multiple of ``head_width``.
        state: n, numbers of the state a feature.
        head_width: features of a head.
        kernel_size: positions of the convolution.
        expand: inner features a feature of ``width``.
        groups: heads of a group share B and C.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same. O(batch · time · inner · (width + state + chunk))

    Raises:
        ConfigError: heads or groups do not divide the features.

    Example:
        >>> Mamba2(8, head_width=4, state=4, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Dao, Gu. Transformers are SSMs. ICML 2024, section 7.
    """

    in_proj: Linear
    conv1d: CausalConv
    dt_bias: Float[Array, " h"]
    A_log: Float[Array, " h"]
    D: Float[Array, " h"]
    norm: GatedRMSNorm
    out_proj: Linear
    state: int = static()
    groups: int = static()

    def __init__(
        self,
        width: int,
        *,
        state: int = 64,
        head_width: int = 64,
        kernel_size: int = 4,
        expand: int = 2,
        groups: int = 1,
        key: Any,
    ):
        keys, inner = split(key, 5), expand * width
        heads = inner // head_width
        if heads * head_width != inner or heads % groups:
            raise ConfigError(
                "heads do not divide the features",
                expected=f"{inner} features in heads of {head_width}, and those in {groups} groups",
                received=f"{inner / head_width:g} heads",
            )
        self.state, self.groups = state, groups
        convolved = inner + 2 * groups * state
        self.in_proj = Linear(width, inner + convolved + heads, bias=False, key=keys[0])
        self.conv1d = CausalConv(convolved, kernel_size=kernel_size, key=keys[1])
        self.dt_bias = step_bias(keys[2], heads)
        above_one = uniform(keys[3], (heads,), high=LARGEST_RATE - 1.0)
        self.A_log = random.namespace(above_one).log1p(above_one)
        self.D = np.ones(heads, np.float32)
        self.norm = GatedRMSNorm(inner, groups=groups)
        self.out_proj = Linear(inner, width, bias=False, key=keys[4])

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
        heads, inner = self.D.shape[0], self.norm.weight.shape[0]
        return {
            "conv": self.conv1d.init_cache(batch, length, dtype),
            "state": jnp.zeros((batch, heads, self.state, inner // heads), jnp.float32),
        }

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the next positions, and convolution and state after them."""
        inner, (batch, time, _) = self.norm.weight.shape[0], x.shape
        heads, shared = self.D.shape[0], self.groups * self.state
        gate, signal, step = jnp.split(self.in_proj(x), [inner, 2 * inner + 2 * shared], axis=-1)
        signal, conv = self.conv1d.extend(signal, cache["conv"])
        signal, into, out_of = jnp.split(silu(signal), [inner, inner + shared], axis=-1)
        y, state = chunked_ssd(
            signal.reshape(batch, time, heads, -1),
            jax.nn.softplus(wide(step) + wide(self.dt_bias)[None, None]),
            -jnp.exp(wide(self.A_log)),
            into.reshape(batch, time, self.groups, -1),
            out_of.reshape(batch, time, self.groups, -1),
            self.D,
            initial=cache["state"],
        )
        y = self.norm(y.reshape(batch, time, inner), gate)
        return self.out_proj(y), {"conv": conv, "state": state}
