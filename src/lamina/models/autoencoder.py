"""The autoencoder: a code shorter than the sample, and the sample again from its code."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, Inputs, RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import CODE
from lamina.models.codecs import AbstractAutoencoder, halvings_of, samples_of, vectors_of
from lamina.models.registry import register
from lamina.nn.activation import relu

ROW_DEPTH = 2  # hidden layers of encoder and decoder


class Autoencoder(AbstractAutoencoder):
    """A code z = E(x), and D(z), which is to be x again.

    With ``sparsity`` s > 0 the code is max(0, E(x)) and the penalty s · mean |z| is tapped in training: few
    numbers of a code are then other than zero, and it may be as long as the sample or longer.

    Args:
        encoder: (batch, *shape) → (batch, latent).
        decoder: (batch, latent) → (batch, *shape).
        sparsity: s >= 0.

    Shapes:
        (batch, *shape) → the same

    References:
        Hinton, Salakhutdinov. Reducing the dimensionality of data with neural networks. Science 2006.
        Ng. Sparse autoencoder. CS294A lecture notes, 2011. Deviation: the mean of |z| is penalized, not the
        divergence of its mean from a wanted one.
    """

    sparsity: float = static()

    def __init__(self, encoder: Module, decoder: Module, *, sparsity: float = 0.0):
        if sparsity < 0:
            raise ConfigError("sparsity is out of range", expected=">= 0", received=sparsity)
        self.encoder, self.decoder, self.sparsity = encoder, decoder, sparsity

    def encode(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b z"]:
        """Return the code of each sample."""
        code = self.encoder(x, train=train)
        if self.sparsity:
            code = relu(code)
            if train:
                self.tap("penalty", self.sparsity * code.astype(jnp.float32).mean())
        return self.tap(FEATURES, code)


@register(
    "autoencoder", size=64, dial="channels at half the resolution; four times as many hidden units for rows",
    takes=(ImageSampleInputs, RowSampleInputs), gives=(CODE,),
    reference="Hinton, Salakhutdinov. Reducing the dimensionality of data with neural networks. Science 2006",
    defaults={"lr": 1e-3},
)  # fmt: skip
def autoencoder(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    latent: int | None = None,
    depth: int | None = None,
    activation: str = "silu",
    sparsity: float = 0.0,
    key: Any,
) -> Module:
    """Autoencoder: a short code of rows or images, by dense layers or convolutions.

    ``latent`` is 32 when left out, a third of a row's features if these are fewer than 96. ``depth`` counts
    hidden layers of rows, 2 when left out, and halvings of images, as many as lead to 8 pixels or fewer.
    """
    samples = samples_of(inputs, "autoencoder")
    encoder, decoder = vectors_of(samples)
    keys, latent = split(key, 2), latent_of(samples, latent)
    options = {"activation": activation, **sizes_of(samples, size, depth)}
    return Autoencoder(
        encoder(samples.shape, latent, **options, key=keys[0]),
        decoder(samples.shape, latent, **options, key=keys[1]),
        sparsity=sparsity,
    )


def latent_of(samples: Any, latent: int | None, *, most: int = 32, least: int = 1) -> int:
    """Return how long a code is: what is asked for, else a third of a sample's values.

    Args:
        samples: inputs.
        latent: what is asked for, or None.
        most: numbers of a code that nobody asked for.
        least: … where a sample has so many values.

    Raises:
        ConfigError: it is below one.
    """
    if latent is None:
        values = math.prod(samples.shape)
        return min(most, max(1, values // 3, min(least, values)))
    if latent < 1:
        raise ConfigError("latent is out of range", expected=">= 1", received=latent)
    return latent


def sizes_of(samples: Any, size: int, depth: int | None, *, dense: bool = False) -> dict[str, int]:
    """Return width and depth of encoder and decoder.

    Args:
        samples: inputs.
        size: the size dial.
        depth: hidden layers of rows, halvings of images; None as suits.
        dense: hidden layers for images too.
    """
    if isinstance(samples, ImageSampleInputs) and not dense:
        return {"width": size, "depth": halvings_of(samples.shape) if depth is None else depth}
    return {"width": 4 * size, "depth": ROW_DEPTH if depth is None else depth}
