"""Layers whose gains and shifts depend on a condition, such as a noise level or a class."""

from __future__ import annotations

from typing import Any, TypeVar

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ShapeError
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, replace, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.nn.activation import gelu, silu
from lamina.nn.attention import MultiHeadAttention
from lamina.nn.channels import GroupNorm
from lamina.nn.convolution import Conv
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import Initializer, glorot_uniform, he_normal, zeros
from lamina.nn.linear import Linear
from lamina.ops.layer_norm import layer_norm

L = TypeVar("L", Linear, Conv)


class AdaptiveNorm(Module):
    """Layer normalization whose gain and shift are linear in a condition: y = norm(x) · (1 + γ(c)) + β(c).

    (γ, β) = W · silu(c) + b, zero at first. O(size + batch · condition · width).

    Args:
        width: length of the last axis.
        condition: features of the condition.
        epsilon: ε > 0, keeps the division finite.
        initializer: how W begins.
        key: random key or seed.

    Shapes:
        (batch, *positions, width) and a condition (batch, condition) → the same as the first

    Example:
        >>> layer = AdaptiveNorm(4, 3, key=0)
        >>> layer(jnp.arange(8.0).reshape(2, 4), jnp.ones((2, 3))).shape
        (2, 4)

    References:
        Perez et al. FiLM: visual reasoning with a general conditioning layer. AAAI 2018.
    """

    modulation: Linear
    width: int = static()
    epsilon: float = static()

    def __init__(
        self, width: int, condition: int, *, epsilon: float = 1e-6, initializer: Initializer = zeros, key: Any
    ):
        self.width, self.epsilon = width, epsilon
        self.modulation = _modulation(condition, 2 * width, initializer, key)

    def __call__(
        self,
        x: Float[Array, "b *t d"],
        condition: Float[Array, "b c"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b *t d"]:
        if x.shape[-1] != self.width:
            expected = f"last axis {self.width}"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        gain, shift = _parts(self.modulation(silu(condition)), 2, x.ndim)
        return _normalized(x, self.epsilon) * (1 + gain) + shift


class AdaptiveBlock(Module):
    """Transformer block whose branches are scaled, shifted and gated by a condition (adaLN-zero).

    x + g₁(c) · attention(norm(x)·(1 + γ₁(c)) + β₁(c)), then the same with two weighted sums around a gelu.
    All gates are zero at first, so that the block begins as the identity.

    Args:
        width: features of a token.
        condition: features of the condition.
        heads: subspaces of the attention.
        hidden: features between the two sums; four times ``width`` without.
        dropout: probability in [0, 1) at the end of each branch.
        initializer: how the weights of γ, β and g begin.
        key: random key or seed.

    Shapes:
        (batch, tokens, width), with ``condition`` (batch, condition) → the same as the first

    Example:
        >>> block = AdaptiveBlock(8, 3, heads=2, key=0)
        >>> x = jnp.ones((2, 5, 8))
        >>> bool((block(x, condition=jnp.ones((2, 3))) == x).all())
        True

    References:
        Peebles, Xie. Scalable diffusion models with transformers. ICCV 2023, section 3.2.
    """

    modulation: Linear
    self_attention: MultiHeadAttention
    first: Linear
    second: Linear
    dropout: Dropout

    def __init__(
        self,
        width: int,
        condition: int,
        *,
        heads: int,
        hidden: int | None = None,
        dropout: float = 0.0,
        initializer: Initializer = zeros,
        key: Any,
    ):
        keys, hidden = split(key, 4), 4 * width if hidden is None else hidden
        self.modulation = _modulation(condition, 6 * width, initializer, keys[0])
        self.self_attention = MultiHeadAttention(width, heads=heads, rate=dropout, key=keys[1])
        self.first = Linear(width, hidden, initializer=glorot_uniform, key=keys[2])
        self.second = Linear(hidden, width, initializer=glorot_uniform, key=keys[3])
        self.dropout = Dropout(dropout)

    def __call__(
        self,
        x: Float[Array, "b t d"],
        *,
        condition: Float[Array, "b c"],
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b t d"]:
        keys = (None, None) if key is None else hashed_keys(key, 2)
        gain, shift, gate, gain_2, shift_2, gate_2 = _parts(self.modulation(silu(condition)), 6, x.ndim)
        seen = _normalized(x, 1e-6) * (1 + gain) + shift
        x = x + gate * self.self_attention(seen, key=keys[0], train=train)
        seen = _normalized(x, 1e-6) * (1 + gain_2) + shift_2
        return x + gate_2 * self.dropout(self.second(gelu(self.first(seen))), key=keys[1], train=train)


class AdaptiveConvBlock(Module):
    """Residual block of two 3 × 3 convolutions, whose second normalization is scaled by a condition.

    h = conv₁(silu(norm₁(x))), then skip(x) + conv₂(dropout(silu(norm₂(h)·(1 + γ(c)) + β(c)))); conv₂ is zero
    at first. Norms are over groups of channels. O(batch · positions · outputs · (inputs + outputs) · 9).

    Args:
        inputs: channels that come.
        outputs: channels that leave; where they differ, a weighted sum stands beside the convolutions.
        condition: features of the condition.
        dropout: probability in [0, 1).
        initializer: how conv₂ and the weights of γ and β begin.
        key: random key or seed.

    Shapes:
        (batch, y, x, inputs) and a condition (batch, condition) → (batch, y, x, outputs)

    Example:
        >>> block = AdaptiveConvBlock(4, 6, 3, key=0)
        >>> block(jnp.ones((2, 5, 5, 4)), jnp.ones((2, 3))).shape
        (2, 5, 5, 6)

    References:
        Dhariwal, Nichol. Diffusion models beat GANs on image synthesis. NeurIPS 2021, section 3.1.
    """

    norm1: GroupNorm
    conv1: Conv
    modulation: Linear
    norm2: GroupNorm
    conv2: Conv
    skip: Linear | None
    dropout: Dropout

    def __init__(
        self,
        inputs: int,
        outputs: int,
        condition: int,
        *,
        dropout: float = 0.0,
        initializer: Initializer = zeros,
        key: Any,
    ):
        keys = split(key, 4)
        self.norm1, self.norm2 = GroupNorm(groups_of(inputs), inputs), GroupNorm(groups_of(outputs), outputs)
        self.conv1 = Conv(inputs, outputs, initializer=he_normal, key=keys[0])
        self.conv2 = without_bias(Conv(outputs, outputs, initializer=initializer, key=keys[1]))
        self.modulation = _modulation(condition, 2 * outputs, initializer, keys[2])
        self.skip = None if inputs == outputs else Linear(inputs, outputs, key=keys[3])
        self.dropout = Dropout(dropout)

    def __call__(
        self,
        x: Float[Array, "b y x i"],
        condition: Float[Array, "b c"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b y x o"]:
        gain, shift = _parts(self.modulation(silu(condition)), 2, 2)
        hidden = self.conv1(self.norm1(x, activation="silu"))
        hidden = self.norm2(hidden, gain=gain, shift=shift, activation="silu")
        hidden = self.conv2(self.dropout(hidden, key=key, train=train))
        return hidden + (x if self.skip is None else self.skip(x))


def groups_of(width: int) -> int:
    """Return into how many groups channels are cut: 8 or the largest smaller power of two that divides them.

    Example:
        >>> groups_of(64), groups_of(12), groups_of(3)
        (8, 4, 1)
    """
    return next(groups for groups in (8, 4, 2, 1) if width % groups == 0)


def without_bias(layer: L) -> L:
    """Return a layer whose bias begins at zero.

    Args:
        layer: a `Linear` or a `Conv` with a bias.

    Example:
        >>> bool((without_bias(Linear(3, 2, key=0)).bias == 0).all())
        True
    """
    bias: Any = layer.bias
    return replace(layer, bias=bias * np.float32(0))


def _modulation(condition: int, outputs: int, initializer: Initializer, key: Any) -> Linear:
    return without_bias(Linear(condition, outputs, initializer=initializer, key=key))


def _parts(found: Array, count: int, rank: int) -> list[Array]:
    """Cut (batch, count · width) into arrays (batch, 1, …, width) of this rank."""
    batch, width = found.shape[0], found.shape[1] // count
    return [
        found[:, n * width : (n + 1) * width].reshape(batch, *(1,) * (rank - 2), width) for n in range(count)
    ]


def _normalized(x: Array, epsilon: float) -> Array:
    width = x.shape[-1]
    return layer_norm(x, jnp.ones(width, x.dtype), jnp.zeros(width, x.dtype), epsilon=epsilon)
