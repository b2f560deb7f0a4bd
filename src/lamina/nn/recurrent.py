"""Recurrent layers: a state that goes from position to position."""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.module import static
from lamina.core.random import split, uniform
from lamina.core.shapes import Bool, Float
from lamina.nn.sequence import AbstractSequenceLayer
from lamina.ops.affine import affine
from lamina.ops.recurrence import gru, lstm, rnn

State = tuple[Array, ...]


class AbstractRecurrentLayer(AbstractSequenceLayer):
    """What recurrent layers share: parameters as PyTorch has them, and one product for all inputs.

    The state is float32 whatever the type of the inputs; a position that is not ``present`` leaves it as it
    is and gives it as output.
    """

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    weight_ih: Float[Array, "g d"]
    weight_hh: Float[Array, "g h"]
    bias_ih: Float[Array, " g"]
    bias_hh: Float[Array, " g"]
    inputs: int = static()
    width: int = static()
    reverse: bool = static()

    def __init__(self, inputs: int, width: int, *, reverse: bool = False, key: Any):
        self.inputs, self.width, self.reverse = inputs, width, reverse
        keys, bound, rows = split(key, 4), 1.0 / math.sqrt(width), self.gates * width
        self.weight_ih = uniform(keys[0], (rows, inputs), low=-bound, high=bound)
        self.weight_hh = uniform(keys[1], (rows, width), low=-bound, high=bound)
        self.bias_ih = uniform(keys[2], (rows,), low=-bound, high=bound)
        self.bias_hh = uniform(keys[3], (rows,), low=-bound, high=bound)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        present: Bool[Array, "b t"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t h"]:
        state = self.init_cache(x.shape[0], x.shape[1], x.dtype)
        return self._read(self._projected(x), state, present)[0]

    def init_cache(self, batch: int, length: int, dtype: Any) -> State:
        """Return zeros: the states (batch, width) before the first position, in float32."""
        return (jnp.zeros((batch, self.width), jnp.float32),) * self.states

    def extend(self, x: Float[Array, "b t d"], cache: State) -> tuple[Float[Array, "b t h"], State]:
        """Return the outputs of the next positions and the states behind them; see `AbstractSequenceLayer`.

        Raises:
            ConfigError: the layer reads from the last position to the first.
        """
        if self.reverse:
            raise ConfigError(
                "a layer that reads from the last position to the first cannot go on behind it",
                where=self.path,
                expected="reverse=False",
                received="reverse=True",
            )
        return self._read(self._projected(x), cache, None)

    def _projected(self, x: Float[Array, "b t d"]) -> Float[Array, "b t g"]:
        if x.shape[-1] != self.inputs:
            raise ShapeError(
                "wrong shape", where=self.path, expected=f"last axis {self.inputs}", received=tuple(x.shape)
            )
        return affine(x, self.weight_ih.astype(x.dtype), self._input_bias().astype(x.dtype))

    def _input_bias(self) -> Float[Array, " g"]:
        """Return what is added to the projections: both biases, as far as they are only summed."""
        return self.bias_ih + self.bias_hh

    @abc.abstractmethod
    def _read(self, projections: Array, state: State, present: Array | None) -> tuple[Any, State]:
        """Return the outputs at all positions, and the states after them."""


class RNN(AbstractRecurrentLayer):
    """A vanilla recurrent layer: h_t = tanh(W_ih · x_t + b_ih + W_hh · h_{t-1} + b_hh).

    The simplest memory; over tens of positions its gradient fades or grows, where `LSTM` and `GRU` keep it.
    O(batch · time · width · (inputs + width)); positions are read one after another.

    Args:
        inputs: number of features that come, ≥ 1.
        width: numbers of the state, which are the outputs, ≥ 1.
        reverse: read from the last position to the first.
        key: random key or seed; parameters begin as in PyTorch, U(±1/√width).

    Shapes:
        (batch, time, inputs) → (batch, time, width); ``present`` (batch, time) says what is there;
        ``weight_ih`` (width, inputs), ``weight_hh`` (width, width), ``bias_ih`` and ``bias_hh`` (width,)

    Example:
        >>> RNN(3, 4, key=0)(jnp.ones((2, 5, 3))).shape
        (2, 5, 4)

    References:
        Elman. Finding structure in time. Cognitive Science 1990.
    """

    gates = 1

    def _read(self, projections: Array, state: State, present: Array | None) -> tuple[Any, State]:
        y, last = rnn(projections, self.weight_hh, state[0], present=present, reverse=self.reverse)
        return y, (last,)


class LSTM(AbstractRecurrentLayer):
    """Long short-term memory: a cell state that gates write to, keep and read.

    With (i, f, g, o) = W_ih · x_t + b_ih + W_hh · h_{t-1} + b_hh:
    c_t = σ(f) ⊙ c_{t-1} + σ(i) ⊙ tanh(g),  h_t = σ(o) ⊙ tanh(c_t).
    The recurrent layer to begin with. O(batch · time · width · (inputs + width)), four times `RNN`.

    Args:
        inputs: number of features that come, ≥ 1.
        width: numbers of the state, which are the outputs, ≥ 1.
        reverse: read from the last position to the first.
        key: random key or seed; parameters begin as in PyTorch, U(±1/√width).

    Shapes:
        (batch, time, inputs) → (batch, time, width); ``present`` (batch, time) says what is there;
        ``weight_ih`` (4 · width, inputs), ``weight_hh`` (4 · width, width), ``bias_ih`` and ``bias_hh``
        (4 · width,)

    Example:
        >>> layer = LSTM(3, 4, key=0)
        >>> x = jnp.ones((2, 5, 3))
        >>> y, cache = layer.extend(x[:, :2], layer.init_cache(2, 5, x.dtype))
        >>> y, cache = layer.extend(x[:, 2:], cache)
        >>> bool(jnp.allclose(y, layer(x)[:, 2:], atol=1e-6))
        True

    References:
        Hochreiter, Schmidhuber. Long short-term memory. Neural Computation 1997. Gers, Schmidhuber, Cummins.
        Learning to forget. Neural Computation 2000: the forget gate.
    """

    gates = 4
    states = 2

    def _read(self, projections: Array, state: State, present: Array | None) -> tuple[Any, State]:
        before = (state[0], state[1])
        return lstm(projections, self.weight_hh, before, present=present, reverse=self.reverse)


class GRU(AbstractRecurrentLayer):
    """Gated recurrent units: one gate forgets while it writes, another hides the state from the candidate.

    With p = W_ih · x_t + b_ih and a = W_hh · h_{t-1} + b_hh, in parts r, z, n:
    r = σ(p_r + a_r),  z = σ(p_z + a_z),  n = tanh(p_n + r ⊙ a_n),  h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}.
    Three quarters of the work of `LSTM`, and mostly as good. O(batch · time · width · (inputs + width)).

    Args:
        inputs: number of features that come, ≥ 1.
        width: numbers of the state, which are the outputs, ≥ 1.
        reverse: read from the last position to the first.
        key: random key or seed; parameters begin as in PyTorch, U(±1/√width).

    Shapes:
        (batch, time, inputs) → (batch, time, width); ``present`` (batch, time) says what is there;
        ``weight_ih`` (3 · width, inputs), ``weight_hh`` (3 · width, width), ``bias_ih`` and ``bias_hh``
        (3 · width,)

    Example:
        >>> present = jnp.arange(5)[None] < jnp.array([[5], [3]])
        >>> y = GRU(3, 4, key=0)(jnp.ones((2, 5, 3)), present=present)
        >>> bool((y[1, 4] == y[1, 2]).all())
        True

    References:
        Cho et al. Learning phrase representations using RNN encoder-decoder. EMNLP 2014; as cuDNN and PyTorch
        have it, with the reset gate behind the product.
    """

    gates = 3

    def _input_bias(self) -> Float[Array, " g"]:
        inside = jnp.arange(self.gates * self.width) >= 2 * self.width  # what the reset gate multiplies
        return self.bias_ih + jnp.where(inside, 0, self.bias_hh)

    def _read(self, projections: Array, state: State, present: Array | None) -> tuple[Any, State]:
        bias = self.bias_hh[2 * self.width :]
        y, last = gru(projections, self.weight_hh, bias, state[0], present=present, reverse=self.reverse)
        return y, (last,)
