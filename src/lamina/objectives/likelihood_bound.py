"""What a denoiser says of held-out samples: its errors at fixed levels, and the bound on their likelihood.

With λ = log(α²/σ²), and D the denoised sample at λ, the negative log-likelihood of a sample is at most

½ ∫ e^λ · ‖x - D(x_λ)‖² dλ  over [λ₀, λ₁]  +  KL of the noise at λ₀ from a standard normal  +  what is left to
say of x at λ₁, whichever path noise is added along.

References:
    Kingma, Salimans, Poole, Ho. Variational diffusion models. NeurIPS 2021, section 4.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_bits, hashed_key, uniform_of

NOISIEST, CLEAREST = -10.0, 13.0  # λ; at 13 the noise is a fifth of the distance of two gray values
LEVELS = 8  # of an example: one in each eighth of the λ between
_SEED = 0xD1FF
_GRAY = 2 / 255  # distance of two gray values in units


def log_snrs(keys: Array, number: Array) -> Array:
    """Return the λ of each example in one eighth of their range, (b,).

    Args:
        keys: of the examples, (b, 2).
        number: of the eighth.
    """
    step = (CLEAREST - NOISIEST) / LEVELS
    return NOISIEST + step * (number.astype(jnp.float32) + uniform_of(keys[:, 0]))


def keys_of(x: Array) -> Array:
    """Return a random key for each sample that depends on its values alone, (b, 2).

    Args:
        x: float32 (b, *shape).
    """
    words = jax.lax.bitcast_convert_type(x.reshape(len(x), -1), jnp.uint32)
    factors = hashed_bits(_SEED, (1, words.shape[1])) | jnp.uint32(1)
    return hashed_key(_SEED, (words * factors).sum(axis=1, dtype=jnp.uint32))


def noise_of(keys: Array, number: Array, shape: tuple[int, ...]) -> Array:
    """Return standard normal noise of the examples, for one of their levels, (b, *shape)."""
    return jax.vmap(lambda key: jax.random.normal(hashed_key(key, number), shape))(keys)


def over_levels(measure: Callable[[Array], tuple[Array, Array]], examples: int) -> tuple[Array, Array]:
    """Return the sums of both of what is measured at each level, the levels one after another.

    Args:
        measure: ``number -> (b,), (b,)``.
        examples: b.
    """

    def body(total: tuple[Array, Array], number: Array) -> tuple[tuple[Array, Array], None]:
        return jax.tree.map(jnp.add, total, measure(number)), None

    zero = jnp.zeros(examples)
    return jax.lax.scan(body, (zero, zero), jnp.arange(LEVELS, dtype=jnp.int32))[0]


def bound(weighted: Array, x: Array, *, of_bytes: bool) -> Array:
    """Return the bound in bits for each number of a sample, (b,).

    Args:
        weighted: sum over the levels of e^λ times the mean square error, (b,).
        x: samples in units, (b, *shape).
        of_bytes: whether x are gray values, whose chances are counted; else numbers, whose density is.
    """
    integral = 0.5 * (CLEAREST - NOISIEST) / LEVELS * weighted
    noise, signal = 1 / (1 + math.exp(NOISIEST)), 1 / (1 + math.exp(-NOISIEST))
    square = (x.reshape(len(x), -1) ** 2).mean(axis=1)
    prior = 0.5 * (noise + signal * square - 1 - math.log(noise))
    width = math.exp(-0.5 * CLEAREST)
    rest = gray_doubt(width) if of_bytes else 0.5 * math.log(2 * math.pi * math.e * width**2)
    return (integral + prior + rest) / math.log(2)


@functools.cache
def gray_doubt(width: float) -> float:
    """Return the mean surprise, in nats, of a gray value that is seen with normal noise of this width.

    E log Σ_j exp(-((n·w - j·Δ)² - (n·w)²) / 2w²) over n ~ N(0, 1), Δ being the distance of two gray values.

    Example:
        >>> gray_doubt(1e-4), round(gray_doubt(math.exp(-6.5)), 3)
        (0.0, 0.025)
    """
    points, weights = np.polynomial.hermite_e.hermegauss(64)
    offsets = _GRAY * np.arange(-8, 9)
    exponents = -((points[:, None] * width - offsets) ** 2 - (points[:, None] * width) ** 2) / (2 * width**2)
    return float(weights @ np.log(np.exp(exponents).sum(axis=1)) / weights.sum())
