"""Normalization by the root mean square, with its own gradient: one number a row is kept for it."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float


def rms_norm(x: Float[Array, "*b d"], weight: Float[Array, " d"], *, epsilon: float) -> Float[Array, "*b d"]:
    """Scale the last axis: x / √(mean x² + ε) · weight.

    Args:
        x: rows of features, with any number of leading axes.
        weight: gain of each feature.
        epsilon: ε > 0, keeps the division finite.

    Returns:
        The same shape and type. O(size).

    Example:
        >>> y = rms_norm(jnp.array([[3.0, 4.0]]), jnp.ones(2), epsilon=1e-6)
        >>> round(float((y**2).mean()), 3)
        1.0

    References:
        Zhang, Sennrich. Root mean square layer normalization. NeurIPS 2019.
    """
    rows: Any = _rms_norm(float(epsilon), x.reshape(-1, x.shape[-1]), weight)
    return rows.reshape(x.shape)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _rms_norm(epsilon: float, x: Any, weight: Any) -> Any:
    return _forward(epsilon, x, weight)[0]


def _forward(epsilon: float, x: Any, weight: Any) -> tuple[Any, tuple[Any, Any, Any]]:
    wide = x.astype(jnp.float32)
    scale = jax.lax.rsqrt((wide * wide).mean(-1, keepdims=True) + epsilon)
    y = (wide * scale).astype(x.dtype) * weight.astype(x.dtype)[None]
    return y, (x, weight, scale)


def _backward(_epsilon: float, saved: tuple[Any, Any, Any], change: Any) -> tuple[Any, Any]:
    """Return the gradients: with g = change·weight and n = x·scale, dx = scale·(g - n·mean(g·n))."""
    x, weight, scale = saved
    normal, wide = x.astype(jnp.float32) * scale, change.astype(jnp.float32)
    g = wide * weight.astype(jnp.float32)[None]
    dx = scale * (g - normal * (g * normal).mean(-1, keepdims=True))
    return dx.astype(x.dtype), (wide * normal).sum(0).astype(weight.dtype)


_rms_norm.defvjp(_forward, _backward)
