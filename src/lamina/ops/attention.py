"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float

from lamina.core.arrays import Array
from lamina.ops.dense import Sides, product


def attention(
    query: Float[Array, "b h t k"], key: Float[Array, "b h s k"], value: Float[Array, "b h s k"]
) -> tuple[Float[Array, "b h t k"], Float[Array, "b h t s"]]:
    """Mix values by how well their keys match each query.

    weights = softmax(Q Kᵀ / √k),  output = weights · V

    Args:
        query: one row a position that asks.
        key: one row a position that is asked.
        value: what each asked position gives.

    Returns:
        The mixture and the weights. O(b·h·t·s·k).

    Example:
        >>> out, weights = attention(*[jnp.ones((1, 2, 3, 4))] * 3)
        >>> out.shape, round(float(weights[0, 0, 0].sum()), 5)
        ((1, 2, 3, 4), 1.0)

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017, section 3.2.1.
    """
    scale = 1.0 / math.sqrt(query.shape[-1])
    scores = _products(query * scale, key, (False, True))
    weights = jax.nn.softmax(scores.astype(jnp.float32), axis=-1).astype(value.dtype)
    return _products(weights, value, (False, False)), weights


def _products(left: Array, right: Array, transposed: Sides) -> Any:
    """Return a product for every row of the batch and head: many small ones, as of a population."""
    flat = [array.reshape(-1, *array.shape[-2:]) for array in (left, right)]
    found: Any = jax.vmap(lambda a, b: product(a, b, transposed))(*flat)
    return found.reshape(*left.shape[:-2], *found.shape[-2:])
