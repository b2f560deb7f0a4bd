"""Linear state-space layers whose matrices do not depend on the input: S4D and the linear recurrent unit.

Both are y = C h with h_t = Λ h_{t-1} + B x_t for a diagonal, complex Λ, then GELU and a gated linear unit
that mixes features.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core import random
from lamina.core.arrays import Array
from lamina.core.module import static
from lamina.core.random import split, uniform
from lamina.core.shapes import Bool, Float
from lamina.nn.activation import gelu, sigmoid
from lamina.nn.initializers import lecun_normal
from lamina.nn.linear import Linear
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.ops.linear_recurrence import linear_recurrence
from lamina.ops.long_convolution import long_convolution, modes_kernel


class S4D(AbstractSequenceLayer):
    """State space with a diagonal matrix: h' = A h + x for each feature, y = 2 Re(C h) + D x, then mixed.

    Discretized by zero-order hold with a step Δ a feature, h_t = e^{ΔA} h_{t-1} + x_t and
    y_t = 2 Re(C (e^{ΔA} - 1)/A · h_t) + D x_t. A begins as S4D-Lin, A_n = -½ + iπn: damped waves of every
    frequency. Over a sequence it is a long convolution by FFT, O(t log t), position by position a recurrence.

    Args:
        width: features, ≥ 1.
        state: complex numbers of the state a feature, ≥ 1; each stands for itself and its conjugate.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same. O(batch · width · time · log time) over a sequence,
        O(batch · width · (state + width)) a position by the cache

    Example:
        >>> S4D(8, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Gu, Gupta, Goel, Ré. On the parameterization and initialization of diagonal state space models.
        NeurIPS 2022.
    """

    step_log: Float[Array, " d"]
    A_real_log: Float[Array, "d n"]
    A_imag: Float[Array, "d n"]
    C: Float[Array, "d n two"]
    D: Float[Array, " d"]
    mix: Linear

    def __init__(self, width: int, *, state: int = 32, key: Any):
        step_key, output_key, through_key, mix_key = split(key, 4)
        self.step_log = uniform(step_key, (width,), low=math.log(1e-3), high=math.log(1e-1))
        self.A_real_log = np.full((width, state), math.log(0.5), np.float32)
        self.A_imag = np.tile(math.pi * np.arange(state, dtype=np.float32), (width, 1))
        self.C = random.normal(output_key, (width, state, 2)) * np.float32(math.sqrt(0.5))
        self.D = random.normal(through_key, (width,))
        self.mix = Linear(width, 2 * width, key=mix_key)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        exponent, output = self.modes()
        y = long_convolution(x, modes_kernel(exponent, output, x.shape[1]))
        return self._mixed(y, x)

    def init_cache(self, batch: int, length: int, dtype: Any) -> Any:
        """Return the state before the first position, (batch, state, width) complex zeros."""
        width, state = self.A_imag.shape
        return jnp.zeros((batch, state, width), jnp.complex64)

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the next positions, and the state after them."""
        exponent, output = self.modes()
        decay, output = jnp.exp(exponent).T[None], output.T[None]

        def step(state: Any, x: Any) -> tuple[Any, Any]:
            state = decay * state + jax.lax.complex(x, jnp.zeros_like(x))[:, None]
            return state, (state.real * output.real - state.imag * output.imag).sum(1)

        state, y = jax.lax.scan(step, cache, jnp.moveaxis(wide(x), 1, 0))
        return self._mixed(jnp.moveaxis(y, 0, 1), x), state

    def modes(self) -> tuple[Any, Any]:
        """Return Δ A and 2 C (e^{ΔA} - 1)/A, both (width, state)."""
        eigenvalues = jax.lax.complex(-jnp.exp(wide(self.A_real_log)), wide(self.A_imag))
        step = jnp.exp(wide(self.step_log))[:, None]
        exponent = eigenvalues * jax.lax.complex(step, jnp.zeros_like(step))
        output = jax.lax.complex(*jnp.moveaxis(wide(self.C), -1, 0))
        return exponent, 2.0 * output * (jnp.exp(exponent) - 1.0) / eigenvalues

    def _mixed(self, y: Array, x: Array) -> Array:
        return gated(self.mix, y + wide(x) * wide(self.D)[None, None], x.dtype)


class LRU(AbstractSequenceLayer):
    """Linear recurrent unit: h_t = λ h_{t-1} + γ B x_t with complex λ, y = Re(C h) + D x, then mixed.

    |λ| = e^{-e^ν} < 1 whatever is learned, and γ = √(1 - |λ|²) at first keeps the state's scale. One state
    for all features, unlike S4D's one a feature.

    Args:
        width: features, ≥ 1.
        state: complex numbers of the state; ``width`` when None.
        least: smallest |λ| at first, in [0, 1); nearer to one remembers for longer.
        most: largest |λ| at first.
        phase: largest angle of λ at first; smaller for long sequences.
        key: random key or seed.

    Shapes:
        (batch, time, width) → the same. O(batch · time · width · (state + width))

    Example:
        >>> LRU(8, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)

    References:
        Orvieto et al. Resurrecting recurrent neural networks for long sequences. ICML 2023.
    """

    nu_log: Float[Array, " n"]
    theta_log: Float[Array, " n"]
    gamma_log: Float[Array, " n"]
    B: Linear
    C: Linear
    D: Float[Array, " d"]
    mix: Linear
    state: int = static()

    def __init__(
        self,
        width: int,
        *,
        state: int | None = None,
        least: float = 0.5,
        most: float = 0.999,
        phase: float = 2 * math.pi,
        key: Any,
    ):
        radius_key, phase_key, in_key, out_key, through_key, mix_key = split(key, 6)
        self.state = width if state is None else state
        area = uniform(radius_key, (self.state,), low=least**2, high=most**2)  # uniform on the ring
        xp = random.namespace(area)
        area = xp.maximum(area, np.float32(1e-6))
        self.nu_log = xp.log(np.float32(-0.5) * xp.log(area))
        self.theta_log = xp.log(uniform(phase_key, (self.state,)) * np.float32(phase) + np.float32(1e-4))
        self.gamma_log = np.float32(0.5) * xp.log1p(-area)
        self.B = Linear(width, 2 * self.state, bias=False, initializer=half_normal, key=in_key)
        self.C = Linear(2 * self.state, width, bias=False, initializer=lecun_normal, key=out_key)
        self.D = random.normal(through_key, (width,))
        self.mix = Linear(width, 2 * width, key=mix_key)

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
        """Return the state before the first position, (batch, state) complex zeros."""
        return jnp.zeros((batch, self.state), jnp.complex64)

    def extend(self, x: Float[Array, "b t d"], cache: Any) -> tuple[Float[Array, "b t d"], Any]:
        """Return the next positions, and the state after them."""
        entered = wide(self.B(x)) * jnp.tile(jnp.exp(wide(self.gamma_log)), 2)[None, None]
        decay = jnp.exp(jax.lax.complex(-jnp.exp(wide(self.nu_log)), jnp.exp(wide(self.theta_log))))
        inputs = jax.lax.complex(entered[..., : self.state], entered[..., self.state :])
        states = linear_recurrence(decay[None, None], inputs, cache)
        # Re(C h) = Re C · Re h - Im C · Im h, the second sign being learned.
        y = self.C(jnp.concatenate([states.real, states.imag], axis=-1).astype(x.dtype))
        y = wide(y) + wide(x) * wide(self.D)[None, None]
        return gated(self.mix, y, x.dtype), states[:, -1]


def wide(array: Any) -> Any:
    """Return an array in float32: rates and states are computed in it, whatever the arithmetic of the rest.

    Args:
        array: of any type of numbers.

    Example:
        >>> wide(jnp.ones(1, jnp.bfloat16)).dtype.name
        'float32'
    """
    return jnp.asarray(array).astype(jnp.float32)


def half_normal(key: Any, shape: tuple[int, ...]) -> Array:
    """Draw from N(0, 1/(2·in)): real and imaginary parts of a complex number of variance 1/in.

    Example:
        >>> round(float(half_normal(0, (500, 50)).std()), 2)
        0.1
    """
    return lecun_normal(key, shape) * np.float32(math.sqrt(0.5))


def gated(mix: Linear, y: Array, dtype: Any) -> Array:
    """Return W₁ g · σ(W₂ g) with g = gelu(y): a gated linear unit over features.

    Args:
        mix: W₁ and W₂, one above the other, with their biases.
        y: (batch, time, features), float32.
        dtype: of the result.

    Example:
        >>> gated(Linear(3, 6, key=0), jnp.ones((2, 4, 3)), jnp.float32).shape
        (2, 4, 3)
    """
    value, gate = jnp.split(mix(gelu(y.astype(dtype))), 2, axis=-1)
    return value * sigmoid(gate)
