"""The part of a transformer block that treats every position by itself."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Bool, Float
from lamina.nn.activation import ACTIVATIONS
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import Initializer, fan_in_uniform
from lamina.nn.linear import Linear


class FeedForward(Module):
    """Two weighted sums with an activation between them: y = W₂ · f(W₁ · x + b₁) + b₂.

    O(batch · width · hidden).

    Args:
        width: features of each position.
        hidden: features between the sums; four times ``width`` without.
        activation: name in `lamina.nn.ACTIVATIONS`.
        bias: add b₁ and b₂.
        initializer: how W₁ begins.
        out_initializer: how W₂ begins: smaller where many branches are added up.
        rate: dropout on the output.
        key: random key or seed.

    Shapes:
        (*batch, width) → the same; which positions are ``present`` changes nothing, since each is by itself

    Example:
        >>> import jax.numpy as jnp
        >>> FeedForward(4, key=0)(jnp.ones((2, 5, 4))).shape
        (2, 5, 4)

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.3.
    """

    first: Linear
    second: Linear
    dropout: Dropout
    activation: str = static()

    def __init__(
        self,
        width: int,
        *,
        hidden: int | None = None,
        activation: str = "gelu",
        bias: bool = True,
        initializer: Initializer = fan_in_uniform,
        out_initializer: Initializer = fan_in_uniform,
        rate: float = 0.0,
        key: Any,
    ):
        hidden = 4 * width if hidden is None else hidden
        first_key, second_key = split(key, 2)
        self.first = Linear(width, hidden, bias=bias, initializer=initializer, key=first_key)
        self.second = Linear(hidden, width, bias=bias, initializer=out_initializer, key=second_key)
        self.dropout, self.activation = Dropout(rate), ACTIVATIONS[activation].__name__

    def __call__(
        self,
        x: Float[Array, "*b d"],
        *,
        present: Bool[Array, "*b"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "*b d"]:
        return self.dropout(self.second(self.first(x, activation=self.activation)), key=key, train=train)


class GatedFeedForward(Module):
    """A weighted sum gated by another, and one back: y = W₂ · (f(W_g · x) ⊙ W₁ · x); SwiGLU for f = SiLU.

    O(batch · width · hidden).

    Args:
        width: features of each position.
        hidden: features that are gated; without, 8/3 of ``width``, rounded up to a multiple of eight, which
            makes as many weights as `FeedForward` has.
        activation: f, a name in `lamina.nn.ACTIVATIONS`.
        bias: add biases.
        initializer: how W_g and W₁ begin.
        out_initializer: how W₂ begins: smaller where many branches are added up.
        rate: dropout on the output.
        key: random key or seed.

    Shapes:
        (*batch, width) → the same; ``first.weight`` (2 · hidden, width), the rows of W_g before those of W₁;
        which positions are ``present`` changes nothing, since each is by itself

    Example:
        >>> import jax.numpy as jnp
        >>> layer = GatedFeedForward(6, key=0)
        >>> layer(jnp.ones((2, 5, 6))).shape, layer.second.inputs
        ((2, 5, 6), 16)

    References:
        Shazeer. GLU variants improve transformer. 2020.
    """

    first: Linear
    second: Linear
    dropout: Dropout
    activation: str = static()

    def __init__(
        self,
        width: int,
        *,
        hidden: int | None = None,
        activation: str = "silu",
        bias: bool = False,
        initializer: Initializer = fan_in_uniform,
        out_initializer: Initializer = fan_in_uniform,
        rate: float = 0.0,
        key: Any,
    ):
        hidden = -(-8 * width // 24) * 8 if hidden is None else hidden
        first_key, second_key = split(key, 2)
        self.first = Linear(width, 2 * hidden, bias=bias, initializer=initializer, key=first_key)
        self.second = Linear(hidden, width, bias=bias, initializer=out_initializer, key=second_key)
        self.dropout, self.activation = Dropout(rate), ACTIVATIONS[activation].__name__

    def __call__(
        self,
        x: Float[Array, "*b d"],
        *,
        present: Bool[Array, "*b"] | None = None,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "*b d"]:
        both = self.first(x)
        gate, value = both[..., : self.second.inputs], both[..., self.second.inputs :]
        return self.dropout(self.second(ACTIVATIONS[self.activation](gate) * value), key=key, train=train)
