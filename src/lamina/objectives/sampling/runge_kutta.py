"""The probability flow dx/dt = α̇·D + σ̇·(x - α·D)/σ, solved by methods of Euler, Heun and the midpoint."""

from __future__ import annotations

import numpy as np

from lamina.objectives.noise_path import AbstractPath
from lamina.objectives.sampling.plan import Plan, levels_of, plan_of


def euler(path: AbstractPath, evaluations: int) -> Plan:
    """Return Euler's method, of first order: x_s = x_t + (s - t)·u(x_t, t).

    Args:
        path: gains by level.
        evaluations: of the network, a step each.
    """
    levels = levels_of(evaluations)
    h, (own, data) = np.diff(levels), _velocity(path, levels[:-1])
    return plan_of(levels[:-1], own=1 + h * own, data=h * data)


def heun(path: AbstractPath, evaluations: int) -> Plan:
    """Return Heun's method, of second order: the mean of the velocities at both ends of a step of Euler's.

    The last step is Euler's: at its end there is no noise to ask about. n steps take 2n - 1 evaluations.

    Args:
        path: gains by level.
        evaluations: of the network; one less where the number is even.

    References:
        Karras et al. Elucidating the design space of diffusion-based generative models. NeurIPS 2022,
        algorithm 1.
    """
    steps = (evaluations + 1) // 2
    levels = levels_of(steps)
    h = np.diff(levels)
    own, data = _velocity(path, levels[:-1])
    begin, end = slice(None, -1), slice(1, None)
    half = 0.5 * h[:-1]
    return _alternating(
        (levels[:-1], np.zeros(steps), 1 + h * own, h * data, np.zeros(steps)),
        (levels[1:-1], 1 + half * own[begin], half * own[end], half * data[end], half * data[begin]),
    )


def midpoint(path: AbstractPath, evaluations: int) -> Plan:
    """Return the method of the midpoint, of second order: a step by the velocity in its middle.

    Args:
        path: gains by level.
        evaluations: of the network, two a step; one less where the number is odd, at least two.
    """
    steps = max(1, evaluations // 2)
    levels = levels_of(steps)
    h = np.diff(levels)
    middle = levels[:-1] + 0.5 * h
    own, data = _velocity(path, levels[:-1])
    middle_own, middle_data = _velocity(path, middle)
    zero = np.zeros(steps)
    return _alternating(
        (levels[:-1], zero, 1 + 0.5 * h * own, 0.5 * h * data, zero),
        (middle, np.ones(steps), h * middle_own, h * middle_data, zero),
    )


Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _alternating(first: Columns, second: Columns) -> Plan:
    """Return the plan whose evaluations are the first of each step and the second, in turn.

    Args:
        first: level, kept, own, data, former of each step's first evaluation.
        second: the same of the second; the last step may have none.
    """
    count = len(first[0]) + len(second[0])
    columns = []
    for one, other in zip(first, second, strict=True):
        column = np.empty(count)
        column[0::2], column[1::2] = one, other
        columns.append(column)
    level, kept, own, data, former = columns
    ends = np.arange(count) % 2 == 1
    ends[-1] = True
    return plan_of(level, kept=kept, own=own, data=data, former=former, ends=ends)


def _velocity(path: AbstractPath, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors of x and D in the velocity."""
    (alpha, sigma), (alpha_slope, sigma_slope) = path.gains(levels), path.slopes(levels)
    own = sigma_slope / sigma
    return own, alpha_slope - own * alpha
