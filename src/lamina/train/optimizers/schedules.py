"""Schedules: the factor on the learning rate as a function of the step.

Each is ``schedule(step, total) -> factor in [0, 1]``, both float arrays, so that one
compiled program serves every length of run. Warm-up is applied to all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from lamina.core.registry import Registry

Schedule = Callable[[Array, Array], Array]


def constant(step: Array, total: Array) -> Array:
    """Return 1.

    Example:
        >>> float(constant(jnp.array(5.0), jnp.array(10.0)))
        1.0
    """
    return jnp.ones_like(step)


def stepwise(step: Array, total: Array) -> Array:
    """Return 1, then 0.1 from half of the run, then 0.01 from three quarters.

    Example:
        >>> round(float(stepwise(jnp.array(6.0), jnp.array(10.0))), 3)
        0.1
    """
    drops = (step >= 0.5 * total).astype(step.dtype) + (step >= 0.75 * total).astype(step.dtype)
    return 0.1**drops


def cosine(step: Array, total: Array) -> Array:
    """Return ½(1 + cos π·step/total).

    Example:
        >>> round(float(cosine(jnp.array(5.0), jnp.array(10.0))), 3)
        0.5

    References:
        Loshchilov, Hutter. SGDR: stochastic gradient descent with warm restarts. ICLR 2017.
    """
    return 0.5 * (1 + jnp.cos(math.pi * jnp.clip(step / total, 0, 1)))


def linear(step: Array, total: Array) -> Array:
    """Return 1 - step/total.

    Example:
        >>> float(linear(jnp.array(5.0), jnp.array(10.0)))
        0.5
    """
    return 1 - jnp.clip(step / total, 0, 1)


def one_cycle(step: Array, total: Array) -> Array:
    """Return a cosine rise from 1/25 over three tenths of the run, then a cosine fall to zero.

    Example:
        >>> round(float(one_cycle(jnp.array(3.0), jnp.array(10.0))), 3)
        1.0

    References:
        Smith, Topin. Super-convergence. 2018.
    """
    share = jnp.clip(step / total, 0, 1)
    rise = 0.04 + 0.96 * 0.5 * (1 - jnp.cos(math.pi * share / 0.3))
    fall = 0.5 * (1 + jnp.cos(math.pi * (share - 0.3) / 0.7))
    return jnp.where(share < 0.3, rise, fall)


def warmup_stable_decay(step: Array, total: Array) -> Array:
    """Return 1, then a straight fall to zero over the last fifth of the run.

    Example:
        >>> round(float(warmup_stable_decay(jnp.array(9.0), jnp.array(10.0))), 3)
        0.5

    References:
        Hu et al. MiniCPM. 2024; Hägele et al. Scaling laws and compute-optimal training
        beyond fixed training durations. NeurIPS 2024.
    """
    return jnp.clip((1 - step / total) / 0.2, 0, 1)


def ramp(step: Array, total: Array) -> Array:
    """Return 10⁻⁶ rising exponentially to 1: the learning-rate finder.

    Example:
        >>> round(float(ramp(jnp.array(10.0), jnp.array(10.0))), 3)
        1.0
    """
    return 10.0 ** (-6 * (1 - jnp.clip(step / total, 0, 1)))


SCHEDULES: Registry[Schedule] = Registry("schedule")
for _name, _schedule in {
    "constant": constant,
    "step": stepwise,
    "cosine": cosine,
    "linear": linear,
    "one-cycle": one_cycle,
    "wsd": warmup_stable_decay,
    "ramp": ramp,
    "plateau": constant,  # the loop lowers the rate when the monitored value stays
}.items():
    SCHEDULES.add(_name, _schedule)


def factor(name: str, step: Array, total: Array, warmup: Array) -> Array:
    """Return the schedule's factor with a straight warm-up over the first ``warmup`` steps.

    Example:
        >>> float(factor("constant", jnp.array(0.0), jnp.array(10.0), jnp.array(4.0)))
        0.25
    """
    rise = jnp.minimum((step + 1) / warmup, 1)  # without a warm-up of infinity and one
    body = SCHEDULES[name](jnp.maximum(step - warmup, 0), jnp.maximum(total - warmup, 1))
    return rise * body
