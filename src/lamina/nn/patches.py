"""Images as rows of tokens: patches, and where they stand."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.module import Module, static
from lamina.core.random import split, uniform
from lamina.core.shapes import Float
from lamina.nn.initializers import Initializer, lecun_normal, truncated_normal
from lamina.ops.affine import affine
from lamina.ops.dense import dense


class PatchEmbedding(Module):
    """Cut an image into square patches and make each a token: y[p] = W · x[patch p] + b.

    A convolution whose kernel is its stride, done as one product. O(batch · size · width).

    Args:
        inputs: channels that come.
        width: features of a token.
        patch: pixels of a patch's side; height and width of an image are multiples of it.
        bias: add b.
        initializer: how W begins.
        key: random key or seed.

    Shapes:
        (batch, height, width, inputs) → (batch, tokens, width), tokens in reading order;
        ``weight`` (width, inputs, patch, patch)

    Raises:
        ShapeError: a side is not a multiple of ``patch``, or the channels are others.

    Example:
        >>> PatchEmbedding(3, 8, patch=4, key=0)(jnp.ones((2, 32, 16, 3))).shape
        (2, 32, 8)

    References:
        Dosovitskiy et al. An image is worth 16x16 words. ICLR 2021.
    """

    weight: Float[Array, "o i k k"]
    bias: Float[Array, " o"] | None
    patch: int = static()

    def __init__(
        self,
        inputs: int,
        width: int,
        *,
        patch: int,
        bias: bool = True,
        initializer: Initializer = lecun_normal,
        key: Any,
    ):
        weight_key, bias_key = split(key, 2)
        self.patch = patch
        self.weight = initializer(weight_key, (width, inputs, patch, patch))
        bound = 1.0 / math.sqrt(inputs * patch * patch)
        self.bias = uniform(bias_key, (width,), low=-bound, high=bound) if bias else None

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        batch, height, width, channels = x.shape
        side = self.patch
        if height % side or width % side or channels != self.weight.shape[1]:
            expected = f"multiples of {side} and {self.weight.shape[1]} channels"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        x = x.reshape(batch, height // side, side, width // side, side, channels)
        x = x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, -1, side * side * channels)
        flat = self.weight.astype(x.dtype).transpose(0, 2, 3, 1).reshape(self.weight.shape[0], -1)
        return dense(x, flat) if self.bias is None else affine(x, flat, self.bias.astype(x.dtype))


class LearnedPositions(Module):
    """Add a learned vector to the token at each position: y[t] = x[t] + weight[t]. O(size).

    Args:
        positions: number of tokens.
        width: features of a token.
        initializer: how the vectors begin.
        key: random key or seed.

    Shapes:
        (batch, tokens, width) → the same, for ``positions`` tokens or fewer; ``weight`` (1, positions, width)

    Raises:
        ShapeError: there are more tokens than positions.

    Example:
        >>> LearnedPositions(5, 8, key=0)(jnp.ones((2, 5, 8))).shape
        (2, 5, 8)
    """

    weight: Float[Array, "1 t d"]

    def __init__(self, positions: int, width: int, *, initializer: Initializer = truncated_normal, key: Any):
        self.weight = initializer(key, (1, positions, width))

    def __call__(
        self, x: Float[Array, "b t d"], *, start: Any = 0, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        most, width = self.weight.shape[1:]
        if x.shape[1] > most or x.shape[2] != width:
            expected = f"(batch, {most} or fewer, {width})"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        if isinstance(start, int) and start == 0:
            return x + self.weight[:, : x.shape[1]].astype(x.dtype)
        return x + jax.lax.dynamic_slice_in_dim(self.weight, start, x.shape[1], axis=1).astype(x.dtype)


class SinePositions(Module):
    """Add sines and cosines of a token's row and column: nothing to learn, any size of grid.

    With ω_j = temperature^(-4j/d), a quarter of the features each: sin(ω_j·column),
    cos(ω_j·column), sin(ω_j·row), cos(ω_j·row). O(size).

    Args:
        height: rows of the grid.
        width: columns of the grid.
        features: length d of a token, a multiple of 4.
        temperature: the longest wave over 2π, in patches.

    Shapes:
        (batch, height · width, features) → the same

    Raises:
        ConfigError: ``features`` is not a multiple of 4.
        ShapeError: the tokens are not as announced.

    Example:
        >>> SinePositions(2, 3, 8)(jnp.zeros((1, 6, 8)))[0, 0].tolist()
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]

    References:
        Vaswani et al. Attention is all you need. NeurIPS 2017; in two dimensions:
        Beyer, Zhai, Kolesnikov. Better plain ViT baselines for ImageNet-1k. 2022.
    """

    height: int = static()
    width: int = static()
    features: int = static()
    temperature: float = static()

    def __init__(self, height: int, width: int, features: int, *, temperature: float = 10_000.0):
        if features % 4:
            raise ConfigError("features does not fit", expected="a multiple of 4", received=features)
        self.height, self.width, self.features = height, width, features
        self.temperature = temperature

    def __call__(
        self, x: Float[Array, "b t d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        announced = (self.height * self.width, self.features)
        if x.shape[1:] != announced:
            expected = f"(batch, {announced[0]}, {announced[1]})"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        return x + jnp.asarray(self._table(), x.dtype)[None]

    def _table(self) -> np.ndarray:
        quarter = self.features // 4
        omega = self.temperature ** -(np.arange(quarter) / max(1, quarter))
        row, column = np.divmod(np.arange(self.height * self.width), self.width)
        waves = [column[:, None] * omega, row[:, None] * omega]
        parts = [function(wave) for wave in waves for function in (np.sin, np.cos)]
        return np.concatenate(parts, axis=1).astype(np.float32)
