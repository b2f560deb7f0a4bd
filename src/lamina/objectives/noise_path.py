"""How a sample becomes noise: x_t = α(t)·x + σ(t)·ε, for a level t from 0, the sample, to 1, the noise."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array


@dataclass(frozen=True)
class AbstractPath(abc.ABC):
    """Gains of sample and noise by level; both ends are exact: α(0) = σ(1) = 1, σ(0) = α(1) = 0.

    The logarithm of the signal-to-noise ratio, λ = log(α² / σ²), falls from ∞ to -∞.
    """

    @abc.abstractmethod
    def gains(self, level: Array) -> tuple[Any, Any]:
        """Return α and σ, of NumPy arrays by NumPy.

        Args:
            level: t, any shape.
        """

    @abc.abstractmethod
    def slopes(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return dα/dt and dσ/dt."""

    @abc.abstractmethod
    def level_of(self, log_snr: Array) -> Array:
        """Return the level of a λ."""

    @abc.abstractmethod
    def speed(self, level: Array) -> Array:
        """Return -dt/dλ: how much of the levels a unit of λ is."""


class CosinePath(AbstractPath):
    """α = cos(πt/2), σ = sin(πt/2): the variance stays that of standardized data.

    Example:
        >>> [round(float(gain), 3) for gain in CosinePath().gains(np.array(0.5))]
        [0.707, 0.707]

    References:
        Nichol, Dhariwal. Improved denoising diffusion probabilistic models. ICML 2021; without their offset
        at t = 0, which kept noise from vanishing where time is discrete.
    """

    def gains(self, level: Array) -> tuple[Any, Any]:
        """Return cosine and sine of the angle."""
        xp = np if isinstance(level, np.ndarray) else jnp
        angle = (math.pi / 2) * level
        return xp.cos(angle), xp.sin(angle)

    def slopes(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivatives by t."""
        angle = (math.pi / 2) * level
        return -(math.pi / 2) * np.sin(angle), (math.pi / 2) * np.cos(angle)

    def level_of(self, log_snr: Array) -> Array:
        """Return 2/π · atan(e^(-λ/2))."""
        xp = np if isinstance(log_snr, np.ndarray) else jnp
        return (2 / math.pi) * xp.arctan(xp.exp(-0.5 * log_snr))

    def speed(self, level: Array) -> Array:
        """Return α·σ/π."""
        alpha, sigma = self.gains(level)
        return alpha * sigma / math.pi


class LinearPath(AbstractPath):
    """α = 1 - t, σ = t: a straight line from the sample to the noise.

    Example:
        >>> [round(float(gain), 2) for gain in LinearPath().gains(np.array(0.25))]
        [0.75, 0.25]

    References:
        Liu, Gong, Liu. Flow straight and fast: learning to generate and transfer data with rectified flow.
        ICLR 2023. Lipman et al. Flow matching for generative modeling. ICLR 2023.
    """

    def gains(self, level: Array) -> tuple[Any, Any]:
        """Return 1 - t and t."""
        return 1 - level, level

    def slopes(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the derivatives by t, which are constants."""
        return -np.ones_like(level), np.ones_like(level)

    def level_of(self, log_snr: Array) -> Array:
        """Return 1 / (1 + e^(λ/2))."""
        xp = np if isinstance(log_snr, np.ndarray) else jnp
        return 1 / (1 + xp.exp(0.5 * log_snr))

    def speed(self, level: Array) -> Array:
        """Return t·(1 - t)/2."""
        return 0.5 * level * (1 - level)
