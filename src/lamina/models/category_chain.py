"""The probability of several categories, each given those before it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.module import Module, replace, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.models.coupling import close_to_zero
from lamina.nn.activation import relu
from lamina.nn.adaptive import without_bias
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear

_EDGE = 1e-6  # keeps the logarithms of uniform numbers finite
_NEVER = -1e30


class MaskedLinear(Module):
    """A weighted sum without the weights from features of a higher degree: y = f((W ∘ M)·x + b).

    M is 1 where the degree of the output is that of the input or more. O(batch · in · out).

    Args:
        inputs: degree of each feature that comes.
        outputs: degree of each feature that leaves.
        initializer: how W begins.
        key: random key or seed.

    Shapes:
        (batch, inputs) → (batch, outputs)
    """

    linear: Linear
    inputs: tuple[int, ...] = static()
    outputs: tuple[int, ...] = static()

    def __init__(
        self, inputs: tuple[int, ...], outputs: tuple[int, ...], *, initializer: Any = he_normal, key: Any
    ):
        self.inputs, self.outputs = inputs, outputs
        self.linear = without_bias(Linear(len(inputs), len(outputs), initializer=initializer, key=key))

    def __call__(
        self, x: Float[Array, "b i"], *, activation: str = "identity", key: Any = None, train: bool = False
    ) -> Float[Array, "b o"]:
        mask = np.array(self.outputs)[:, None] >= np.array(self.inputs)
        masked = jnp.where(mask, self.linear.weight, jnp.zeros((), self.linear.weight.dtype))
        masked_layer = replace(self.linear, weight=masked)
        return masked_layer(x, activation=activation)


class MaskedResidual(Module):
    """x + V · dropout(relu(U · relu(x))), both masked.

    Shapes:
        (batch, width) → the same
    """

    first: MaskedLinear
    second: MaskedLinear
    dropout: Dropout

    def __init__(self, degrees: tuple[int, ...], *, dropout: float, key: Any):
        keys = split(key, 2)
        self.first = MaskedLinear(degrees, degrees, key=keys[0])
        self.second = MaskedLinear(degrees, degrees, initializer=close_to_zero, key=keys[1])
        self.dropout = Dropout(dropout)

    def __call__(
        self, x: Float[Array, "b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        return x + self.second(self.dropout(self.first(relu(x), activation="relu"), key=key, train=train))


class CategoryChain(Module):
    """p(c₁, …, c_n | context) = Π p(c_i | c_1, …, c_{i-1}, context) by softmaxes of one masked network.

    A feature of degree i depends on the first i categories only, so one pass gives all factors, and n passes
    draw a sample. O(batch · depth · width²).

    Args:
        groups: values of each category.
        width: features of the hidden layers, and of the context.
        depth: residual blocks.
        dropout: probability in [0, 1) inside each block.
        key: random key or seed.

    Shapes:
        one-hot groups (batch, values) and a context (batch, width) → (batch,)

    References:
        Germain, Gregor, Murray, Larochelle. MADE: masked autoencoder for distribution estimation. ICML 2015.
        Nash, Durkan. Autoregressive energy machines. ICML 2019 (residual blocks).
    """

    stem: MaskedLinear
    blocks: list[MaskedResidual]
    head: MaskedLinear
    groups: tuple[int, ...] = static()

    def __init__(self, groups: tuple[int, ...], *, width: int, depth: int, dropout: float = 0.0, key: Any):
        keys, count = split(key, 3), len(groups)
        self.groups = groups
        degrees = tuple(i * count // width for i in range(width))
        given = tuple(number + 1 for number, values in enumerate(groups) for _ in range(values))
        asked = tuple(number for number, values in enumerate(groups) for _ in range(values))
        self.stem = MaskedLinear(given, degrees, key=keys[0])
        self.blocks = [MaskedResidual(degrees, dropout=dropout, key=k) for k in split(keys[1], depth)]
        self.head = MaskedLinear(degrees, asked, initializer=close_to_zero, key=keys[2])

    def __call__(
        self, x: Float[Array, "b v"], context: Float[Array, "b w"], *, key: Any = None, train: bool = False
    ) -> Float[Array, " b"]:
        logits = self.logits(x, context, key=key, train=train)
        ends = np.cumsum(self.groups)[:-1].tolist()
        each = (jnp.split(logits, ends, axis=1), jnp.split(x.astype(jnp.float32), ends, axis=1))
        return sum((_surely(one, chosen) for one, chosen in zip(*each, strict=True)), jnp.zeros(len(x)))

    def logits(self, x: Array, context: Array, *, key: Any = None, train: bool = False) -> Array:
        """Return the logits of all values, float32 (batch, values)."""
        keys = [None] * len(self.blocks) if key is None else list(hashed_keys(key, len(self.blocks)))
        hidden = context + self.stem(x.astype(context.dtype))
        for block, own in zip(self.blocks, keys, strict=True):
            hidden = block(hidden, key=own, train=train)
        return self.head(relu(hidden)).astype(jnp.float32)

    def sample(self, noise: Float[Array, "b v"], context: Float[Array, "b w"]) -> Float[Array, "b v"]:
        """Return categories as one-hot groups, the largest of logit and Gumbel noise in each.

        Args:
            noise: normal numbers; of zeros the most probable value of each category comes.
            context: as in training.
        """
        uniform = jax.scipy.special.ndtr(noise).clip(_EDGE, 1 - _EDGE)
        gumbel = -jnp.log(-jnp.log(uniform))
        number = jnp.asarray(np.repeat(np.arange(len(self.groups)), self.groups), jnp.int32)

        def draw(step: Array, x: Array) -> Array:
            scores = jnp.where(number == step, self.logits(x, context) + gumbel, _NEVER)
            return x + jax.nn.one_hot(scores.argmax(axis=1), x.shape[1], dtype=x.dtype)

        return jax.lax.fori_loop(0, len(self.groups), draw, jnp.zeros(noise.shape, jnp.float32))


def _surely(logits: Array, chosen: Array) -> Array:
    """Return log p of the chosen value; where none is chosen, as of one never seen, the least of all."""
    log_p = jax.nn.log_softmax(logits)
    return (log_p * chosen).sum(axis=1) + (1 - chosen.sum(axis=1)) * log_p.min(axis=1)
