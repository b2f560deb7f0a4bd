"""The Gaussian error linear unit with its derivative, which is all that is kept for the backward pass.

On CPU large arrays are computed by a native kernel (`lamina.ops.dispatch`): XLA's error function takes
several times as long.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.ops import dispatch
from lamina.ops.native import library


@jax.custom_jvp
def gelu(x: Any) -> Any:
    """Return x·Φ(x), Φ the normal distribution function; exact but for rounding.

    Args:
        x: numbers of any shape.

    Returns:
        The same shape. O(size).

    Example:
        >>> round(float(gelu(jnp.array(1.0))), 4)
        0.8413
    """
    return native_gelu(x) if suits_kernel(x) else jax.nn.gelu(x, approximate=False)


@gelu.defjvp
def _gelu_along(at: tuple[Any], along: tuple[Any]) -> tuple[Any, Any]:
    (x,), (tangent,) = at, along
    value, slope = _gelu_and_slope(x)
    return value, slope * tangent


@jax.custom_jvp
def _gelu_and_slope(x: Any) -> tuple[Any, Any]:
    return native_gelu_and_slope(x) if suits_kernel(x) else plain_gelu_and_slope(x)


@_gelu_and_slope.defjvp
def _both_along(at: tuple[Any], along: tuple[Any]) -> tuple[Any, Any]:
    """Return both with their derivatives: the second is (2 - x²) · φ(x)."""
    (x,), (tangent,) = at, along
    value, slope = _gelu_and_slope(x)
    return (value, slope), (slope * tangent, (2 - x * x) * _density(x) * tangent)


def suits_kernel(x: Any) -> bool:
    """Return whether the kernel computes an array faster than XLA."""
    return dispatch.suits("gelu", x, numbers=x.size)


def plain_gelu_and_slope(x: Any) -> tuple[Any, Any]:
    """Return x·Φ(x) and Φ(x) + x·φ(x) as XLA computes them."""
    below = 0.5 * jax.lax.erfc(-math.sqrt(0.5) * x)
    return x * below, below + x * _density(x)


def _density(x: Any) -> Any:
    return jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


def native_gelu(x: Any) -> Any:
    """Return x·Φ(x) as the kernel computes it."""
    return library.call("gelu", jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="broadcast_all")


def native_gelu_and_slope(x: Any) -> tuple[Any, Any]:
    """Return both as the kernel computes them, in one pass."""
    out = [jax.ShapeDtypeStruct(x.shape, x.dtype)] * 2
    value, slope = library.call("gelu", out, x, vmap_method="broadcast_all")
    return value, slope
