"""From coarse to fine: channels spread over space, and the convolution that runs backward."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import lax

from lamina.core.arrays import Array
from lamina.core.shapes import Float
from lamina.ops.convolution import Padding, convolution


def depth_to_space(x: Float[Array, "b *space c"], factors: Sequence[int]) -> Float[Array, "b *out o"]:
    """Spread each position's channels over a small block of positions.

    y[b, p·f + r, o] = x[b, p, o·Πf + r], with r counted over the block in reading order
    (PyTorch's PixelShuffle).

    Args:
        x: channels last, a multiple of the product of ``factors``.
        factors: how many times finer each axis of space becomes.

    Returns:
        The finer array. O(size).

    Example:
        >>> depth_to_space(jnp.arange(4.0).reshape(1, 1, 1, 4), (2, 2))[0, :, :, 0].tolist()
        [[0.0, 1.0], [2.0, 3.0]]
    """
    batch, *space, _ = x.shape
    rank = len(factors)
    x = x.reshape(batch, *space, -1, *factors)  # b, space, o, factors
    order = [0]
    for axis in range(rank):
        order += [1 + axis, 2 + rank + axis]
    fine = [size * factor for size, factor in zip(space, factors, strict=True)]
    return x.transpose(*order, 1 + rank).reshape(batch, *fine, -1)


def transposed_convolution(
    x: Float[Array, "b *space i"],
    weight: Float[Array, "i o *kernel"],
    *,
    stride: Sequence[int],
    padding: Padding,
    output_padding: Sequence[int],
    dilation: Sequence[int],
    groups: int = 1,
) -> Float[Array, "b *out o"]:
    """Spread a weighted kernel from every position: the gradient of a convolution, used forward.

    y[b, p·stride + k·dilation - padding, o] += x[b, p, i] · weight[i, o, k]

    Done in sub-pixel form: the outputs that share a remainder modulo the stride see the same
    taps, so one ordinary convolution makes them all as channels, which are then spread over
    space. No zeros are put between the inputs, which would be slow on a CPU.

    Args:
        x: channels last.
        weight: (channels, outputs / groups, *kernel).
        stride: steps between inputs in the output, one number an axis.
        padding: how much of the output is cut off before and after, one pair an axis.
        output_padding: how much is added after, one number an axis.
        dilation: steps between the taps of the kernel, one number an axis.
        groups: channels and outputs are cut into so many independent parts.

    Returns:
        The sums. O(b · positions · channels · outputs / groups · kernel).

    Example:
        >>> x, weight = jnp.ones((1, 4, 4, 2)), jnp.ones((2, 3, 2, 2))
        >>> zero, one = (0, 0), (1, 1)
        >>> transposed_convolution(
        ...     x, weight, stride=(2, 2), padding=(zero, zero), output_padding=zero, dilation=one
        ... ).shape
        (1, 8, 8, 3)

    References:
        Shi et al. Is the deconvolution layer the same as a convolutional layer? 2016.
    """
    rank = len(stride)
    length = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    taps = [-(-k // s) for k, s in zip(length, stride, strict=True)]
    edges = [(0, t * s - k, d - 1) for t, s, k, d in zip(taps, stride, length, dilation, strict=True)]
    weight = lax.pad(weight, jnp.zeros((), weight.dtype), [(0, 0, 0), (0, 0, 0), *edges])
    coarse = convolution(
        x,
        _phases(weight, taps, stride, groups),
        stride=(1,) * rank,
        padding=[(t - 1, t - 1) for t in taps],
        dilation=(1,) * rank,
        groups=groups,
    )
    fine = depth_to_space(coarse, stride)
    crop = []
    for axis in range(rank):
        before, after = padding[axis]
        whole = (x.shape[1 + axis] - 1) * stride[axis] + length[axis]
        crop.append((-before, whole - after + output_padding[axis] - fine.shape[1 + axis], 0))
    return lax.pad(fine, jnp.zeros((), fine.dtype), [(0, 0, 0), *crop, (0, 0, 0)])


def _phases(weight: Array, taps: Sequence[int], stride: Sequence[int], groups: int) -> Array:
    """Turn (i, o/groups, *kernel) into (o · Πstride, i/groups, *taps), taps in reverse."""
    inputs, outputs, *_ = weight.shape
    rank = len(taps)
    cut = [size for pair in zip(taps, stride, strict=True) for size in pair]
    parts = weight.reshape(groups, inputs // groups, outputs, *cut)  # g, i, o, t0, s0, t1, s1 ...
    order = [0, 2, *range(4, 4 + 2 * rank, 2), 1, *range(3, 3 + 2 * rank, 2)]
    parts = parts.transpose(order).reshape(-1, inputs // groups, *taps)
    return jnp.flip(parts, range(2, 2 + rank))
