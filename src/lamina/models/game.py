"""What the networks of adversarial training share: a generator and a critic, classes of samples, sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import Inputs
from lamina.core.inputs.sample import ImageSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import normal, split
from lamina.core.shapes import Float, Int
from lamina.nn.embedding import Embedding
from lamina.nn.linear import Linear
from lamina.nn.spectral import SpectralNorm

Wrap = Callable[..., Module]
"""``(layer, key=...) -> module``: what is put around each layer of a critic."""

_LEAST_SIDE = 4  # of the coarsest images, as in DCGAN


class Game(Module):
    """Two networks that train each other: a generator of samples, and a critic that tells them from data.

    Args:
        generator: ``(noise, label) -> samples``.
        critic: ``(samples, label) -> (batch,)``, higher for what looks like data.
        latent: numbers of the noise that a sample is made of.

    References:
        Goodfellow et al. Generative adversarial nets. NeurIPS 2014.
    """

    generator: Any
    critic: Any
    latent: int = static()

    def __init__(self, generator: Module, critic: Module, *, latent: int):
        self.generator, self.critic, self.latent = generator, critic, latent

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, " b"]:
        return self.critic(x["sample"], x["label"], train=train)


def as_they_are(layer: Module, *, key: Any) -> Module:
    """Return the layer: the `Wrap` that changes nothing."""
    return layer


def wrap_of(spectral: bool) -> Wrap:
    """Return what is put around the layers of a critic: `SpectralNorm`, or nothing."""
    return SpectralNorm if spectral else as_they_are


def class_vectors(labels: int, width: int, *, key: Any) -> Embedding | None:
    """Return a vector for each class, the first for samples of any class; None where there are no classes."""
    return Embedding(labels + 1, width, initializer=normal, key=key) if labels else None


def with_class(
    noise: Float[Array, "b l"], vectors: Embedding | None, label: Int[Array, " b"]
) -> Float[Array, "b d"]:
    """Return the noise beside the vector of its class, -1 standing for any."""
    if vectors is None:
        return noise
    return jnp.concatenate([noise, vectors(label + 1).astype(noise.dtype)], axis=-1)


class ProjectionHead(Module):
    """A critic's last layer: a weighted sum of the features, and their product with the vector of a class.

    y = w·h + b + v_label·h

    Args:
        features: numbers that come.
        labels: classes, 0 for none.
        wrap: put around both layers.
        key: random key or seed.

    Shapes:
        (batch, features), (batch,) → (batch,)

    References:
        Miyato, Koyama. cGANs with projection discriminator. ICLR 2018.
    """

    linear: Any
    vectors: Any

    def __init__(self, features: int, labels: int, *, wrap: Wrap = as_they_are, key: Any):
        keys = split(key, 4)
        self.linear = wrap(Linear(features, 1, key=keys[0]), key=keys[1])
        self.vectors = wrap(Embedding(labels + 1, features, key=keys[2]), key=keys[3]) if labels else None

    def __call__(
        self, x: Float[Array, "b d"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, " b"]:
        y = self.linear(x, train=train)[:, 0]
        if self.vectors is None:
            return y
        return y + (self.vectors(label + 1, train=train).astype(x.dtype) * x).sum(-1)


@dataclass(frozen=True)
class Pyramid:
    """How often an image is halved, and what is filled up so that it can be.

    Args:
        height: pixels of the image from top to bottom.
        width: pixels from left to right.
        least: pixels of the shorter side that stay at the coarsest.

    Example:
        >>> Pyramid(28, 28).halvings, Pyramid(28, 28).coarsest, Pyramid(30, 20).filled
        (2, (7, 7), (32, 20))
    """

    height: int
    width: int
    least: int = _LEAST_SIDE

    @property
    def halvings(self) -> int:
        """How often both sides are halved."""
        return max(0, (min(self.height, self.width) // self.least).bit_length() - 1)

    @property
    def coarsest(self) -> tuple[int, int]:
        """Height and width after the halvings."""
        return -(-self.height // 2**self.halvings), -(-self.width // 2**self.halvings)

    @property
    def filled(self) -> tuple[int, int]:
        """Height and width that can be halved so often, at least those of the image."""
        rows, columns = self.coarsest
        return rows * 2**self.halvings, columns * 2**self.halvings

    def fill(self, x: Float[Array, "b y x c"]) -> Float[Array, "b v u c"]:
        """Return images with zeros below and on the right up to `filled`."""
        rows, columns = self.filled
        return jnp.pad(x, ((0, 0), (0, rows - self.height), (0, columns - self.width), (0, 0)))

    def cut(self, x: Float[Array, "b v u c"]) -> Float[Array, "b y x c"]:
        """Return images without what `fill` adds."""
        return x[:, : self.height, : self.width]


def image_samples(inputs: Inputs) -> ImageSampleInputs:
    """Return the inputs of a model of images.

    Raises:
        ConfigError: they are no images, or images without pixels.
    """
    if not isinstance(inputs, ImageSampleInputs):
        raise ConfigError("the samples are no images", expected="ImageSampleInputs", received=inputs)
    if min(inputs.shape) < 1:
        raise ConfigError("an image is empty", expected="sizes >= 1", received=inputs.shape)
    return inputs
