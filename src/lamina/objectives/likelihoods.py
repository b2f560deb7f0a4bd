"""Negative log-likelihoods of the values of a sample, in nats, as decoders of images and rows give them.

Samples lie in [-1, 1] where they are images (`lamina.objectives.samples.AbstractSampleObjective.units`).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.losses import binary_cross_entropy

_HALF_BIN = 1.0 / 255.0  # of 256 levels in [-1, 1]
_EDGE = 1.0 - _HALF_BIN  # beyond it lies the first or the last level


def bernoulli_nats(logits: Float[Array, "*b"], x: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Return -y·log σ(z) - (1-y)·log σ(-z) with y = (x + 1) / 2.

    A likelihood where x is -1 or 1; for gray x it is the mean of that of images whose pixels are drawn with
    y as probability.

    Args:
        logits: z.
        x: pixels in [-1, 1].

    Example:
        >>> round(float(bernoulli_nats(jnp.array(0.0), jnp.array(-1.0))), 4)
        0.6931
    """
    return binary_cross_entropy(logits, 0.5 * (x + 1.0))


def gaussian_nats(
    mean: Float[Array, "*#b"], x: Float[Array, "*#b"], log_scale: Float[Array, "*#b"]
) -> Float[Array, "*b"]:
    """Return ½((x - μ) / s)² + log s + ½ log 2π.

    Args:
        mean: μ.
        x: values.
        log_scale: log s.

    Example:
        >>> round(float(gaussian_nats(jnp.array(0.0), jnp.array(0.0), jnp.array(0.0))), 4)
        0.9189
    """
    return 0.5 * ((x - mean) * jnp.exp(-log_scale)) ** 2 + log_scale + 0.5 * math.log(2 * math.pi)


def logistic_nats(
    mean: Float[Array, "*#b"], x: Float[Array, "*#b"], log_scale: Float[Array, "*#b"]
) -> Float[Array, "*b"]:
    """Return -log of the probability that a logistic distribution gives one of 256 levels.

    σ(a) - σ(b) with a, b = (x - μ ± 1/255) / s, computed as σ(a) · σ(-b) · (1 - e^(b-a)), which never
    cancels; the first and the last level take the tails.

    Args:
        mean: μ in units.
        x: pixels, 0 to 255 over 127.5 less 1.
        log_scale: log s.

    Example:
        >>> levels = jnp.arange(256.0) / 127.5 - 1.0
        >>> nats = logistic_nats(jnp.full(256, 0.3), levels, jnp.full(256, -3.0))
        >>> round(float(jnp.exp(-nats).sum()), 4)
        1.0

    References:
        Kingma et al. Improved variational inference with inverse autoregressive flow. NeurIPS 2016.
    """
    inverse, centered = jnp.exp(-log_scale), x - mean
    above, below = (centered + _HALF_BIN) * inverse, (centered - _HALF_BIN) * inverse
    is_first, is_last = x < -_EDGE, x > _EDGE
    up = jnp.where(is_last, 0.0, jax.nn.log_sigmoid(above))
    down = jnp.where(is_first, 0.0, jax.nn.log_sigmoid(-below))
    between = jnp.log(-jnp.expm1(-2 * _HALF_BIN * inverse))
    return -(up + down + jnp.where(is_first | is_last, 0.0, between))


def normal_divergence(mean: Float[Array, "*b"], log_variance: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Return the divergence of N(μ, σ²) from N(0, 1): KL = ½(μ² + σ² - 1 - log σ²).

    Args:
        mean: μ.
        log_variance: log σ².

    Example:
        >>> float(normal_divergence(jnp.array(2.0), jnp.array(0.0)))
        2.0
    """
    return 0.5 * (mean**2 + jnp.exp(log_variance) - 1.0 - log_variance)


def bounded_below(x: Float[Array, "*b"], least: float) -> Float[Array, "*b"]:
    """Return least + log(1 + e^(x - least)): x where it is large, never less than ``least``.

    Example:
        >>> [round(float(bounded_below(jnp.array(x), -3.0)), 2) for x in (-9.0, 4.0)]
        [-3.0, 4.0]
    """
    return least + jax.nn.softplus(x - least)


def bits_per_dimension(nats: Array, values: int) -> Array:
    """Return nats of a sample as bits a value: nats / (values · log 2).

    Args:
        nats: negative log-likelihood, or a bound on it.
        values: of a sample.

    Example:
        >>> bits_per_dimension(jnp.array(784 * math.log(2)), 784).item()
        1.0
    """
    return nats / (values * math.log(2))
