"""A generator and a critic of rows: multilayer perceptrons, categories by Gumbel-softmax."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import Inputs
from lamina.core.inputs.sample import RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import GAME
from lamina.models.game import Game, ProjectionHead, Wrap, class_vectors, with_class, wrap_of
from lamina.models.registry import register
from lamina.nn.activation import leaky_relu
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import he_uniform
from lamina.nn.linear import Linear

_SLOPE = 0.2
_TEMPERATURE = 0.2  # of Gumbel-softmax, as in CTGAN: nearly one category, with a gradient
_FURTHEST = 1e-6  # chances are kept so far from 0 and 1, where their logarithms end


class RowGenerator(Module):
    """Noise to rows: numbers as they are, categories as probabilities near zero or one.

    y = softmax((logits + g) / 0.2) for each group of categories, g = -log(-log Φ(z)): standard normal noise z
    becomes Gumbel noise, so that the largest value is a draw from softmax(logits). A number of the noise for
    each category comes after those that the perceptron reads.

    Args:
        inputs: what a sample is.
        latent: numbers of the noise that the perceptron reads.
        width: of the hidden layers.
        depth: hidden layers.
        key: random key or seed.

    Shapes:
        noise (batch, latent + categories), label (batch,) → (batch, features)

    References:
        Jang, Gu, Poole. Categorical reparameterization with Gumbel-softmax. ICLR 2017.
        Xu et al. Modeling tabular data using conditional GAN. NeurIPS 2019.
    """

    vectors: Embedding | None
    layers: list[Linear]
    head: Linear
    groups: tuple[int, ...] = static()
    latent: int = static()

    def __init__(self, inputs: RowSampleInputs, *, latent: int, width: int, depth: int, key: Any):
        vector_key, head_key, *keys = split(key, 2 + depth)
        self.vectors = class_vectors(inputs.labels, latent, key=vector_key)
        sizes = [2 * latent if inputs.labels else latent, *[width] * depth]
        pairs = zip(sizes, sizes[1:], keys, strict=False)
        self.layers = [Linear(i, o, initializer=he_uniform, key=k) for i, o, k in pairs]
        self.head = Linear(sizes[-1], inputs.shape[0], key=head_key)
        self.groups, self.latent = tuple(inputs.groups), latent

    def __call__(
        self, noise: Float[Array, "b l"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b d"]:
        y = with_class(noise[:, : self.latent], self.vectors, label)
        for layer in self.layers:
            y = leaky_relu(layer(y), slope=_SLOPE)
        return as_groups(self.head(y), self.groups, noise[:, self.latent :])


def as_groups(
    y: Float[Array, "b d"], groups: tuple[int, ...], noise: Float[Array, "b k"]
) -> Float[Array, "b d"]:
    """Return numbers as they are, and Gumbel-softmax of each group of categories.

    Args:
        y: numbers and logits.
        groups: their widths in order, 1 for a number.
        noise: standard normal, one for each category.

    Example:
        >>> as_groups(jnp.array([[3.0, 9.0, 0.0]]), (1, 2), jnp.zeros((1, 2))).round(2).tolist()
        [[3.0, 1.0, 0.0]]
    """
    chance = jnp.clip(jax.scipy.stats.norm.cdf(noise), _FURTHEST, 1 - _FURTHEST)
    gumbel = -jnp.log(-jnp.log(chance))
    found, at, drawn = [], 0, 0
    for width in groups:
        part = y[:, at : at + width]
        if width > 1:
            part = jax.nn.softmax((part + gumbel[:, drawn : drawn + width]) / _TEMPERATURE)
            drawn += width
        found.append(part)
        at += width
    return jnp.concatenate(found, axis=1)


class RowCritic(Module):
    """A multilayer perceptron with one number at the end.

    Args:
        inputs: what a sample is.
        width: of the hidden layers.
        depth: hidden layers, at least one.
        wrap: put around every layer with weights.
        key: random key or seed.

    Shapes:
        (batch, features), label (batch,) → (batch,)
    """

    layers: list[Any]
    head: ProjectionHead

    def __init__(self, inputs: RowSampleInputs, *, width: int, depth: int, wrap: Wrap, key: Any):
        head_key, *keys = split(key, 1 + 2 * depth)
        sizes = [inputs.shape[0], *[width] * depth]
        self.layers = [
            wrap(Linear(i, o, initializer=he_uniform, key=keys[2 * n]), key=keys[2 * n + 1])
            for n, (i, o) in enumerate(itertools.pairwise(sizes))
        ]
        self.head = ProjectionHead(sizes[-1], inputs.labels, wrap=wrap, key=head_key)

    def __call__(
        self, x: Float[Array, "b d"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, " b"]:
        for layer in self.layers:
            x = leaky_relu(layer(x, train=train), slope=_SLOPE)
        return self.head(self.tap(FEATURES, x), label, train=train)


@register(
    "gan-mlp", size=256, dial="width of the hidden layers", takes=(RowSampleInputs,), gives=(GAME,),
    reference="Goodfellow et al. Generative adversarial nets. NeurIPS 2014",
)  # fmt: skip
def gan_mlp(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 3,
    latent: int = 32,
    spectral: bool = False,
    key: Any,
) -> Module:
    """Adversarial perceptrons: rows of numbers and categories, conditional where rows have classes."""
    if not isinstance(inputs, RowSampleInputs):
        raise ConfigError("the samples are no rows", expected="RowSampleInputs", received=inputs)
    first, second = split(key, 2)
    generator = RowGenerator(inputs, latent=latent, width=size, depth=depth, key=first)
    critic = RowCritic(inputs, width=size, depth=depth, wrap=wrap_of(spectral), key=second)
    return Game(generator, critic, latent=latent + sum(width for width in inputs.groups if width > 1))
