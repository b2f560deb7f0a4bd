"""Pooling layers: a window, or the whole image, becomes one value a channel."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ShapeError
from lamina.core.module import Module, static
from lamina.core.shapes import Float
from lamina.nn.convolution import Edges, Sizes, edges, per_axis
from lamina.ops.pooling import max_pool, sum_pool


class _AbstractPool(Module):
    """A window that slides."""

    kernel: tuple[int, ...] = static()
    stride: tuple[int, ...] = static()
    padding: tuple[tuple[int, int], ...] = static()

    def __init__(
        self,
        kernel_size: Sizes = 2,
        *,
        stride: Sizes | None = None,
        padding: Edges = 0,
        dimensions: int = 2,
    ):
        self.kernel = per_axis(kernel_size, dimensions, name="kernel_size")
        self.stride = self.kernel if stride is None else per_axis(stride, dimensions, name="stride")
        self.padding = edges(padding, self.kernel, (1,) * dimensions)

    def _check(self, x: Array) -> None:
        least = [k - sum(p) for k, p in zip(self.kernel, self.padding, strict=True)]
        space = x.shape[1:-1]
        if len(space) != len(least) or any(s < k for s, k in zip(space, least, strict=True)):
            expected = f"{len(least) + 2} axes, at least {' x '.join(map(str, least))} places"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))


class MaxPool(_AbstractPool):
    """Keep the largest value of every window: y[p] = max_k x[p·stride + k - padding].

    Where several are the largest, the first in reading order gets the gradient, as in PyTorch.
    O(size · kernel).

    Args:
        kernel_size: length of the window, one number, or one an axis.
        stride: steps between windows; the window itself when left out.
        padding: places around that never win: a number, numbers or pairs, or ``"same"``.
        dimensions: axes of space, 1 to 3.

    Shapes:
        (batch, *space, channels) → (batch, *out, channels), out = ⌊(size + padding - kernel) / stride⌋ + 1

    Raises:
        ShapeError: the window is larger than the image.

    Example:
        >>> MaxPool(3, stride=2, padding=1)(jnp.ones((2, 8, 8, 4))).shape
        (2, 4, 4, 4)

    References:
        Riesenhuber, Poggio. Hierarchical models of object recognition in cortex. 1999.
    """

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *out c"]:
        self._check(x)
        return max_pool(x, kernel=self.kernel, stride=self.stride, padding=self.padding)


class AveragePool(_AbstractPool):
    """Average every window: y[p] = mean_k x[p·stride + k - padding], padding counted as zeros.

    O(size · kernel).

    Args:
        kernel_size: length of the window, one number, or one an axis.
        stride: steps between windows; the window itself when left out.
        padding: zeros around: a number, numbers or pairs, or ``"same"``.
        dimensions: axes of space, 1 to 3.

    Shapes:
        (batch, *space, channels) → (batch, *out, channels), out = ⌊(size + padding - kernel) / stride⌋ + 1

    Raises:
        ShapeError: the window is larger than the image.

    Example:
        >>> AveragePool(2)(jnp.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
        [[2.5, 4.5], [10.5, 12.5]]

    References:
        LeCun et al. Gradient-based learning applied to document recognition. Proc. IEEE 1998.
    """

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *out c"]:
        self._check(x)
        sums = sum_pool(x, kernel=self.kernel, stride=self.stride, padding=self.padding)
        return sums / math.prod(self.kernel)


class GlobalAveragePool(Module):
    """Average each channel over all places: y = mean_p x[p]. Summed in float32. O(size).

    Shapes:
        (batch, *space, channels) → (batch, channels)

    Example:
        >>> GlobalAveragePool()(jnp.ones((2, 8, 8, 4))).shape
        (2, 4)

    References:
        Lin, Chen, Yan. Network in network. ICLR 2014.
    """

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b c"]:
        return jnp.mean(x, axis=range(1, x.ndim - 1), dtype=jnp.float32).astype(x.dtype)


class GlobalMaxPool(Module):
    """Keep each channel's largest value over all places: y = max_p x[p]. O(size).

    Shapes:
        (batch, *space, channels) → (batch, channels)

    Example:
        >>> GlobalMaxPool()(jnp.ones((2, 3, 3, 4))).shape
        (2, 4)
    """

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b c"]:
        flat = x.reshape(x.shape[0], -1, x.shape[-1])
        window = (flat.shape[1],)
        return max_pool(flat, kernel=window, stride=window, padding=((0, 0),))[:, 0]


class AdaptiveAveragePool(Module):
    """Average to a given size, whatever size comes: window i goes from ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉.

    Windows overlap where n is no multiple of m; where n < m places are repeated. One product with
    a small constant matrix an axis. O(size · m).

    Args:
        size: places m that leave, one number, or one an axis.
        dimensions: axes of space, 1 to 3.

    Shapes:
        (batch, *space, channels) → (batch, *size, channels)

    Example:
        >>> AdaptiveAveragePool(7)(jnp.ones((2, 10, 12, 4))).shape
        (2, 7, 7, 4)

    References:
        He et al. Spatial pyramid pooling in deep convolutional networks. ECCV 2014.
    """

    size: tuple[int, ...] = static()

    def __init__(self, size: Sizes, *, dimensions: int = 2):
        self.size = per_axis(size, dimensions, name="size")

    def __call__(
        self, x: Float[Array, "b *space c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *out c"]:
        if x.ndim != len(self.size) + 2:
            expected = f"{len(self.size) + 2} axes"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        for axis, (many, few) in enumerate(zip(x.shape[1:-1], self.size, strict=True), 1):
            if many != few:
                weights = jnp.asarray(_window_means(many, few), x.dtype)
                x = jnp.moveaxis(jnp.tensordot(weights, x, axes=(1, axis)), 0, axis)
        return x


def _window_means(many: int, few: int) -> np.ndarray:
    """Return the matrix (few, many) that averages each window."""
    matrix = np.zeros((few, many), np.float32)
    for row in range(few):
        start, end = row * many // few, -(-(row + 1) * many // few)
        matrix[row, start:end] = 1.0 / (end - start)
    return matrix
