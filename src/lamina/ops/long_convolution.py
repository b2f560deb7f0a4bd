"""Convolution with kernels as long as the sequence by Fourier transforms, and kernels of linear states."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.shapes import Float


def long_convolution(x: Float[Array, "b t d"], kernel: Float[Array, "d t"]) -> Float[Array, "b t d"]:
    """Compute y_t = Σ_{s≤t} k_{t-s} x_s for every feature by itself.

    A product of spectra, of twice the length so that nothing wraps around.

    Args:
        x: the sequence.
        kernel: one a feature, the tap for the position itself first.

    Returns:
        y in float32. O(b·d·t·log t).

    Example:
        >>> y = long_convolution(jnp.ones((1, 3, 1)), jnp.array([[1.0, 2.0, 4.0]]))
        >>> [round(value, 4) for value in y[0, :, 0].tolist()]
        [1.0, 3.0, 7.0]
    """
    time = x.shape[1]
    length = 2 ** math.ceil(math.log2(2 * time))
    last = jnp.moveaxis(x.astype(jnp.float32), 1, 2)
    spectrum = jnp.fft.rfft(last, length) * jnp.fft.rfft(kernel.astype(jnp.float32), length)[None]
    return jnp.moveaxis(jnp.fft.irfft(spectrum, length)[..., :time], 2, 1)


def modes_kernel(exponent: Array, output: Array, time: int) -> Any:
    """Return k_t = Re Σ_n c_n e^{z_n t}, the kernel of a sum of damped waves.

    With t = i·L + j the powers are products, so 2√t exponentials a wave suffice and the rest is a product of
    matrices.

    Args:
        exponent: z, complex (features, waves), real parts below zero.
        output: c, likewise.
        time: taps.

    Returns:
        The kernels in float32, (features, time). O(features · waves · time).

    Example:
        >>> kernel = modes_kernel(jnp.array([[-0.5 + 0j]]), jnp.array([[1 + 0j]]), 3)
        >>> [round(value, 3) for value in kernel[0].tolist()]
        [1.0, 0.607, 0.368]
    """
    inner = math.ceil(math.sqrt(time))
    outer = math.ceil(time / inner)
    coarse = _powers(exponent, jnp.arange(outer, dtype=jnp.float32) * inner) * output[:, None]
    fine = _powers(exponent, jnp.arange(inner, dtype=jnp.float32))
    rows = jnp.concatenate([coarse.real, -coarse.imag], axis=-1)
    columns = jnp.concatenate([fine.real, fine.imag], axis=-1)
    return jnp.einsum("dim,djm->dij", rows, columns).reshape(exponent.shape[0], -1)[:, :time]


def _powers(exponent: Array, times: Array) -> Any:
    """Return e^{z t}, (features, times, waves)."""
    spread = times[None, :, None]
    return jnp.exp(exponent[:, None] * jax.lax.complex(spread, jnp.zeros_like(spread)))
