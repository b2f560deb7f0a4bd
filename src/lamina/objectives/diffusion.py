"""Denoising diffusion: noise is added along a cosine, and a network learns to say what was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.objectives.denoising import AbstractDenoisingObjective
from lamina.objectives.noise_path import CosinePath

_LEAST_ALPHA = 0.005  # by which predicted noise is divided at most: there a sample is noise alone


class Prediction(NamedTuple):
    """What a network may give.

    Args:
        target: ``(x, noise, α, σ) -> what it has to give``.
        denoised: ``(noisy, given, α, σ) -> x``.
        weight: ``(α, σ, γ) -> weight`` of its squared error, min(SNR, γ) in terms of that of x.
    """

    target: Callable[..., Array]
    denoised: Callable[..., Array]
    weight: Callable[..., Array]


PREDICTIONS = {
    "v": Prediction(
        lambda x, noise, alpha, sigma: alpha * noise - sigma * x,
        lambda noisy, given, alpha, sigma: alpha * noisy - sigma * given,
        lambda alpha, sigma, gamma: jnp.minimum(alpha**2, gamma * sigma**2),
    ),
    "epsilon": Prediction(
        lambda x, noise, alpha, sigma: noise,
        lambda noisy, given, alpha, sigma: (noisy - sigma * given) / jnp.maximum(alpha, _LEAST_ALPHA),
        lambda alpha, sigma, gamma: jnp.minimum(1.0, gamma * sigma**2 / jnp.maximum(alpha**2, 1e-12)),
    ),
    "data": Prediction(
        lambda x, noise, alpha, sigma: x,
        lambda noisy, given, alpha, sigma: given,
        lambda alpha, sigma, gamma: jnp.minimum(alpha**2 / jnp.maximum(sigma**2, 1e-12), gamma),
    ),
}


@dataclass(frozen=True)
class DiffusionObjective(AbstractDenoisingObjective):
    """Learn to denoise x_t = cos(πt/2)·x + sin(πt/2)·ε at all levels t.

    The network predicts v = α·ε - σ·x, the noise ε or x itself; loss = w(t) · ‖prediction - target‖² / n.
    With SNR = α²/σ² the weight of an error of x is min(SNR, γ), so that no level dominates:
    w = min(α², γσ²) for v, min(1, γ/SNR) for ε.

    Args:
        space: what samples are.
        hidden: share of the labels that training hides.
        prediction: ``"v"``, good at every level; ``"epsilon"``; ``"data"``.
        gamma: γ > 0; None for weights of one, whatever is predicted.

    Raises:
        ConfigError: an argument is out of range.

    Example:
        >>> from lamina.core.inputs import RowSampleInputs
        >>> objective = DiffusionObjective(RowSampleInputs((1, 1)))
        >>> objective.samplers
        ('dpm', 'ddim', 'ddpm', 'heun', 'midpoint')

    References:
        Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020. Salimans, Ho. Progressive
        distillation for fast sampling of diffusion models. ICLR 2022 (v). Hang et al. Efficient diffusion
        training via min-SNR weighting strategy. ICCV 2023. Ho, Salimans. Classifier-free diffusion guidance.
        2022.
    """

    prediction: str = "v"
    gamma: float | None = 5.0
    samplers = ("dpm", "ddim", "ddpm", "heun", "midpoint")
    path = CosinePath()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prediction not in PREDICTIONS:
            known = "one of " + ", ".join(PREDICTIONS)
            raise ConfigError("there is no such prediction", expected=known, received=self.prediction)
        if self.gamma is not None and not self.gamma > 0:
            raise ConfigError("gamma is out of range", expected="> 0", received=self.gamma)

    def target(self, x: Array, noise: Array, alpha: Array, sigma: Array) -> Array:
        """Return v, the noise or the sample."""
        return PREDICTIONS[self.prediction].target(x, noise, alpha, sigma)

    def denoised(self, noisy: Array, found: Array, alpha: Array, sigma: Array) -> Array:
        """Return the sample that a prediction means."""
        return PREDICTIONS[self.prediction].denoised(noisy, found, alpha, sigma)

    def weight(self, alpha: Array, sigma: Array) -> Array:
        """Return min-SNR-γ's weight of the prediction's squared error."""
        if self.gamma is None:
            return jnp.ones_like(alpha)
        return PREDICTIONS[self.prediction].weight(alpha, sigma, self.gamma)

    def level(self, uniform: Array) -> Array:
        """Return the numbers: all levels are as frequent."""
        return uniform

    def density(self, level: Array) -> Array:
        """Return one."""
        return jnp.ones_like(level)
