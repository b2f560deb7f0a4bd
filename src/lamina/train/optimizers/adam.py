"""Adam and AdamW, written so that each array is passed over once.

Optax's pieces divide three times an element and keep the old moments alive beside the new
ones, so that a step that is not finite can be undone. Here such a step stands still
(`lamina.ops.update`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.ops.update import Factors, Moments, adam_step
from lamina.train.optimizers.rule import Rule


class AdamState(NamedTuple):
    """What Adam remembers.

    Args:
        steps: steps taken.
        mu: moving average of gradients.
        nu: moving average of squared gradients.
    """

    steps: Array
    mu: Any
    nu: Any


def adam_rule(
    lr: Array,
    beta1: Array,
    beta2: Array,
    *,
    decay: Array | float = 0.0,
    decayed: Any = None,
    sparse: bool = False,
) -> Rule:
    """Return the rule of Adam, with decoupled decay where ``decayed`` is True.

    m ← β₁·m + (1-β₁)·g,  v ← β₂·v + (1-β₂)·g²
    w ← w - lr·(m/(1-β₁ᵗ) / (√(v/(1-β₂ᵗ)) + ε) + decay·w)

    Args:
        lr: learning rate of this step.
        beta1: decay of the first moment.
        beta2: decay of the second moment.
        decay: weight decay per unit of lr.
        decayed: tree of booleans like the parameters; None decays nothing.
        sparse: whether numbers whose gradient is exactly zero stay as they are, moments too.

    Returns:
        The rule. Moments are float32 even where parameters are not. O(parameters).

    References:
        Kingma, Ba. Adam: a method for stochastic optimization. ICLR 2015.
        Loshchilov, Hutter. Decoupled weight decay regularization. ICLR 2019.
    """

    def init(parameters: Any) -> AdamState:
        def zeros(array: Any) -> Array:
            return jnp.zeros(array.shape, jnp.promote_types(array.dtype, jnp.float32))

        moments = jax.tree.map(zeros, parameters)
        return AdamState(jnp.zeros((), jnp.int32), moments, jax.tree.map(zeros, parameters))

    def step(gradient: Any, state: AdamState, parameters: Any, finite: Array) -> tuple[Any, AdamState]:
        steps = state.steps + finite.astype(jnp.int32)
        factors = Factors(lr, beta1, beta2, jnp.asarray(decay, jnp.float32), steps)
        weights, form = jax.tree.flatten(parameters)
        decays = [False] * len(weights) if decayed is None else jax.tree.leaves(decayed)
        now = Moments(weights, jax.tree.leaves(state.mu), jax.tree.leaves(state.nu))
        after = adam_step(factors, finite, now, jax.tree.leaves(gradient), decays=decays, sparse=sparse)
        weight, mu, nu = (jax.tree.unflatten(form, arrays) for arrays in after)
        return weight, AdamState(steps, mu, nu)

    return Rule(init, step)
