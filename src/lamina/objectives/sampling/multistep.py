"""DPM-Solver++(2M): two denoised samples make each step of second order, for one evaluation."""

from __future__ import annotations

import math

import numpy as np

from lamina.objectives.noise_path import AbstractPath
from lamina.objectives.sampling.plan import Plan, levels_of, plan_of

NOISIEST = -10.0  # λ from which the first step counts as long as it is: from -∞ none has a length
MOST = 1.0  # 1/2r: behind a step that is all beyond that λ, the difference of the samples says nothing


def multistep(path: AbstractPath, evaluations: int) -> Plan:
    """Return the plan: x_s = (σ'/σ)·x_t + (α' - α·σ'/σ)·((1 + 1/2r)·D_t - (1/2r)·D_before).

    r is the length of the step before over that of this one, in λ = log(α²/σ²). The first step has none
    before, and the last one ends at λ = ∞: both are of first order.

    Args:
        path: gains by level.
        evaluations: of the network, a step each.

    References:
        Lu et al. DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models. 2022,
        algorithm 2.
    """
    levels = levels_of(evaluations)
    alpha, sigma = path.gains(levels)
    own = sigma[1:] / sigma[:-1]
    data = alpha[1:] - alpha[:-1] * own
    share = np.zeros(evaluations)  # 1 / 2r
    if evaluations > 2:
        least = math.exp(0.5 * NOISIEST)
        length = np.diff(np.log(np.maximum(alpha[:-1] / sigma[:-1], least)))
        share[1:-1] = np.minimum(0.5 * length[1:] / np.maximum(length[:-1], 1e-9), MOST)
    return plan_of(levels[:-1], own=own, data=data * (1 + share), former=-data * share)
