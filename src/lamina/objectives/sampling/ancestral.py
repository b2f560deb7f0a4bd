"""From level to level by the distribution of the one given the other: DDPM and DDIM."""

from __future__ import annotations

import numpy as np

from lamina.objectives.noise_path import AbstractPath
from lamina.objectives.sampling.plan import Plan, levels_of, plan_of


def ancestral(path: AbstractPath, evaluations: int) -> Plan:
    """Return DDPM's sampler: each level is drawn given the one before and the denoised sample.

    With α, σ at t and α', σ' at the next level s, and τ² = σ² - (α/α')²·σ'²:
    x_s ~ N((α/α')·(σ'/σ)²·x_t + α'·(τ/σ)²·D, (τ·σ'/σ)²). Needs many steps; errors do not add up.

    Args:
        path: gains by level.
        evaluations: of the network, a step each.

    References:
        Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020, equation 7.
    """
    return _stepped(path, evaluations, 1.0)


def implicit(path: AbstractPath, evaluations: int) -> Plan:
    """Return DDIM's sampler (η = 0): x_s = α'·D + σ'·ε̂ with ε̂ = (x_t - α·D)/σ; nothing is drawn.

    It is exact where D does not change from level to level. On a straight path it is Euler's method.

    Args:
        path: gains by level.
        evaluations: of the network, a step each.

    References:
        Song, Meng, Ermon. Denoising diffusion implicit models. ICLR 2021.
    """
    return _stepped(path, evaluations, 0.0)


def _stepped(path: AbstractPath, evaluations: int, eta: float) -> Plan:
    """Return DDIM's plan with a share of the ancestral noise."""
    levels = levels_of(evaluations)
    alpha, sigma = path.gains(levels)
    now_alpha, now_sigma, next_alpha, next_sigma = alpha[:-1], sigma[:-1], alpha[1:], sigma[1:]
    drawn = now_sigma**2 - (now_alpha / next_alpha) ** 2 * next_sigma**2
    noise = eta * np.sqrt(np.maximum(drawn, 0.0)) * next_sigma / now_sigma
    direction = np.sqrt(np.maximum(next_sigma**2 - noise**2, 0.0))
    own = direction / now_sigma
    return plan_of(levels[:-1], own=own, data=next_alpha - own * now_alpha, noise=noise)
