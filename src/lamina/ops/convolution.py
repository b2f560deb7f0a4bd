"""Convolution: one small weighted sum, slid over space. Channels last, weights as in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import jax
from jax import lax
from jaxtyping import Float

from lamina.core.arrays import Array

Padding = Sequence[tuple[int, int]]


def convolution(
    x: Float[Array, "b *space c"],
    weight: Float[Array, "o i *kernel"],
    *,
    stride: Sequence[int],
    padding: Padding,
    dilation: Sequence[int],
    groups: int = 1,
) -> Float[Array, "b *out o"]:
    """Slide a weighted sum over 1, 2 or 3 axes of space.

    y[b, p, o] = Σ_k Σ_i x[b, p·stride + k·dilation - padding, i] · weight[o, i, k]

    Args:
        x: channels last.
        weight: (outputs, channels / groups, *kernel).
        stride: steps between outputs, one number an axis.
        padding: zeros before and after, one pair an axis.
        dilation: steps between the taps of the kernel, one number an axis.
        groups: channels and outputs are cut into so many independent parts.

    Returns:
        The sums. O(b · positions · outputs · channels / groups · kernel).

    Example:
        >>> import jax.numpy as jnp
        >>> x, weight = jnp.ones((1, 4, 4, 2)), jnp.ones((3, 2, 3, 3))
        >>> convolution(x, weight, stride=(1, 1), padding=((1, 1),) * 2, dilation=(1, 1)).shape
        (1, 4, 4, 3)
    """
    space = "DHW"[3 - len(stride) :]
    return lax.conv_general_dilated(
        x,
        weight,
        window_strides=stride,
        padding=padding,
        rhs_dilation=dilation,
        feature_group_count=groups,
        dimension_numbers=(f"N{space}C", f"OI{space}", f"N{space}C"),
        precision=jax.lax.Precision.DEFAULT,
    )
