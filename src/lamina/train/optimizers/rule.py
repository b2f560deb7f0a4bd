"""What an optimizer is to the compiled step, and how Optax's become one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array


class Rule(NamedTuple):
    """One optimizer at one step.

    Args:
        init: ``parameters -> state``.
        step: ``(gradient, state, parameters, finite) -> (parameters, state)``; where ``finite`` is
            False nothing may change.
    """

    init: Callable[[Any], Any]
    step: Callable[[Any, Any, Any, Array], tuple[Any, Any]]


def where_finite(finite: Array, new: Any, old: Any) -> Any:
    """Return ``new`` where ``finite``, else ``old``, array by array."""
    return jax.tree.map(lambda a, b: a if a is b else jnp.where(finite, a, b), new, old)


def from_optax(transformation: Any) -> Rule:
    """Return the rule of an Optax transformation."""

    def step(gradient: Any, state: Any, parameters: Any, finite: Array) -> tuple[Any, Any]:
        with jax.numpy_dtype_promotion("standard"):  # Optax takes float powers of integer counts
            updates, after = transformation.update(gradient, state, parameters)
        moved = jax.tree.map(lambda p, u: p + u.astype(p.dtype), parameters, updates)
        return where_finite(finite, (moved, after), (parameters, state))

    return Rule(transformation.init, step)
