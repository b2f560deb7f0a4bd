"""How the kernel of a convolution moves, and how large its result is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """How a kernel moves, one number an axis.

    Args:
        stride: steps between outputs.
        low: zeros before.
        high: zeros behind.
        dilation: steps between the taps of the kernel.
    """

    stride: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    dilation: tuple[int, ...]


def out_shape(x: Sequence[int], weight: Sequence[int], window: Window) -> tuple[int, ...]:
    """Return the shape of a convolution's result.

    Args:
        x: shape of the input, channels last.
        weight: shape of the weights, outputs first.
        window: how the kernel moves.

    Example:
        >>> out_shape((2, 8, 8, 3), (5, 3, 3, 3), Window((2, 2), (1, 1), (1, 1), (1, 1)))
        (2, 4, 4, 5)
    """
    space = [
        (size + low + high - dilation * (taps - 1) - 1) // stride + 1
        for size, taps, stride, low, high, dilation in zip(x[1:-1], weight[2:], *window, strict=True)
    ]
    return (x[0], *space, weight[0])
