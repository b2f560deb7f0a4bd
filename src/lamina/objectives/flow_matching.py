"""Flow matching: a network learns the velocity of straight lines from samples to noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
import jax.scipy.special

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.objectives.denoising import AbstractDenoisingObjective
from lamina.objectives.noise_path import LinearPath

TIMES = ("logit_normal", "uniform")


@dataclass(frozen=True)
class FlowMatchingObjective(AbstractDenoisingObjective):
    """Learn the mean velocity ε - x of the lines x_t = (1 - t)·x + t·ε that pass a place.

    Loss = ‖u(x_t, t) - (ε - x)‖² / n. Following -u from t = 1 to 0 turns noise into samples, along paths that
    are nearly straight, so that few steps suffice.

    Args:
        space: what samples are.
        hidden: share of the labels that training hides.
        times: ``"logit_normal"``, t = sigmoid(z) with z ~ N(0, 1): most in the middle, where it is hardest;
            or ``"uniform"``.

    Raises:
        ConfigError: an argument is out of range.

    Example:
        >>> from lamina.core.inputs import RowSampleInputs
        >>> objective = FlowMatchingObjective(RowSampleInputs((1, 1)))
        >>> objective.samplers
        ('midpoint', 'heun', 'euler', 'dpm')

    References:
        Lipman et al. Flow matching for generative modeling. ICLR 2023. Liu, Gong, Liu. Flow straight and
        fast. ICLR 2023. Esser et al. Scaling rectified flow transformers for high-resolution image synthesis.
        ICML 2024 (times).
    """

    times: str = "logit_normal"
    samplers = ("midpoint", "heun", "euler", "dpm")
    path = LinearPath()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.times not in TIMES:
            raise ConfigError("there are no such times", expected=" or ".join(TIMES), received=self.times)

    def target(self, x: Array, noise: Array, alpha: Array, sigma: Array) -> Array:
        """Return the velocity of the line."""
        return noise - x

    def denoised(self, noisy: Array, found: Array, alpha: Array, sigma: Array) -> Array:
        """Return where the line begins: x_t - t·u."""
        return noisy - sigma * found

    def weight(self, alpha: Array, sigma: Array) -> Array:
        """Return one."""
        return jnp.ones_like(alpha)

    def level(self, uniform: Array) -> Array:
        """Return the numbers, or what they are of a logit-normal distribution."""
        return uniform if self.times == "uniform" else 1 / (1 + jnp.exp(-jax.scipy.special.ndtri(uniform)))

    def density(self, level: Array) -> Array:
        """Return one, or the density of a logit-normal distribution."""
        if self.times == "uniform":
            return jnp.ones_like(level)
        normal = jnp.exp(-0.5 * jnp.log(level / (1 - level)) ** 2) / math.sqrt(2 * math.pi)
        return normal / (level * (1 - level))
