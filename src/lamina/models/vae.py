"""The variational autoencoder: a normal distribution of codes for each sample."""

from __future__ import annotations

import math
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, Inputs, RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import POSTERIOR
from lamina.models.autoencoder import latent_of, sizes_of
from lamina.models.codecs import AbstractAutoencoder, samples_of, vectors_of
from lamina.models.registry import register

Body = Literal["convolutional", "dense"]

# Bounds of log-variances: e^-7 … e^7 of a standard normal prior; a soft bound keeps the gradient alive.
_MOST_LOG_VARIANCE = 7.0


class VariationalAutoencoder(AbstractAutoencoder):
    """q(z|x) = N(μ(x), diag σ²(x)) with (μ, log σ²) = E(x), and the parameters D(z) of p(x|z).

    ``log_scale`` is the logarithm of the scale of p(x|z) where that has one, of each feature of a row or
    each channel of an image: it is learned beside the weights.

    Args:
        encoder: (batch, *shape) → (batch, 2 · latent).
        decoder: (batch, latent) → (batch, *shape).
        latent: length of a code.
        features: length of the last axis of a sample.

    Shapes:
        (batch, *shape) → the same: D(μ(x))

    References:
        Kingma, Welling. Auto-encoding variational Bayes. ICLR 2014.
    """

    log_scale: Float[Array, " c"]
    latent: int = static()

    def __init__(self, encoder: Module, decoder: Module, *, latent: int, features: int):
        self.encoder, self.decoder, self.latent = encoder, decoder, latent
        self.log_scale = np.full(features, math.log(0.5), np.float32)

    def encode(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> tuple[Float[Array, "b z"], Float[Array, "b z"]]:
        """Return mean and log-variance of the codes of each sample."""
        both = self.encoder(x, train=train)
        mean, raw = both[:, : self.latent], both[:, self.latent :]
        bound = _MOST_LOG_VARIANCE
        return self.tap(FEATURES, mean), bound * jnp.tanh(raw / bound)

    def __call__(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b ..."]:
        return self.decode(self.encode(x, train=train)[0], train=train)


MOST_OF_FEW = 16  # values of a sample for each of which the code has a number


@register(
    "vae", size=64, dial="channels at half the resolution; four times as many hidden units of dense layers",
    takes=(ImageSampleInputs, RowSampleInputs), gives=(POSTERIOR,),
    reference="Kingma, Welling. Auto-encoding variational Bayes. ICLR 2014",
    defaults={"lr": 1e-3},
)  # fmt: skip
def vae(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    latent: int | None = None,
    depth: int | None = None,
    body: Body = "convolutional",
    activation: str = "silu",
    key: Any,
) -> Module:
    """Variational autoencoder: a code whose numbers are normal, from which new samples are decoded.

    ``latent`` is 50 when left out, a third of a sample's values if these are fewer than 150, and no less than
    all of up to 16: numbers of the code that say nothing cost nothing. ``depth``
    counts hidden layers, 2 when left out, or halvings of images, as many as lead to 8 pixels or fewer.
    ``body=dense`` gives images hidden layers too.
    """
    if body not in ("convolutional", "dense"):
        raise ConfigError("body is unknown", expected="convolutional or dense", received=body)
    samples, dense = samples_of(inputs, "vae"), body == "dense"
    encoder, decoder = vectors_of(samples, dense=dense)
    keys, latent = split(key, 2), latent_of(samples, latent, most=50, least=MOST_OF_FEW)
    options = {"activation": activation, **sizes_of(samples, size, depth, dense=dense)}
    return VariationalAutoencoder(
        encoder(samples.shape, 2 * latent, **options, key=keys[0]),
        decoder(samples.shape, latent, **options, key=keys[1]),
        latent=latent,
        features=samples.shape[-1],
    )
