"""A sampler as a table: which levels the network is asked at, and how its answers are added up.

Every sampler here is linear in the sample, the denoised samples and fresh noise, with factors that depend on
the levels alone. They are computed on the host in float64, so that differences of close levels lose nothing,
and one loop, compiled once, asks the network and adds up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.objectives.noise_path import AbstractPath

Denoiser = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Plan:
    """Factors of each evaluation of the network.

    With D_i = denoiser(x_i, level_i): x_{i+1} = kept·b_i + own·x_i + data·D_i + former·D_{i-1} + noise·z_i,
    and b_{i+1} is x_{i+1}, or b_i where the step is not at its end.

    Args:
        level: where the network is asked.
        kept: factor on the sample at the beginning of the step, b.
        own: factor on the sample.
        data: factor on the denoised sample.
        former: factor on the one before.
        noise: standard deviation of fresh noise.
        ends: whether a step ends here.
    """

    level: np.ndarray
    kept: np.ndarray
    own: np.ndarray
    data: np.ndarray
    former: np.ndarray
    noise: np.ndarray
    ends: np.ndarray

    @property
    def evaluations(self) -> int:
        """How often the network is asked."""
        return len(self.level)


Sampler = Callable[[AbstractPath, int], Plan]
"""``sampler(path, evaluations) -> plan``: never more evaluations than asked for."""


def plan_of(level: np.ndarray, **factors: np.ndarray) -> Plan:
    """Return a plan in which factors that are left out are zero and each evaluation ends a step.

    Args:
        level: where the network is asked.
        **factors: others of `Plan`.
    """
    zero, one = np.zeros(len(level)), np.ones(len(level), bool)
    given = dict.fromkeys(("kept", "own", "data", "former", "noise"), zero) | {"ends": one} | factors
    return Plan(level, **given)


def levels_of(steps: int) -> np.ndarray:
    """Return the levels between which steps are taken, from noise to sample at equal distances.

    Args:
        steps: how many, at least one.

    Raises:
        ConfigError: there is no step.

    Example:
        >>> levels_of(4).tolist()
        [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    if steps < 1:
        raise ConfigError("steps is out of range", expected=">= 1", received=steps)
    return np.linspace(1.0, 0.0, steps + 1)


def sample_by(
    plan: Plan, denoiser: Denoiser, noise: Array, *, temperature: float = 1.0, key: Any = 0
) -> Array:
    """Return samples made of noise by a plan.

    O(evaluations of the network); compiles the network once.

    Args:
        plan: a sampler's.
        denoiser: ``(x, level) -> data``, the level one number.
        noise: standard normal, times the temperature, (b, *shape).
        temperature: factor on fresh noise too.
        key: random key of fresh noise.
    """
    is_random = bool(plan.noise.any())
    factors = np.stack([plan.kept, plan.own, plan.data, plan.former, plan.noise * temperature], axis=1)
    given = (
        jnp.asarray(plan.level, jnp.float32),
        jnp.asarray(factors, jnp.float32),
        jnp.asarray(plan.ends),
        hashed_keys(key, plan.evaluations),
    )

    def body(carry: tuple[Array, Array, Array], one: Any) -> tuple[tuple[Array, Array, Array], None]:
        x, begun, before = carry
        level, factor, ends, own_key = one
        found = denoiser(x, level)
        new = factor[0] * begun + factor[1] * x + factor[2] * found + factor[3] * before
        if is_random:
            new = new + factor[4] * jax.random.normal(own_key, x.shape, x.dtype)
        return (new, jnp.where(ends, new, begun), found), None

    start: Any = (noise, noise, jnp.zeros_like(noise))
    return jax.lax.scan(body, start, given)[0][0]
