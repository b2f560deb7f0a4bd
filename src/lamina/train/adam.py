"""Adam and AdamW, written so that XLA makes one pass over each array.

Optax's pieces divide three times an element and keep the old moments alive beside the new
ones, so that a step that is not finite can be undone. Here the two bias corrections are
folded into one factor and one ε, and such a step has the factors of standing still.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.train.rule import Rule

EPSILON = 1e-8  # of the paper


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
    lr: Array, beta1: Array, beta2: Array, *, decay: Array | float = 0.0, decayed: Any = None
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
        moves = finite.astype(jnp.float32)
        steps = state.steps + finite.astype(jnp.int32)
        power = jnp.maximum(steps, 1).astype(jnp.float32)
        keep1, take1 = 1 - moves * (1 - beta1), moves * (1 - beta1)
        keep2, take2 = 1 - moves * (1 - beta2), moves * (1 - beta2)
        root = jnp.sqrt(1 - beta2**power)
        rate, epsilon, shrink = lr * moves * root / (1 - beta1**power), EPSILON * root, lr * moves * decay

        def finite_part(g: Array, like: Array) -> Array:
            return jnp.where(finite, g, 0).astype(like.dtype)

        g = jax.tree.map(finite_part, gradient, state.mu)
        mu = jax.tree.map(lambda m, g: keep1 * m + take1 * g, state.mu, g)
        nu = jax.tree.map(lambda v, g: keep2 * v + take2 * (g * g), state.nu, g)

        def moved(p: Array, m: Array, v: Array, shrinks: bool) -> Array:
            wide = p.astype(m.dtype)
            wide = wide - shrink * wide if shrinks else wide
            return (wide - rate * m / (jnp.sqrt(v) + epsilon)).astype(p.dtype)

        shrinks = jax.tree.map(lambda _: False, parameters) if decayed is None else decayed
        return jax.tree.map(moved, parameters, mu, nu, shrinks), AdamState(steps, mu, nu)

    return Rule(init, step)
