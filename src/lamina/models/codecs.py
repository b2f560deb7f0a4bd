"""What autoencoders of images are made of: down to a small map of features, and up again to the image."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import AbstractSampleInputs, ImageSampleInputs, Inputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.models.mlp import MLPBody
from lamina.models.unet import folded
from lamina.nn.activation import ACTIVATIONS
from lamina.nn.convolution import Conv, SubpixelConv
from lamina.nn.initializers import he_normal, zeros
from lamina.nn.linear import Linear
from lamina.ops.upsampling import depth_to_space

SMALLEST_SIDE = 8  # of the map of features where the number of halvings is left open


class AbstractAutoencoder(Module):
    """A code of a sample by ``encode``, and the sample again by a decoder.

    Attributes:
        encoder: (batch, *shape) → codes, or what they are made of.
        decoder: codes → (batch, *shape).
    """

    encoder: Module
    decoder: Module

    @abc.abstractmethod
    def encode(self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False) -> Any:
        """Return the code of each sample."""

    def decode(
        self, code: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b ..."]:
        """Return the sample of each code: numbers and pixels in their units, logits of categories."""
        return self.decoder(code, train=train)

    def __call__(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b ..."]:
        return self.decode(self.encode(x, train=train), train=train)


class ResidualConvolutions(Module):
    """x + W₂ * f(W₁ * f(x)), both 3 x 3; W₂ begins at zero, so that the block begins as the identity.

    Args:
        width: channels.
        activation: name of f in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, y, x, width) → the same

    References:
        He et al. Identity mappings in deep residual networks. ECCV 2016.
    """

    first: Conv
    second: Conv
    activation: str = static()

    def __init__(self, width: int, *, activation: str, key: Any):
        first_key, second_key = split(key, 2)
        self.first = Conv(width, width, initializer=he_normal, key=first_key)
        self.second = Conv(width, width, initializer=zeros, key=second_key)
        self.activation = activation

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        function = ACTIVATIONS[self.activation]
        return x + self.second(function(self.first(function(x))))


class ImageMap(Module):
    """From an image to a map of features, half as fine ``depth`` times.

    Blocks of 2 x 2 pixels become channels first; each halving is a convolution whose stride is its kernel,
    and doubles the channels; a residual block stands at each resolution. Sides that are no multiples of
    2^depth are filled up with zeros.

    Args:
        shape: (height, width, channels) of an image.
        width: channels at half the resolution.
        depth: number of halvings, >= 1.
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, *map_shape)
    """

    stem: Conv
    blocks: list[ResidualConvolutions]
    halvings: list[Conv]
    shape: tuple[int, int, int] = static()
    depth: int = static()
    width: int = static()
    activation: str = static()

    def __init__(self, shape: tuple[int, ...], *, width: int, depth: int, activation: str, key: Any):
        _check_depth(depth)
        self.shape, self.depth, self.width = (shape[0], shape[1], shape[2]), depth, width
        self.activation = activation
        keys = split(key, 2 * depth)
        widths = [width * 2**level for level in range(depth)]
        self.stem = Conv(4 * shape[2], width, initializer=he_normal, key=keys[0])
        self.blocks = [
            ResidualConvolutions(own, activation=activation, key=keys[1 + level])
            for level, own in enumerate(widths)
        ]
        self.halvings = [
            Conv(own, 2 * own, kernel_size=2, stride=2, padding=0, key=keys[1 + depth + level])
            for level, own in enumerate(widths[:-1])
        ]

    @property
    def map_shape(self) -> tuple[int, int, int]:
        """Of what leaves: (height, width, channels)."""
        return map_shape(self.shape, self.width, self.depth)

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u d"]:
        check_samples(x, self.shape, self.path)
        down, right = (-side % 2**self.depth for side in self.shape[:2])
        x = self.stem(folded(jnp.pad(x, ((0, 0), (0, down), (0, right), (0, 0))), 2))
        for level, block in enumerate(self.blocks):
            x = block(x)
            if level < len(self.halvings):
                x = self.halvings[level](x)
        return ACTIVATIONS[self.activation](x)


class MapImage(Module):
    """From a map of features to an image: `ImageMap` backward, with sub-pixel convolutions.

    Args:
        shape: (height, width, channels) of an image.
        width: channels at half the resolution.
        depth: number of doublings, >= 1.
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, *map_shape) → (batch, height, width, channels)
    """

    blocks: list[ResidualConvolutions]
    doublings: list[SubpixelConv]
    head: Conv
    shape: tuple[int, int, int] = static()
    activation: str = static()

    def __init__(self, shape: tuple[int, ...], *, width: int, depth: int, activation: str, key: Any):
        _check_depth(depth)
        self.shape, self.activation = (shape[0], shape[1], shape[2]), activation
        keys = split(key, 2 * depth)
        widths = [width * 2**level for level in range(depth)][::-1]
        self.blocks = [
            ResidualConvolutions(own, activation=activation, key=keys[level])
            for level, own in enumerate(widths)
        ]
        self.doublings = [
            SubpixelConv(own, own // 2, kernel_size=1, key=keys[depth + level])
            for level, own in enumerate(widths[:-1])
        ]
        self.head = Conv(width, 4 * shape[2], key=keys[-1])

    def __call__(
        self, x: Float[Array, "b v u d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        for level, block in enumerate(self.blocks):
            x = block(x)
            if level < len(self.doublings):
                x = self.doublings[level](x)
        x = depth_to_space(self.head(ACTIVATIONS[self.activation](x)), (2, 2))
        return x[:, : self.shape[0], : self.shape[1]]


class ImageVector(Module):
    """From an image to a vector: a map of features, and one weighted sum of all of it.

    Args:
        shape: (height, width, channels) of an image.
        outputs: numbers that leave.
        width: channels at half the resolution.
        depth: number of halvings.
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    map: ImageMap
    head: Linear

    def __init__(
        self, shape: tuple[int, ...], outputs: int, *, width: int, depth: int, activation: str, key: Any
    ):
        map_key, head_key = split(key, 2)
        self.map = ImageMap(shape, width=width, depth=depth, activation=activation, key=map_key)
        self.head = Linear(math.prod(self.map.map_shape), outputs, key=head_key)

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b o"]:
        x = self.map(x)
        return self.head(x.reshape(len(x), -1))


class VectorImage(Module):
    """From a vector to an image: `ImageVector` backward.

    Args:
        shape: (height, width, channels) of an image.
        inputs: numbers that come.
        width: channels at half the resolution.
        depth: number of doublings.
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, inputs) → (batch, height, width, channels)
    """

    tail: Linear
    image: MapImage
    map_shape: tuple[int, int, int] = static()

    def __init__(
        self, shape: tuple[int, ...], inputs: int, *, width: int, depth: int, activation: str, key: Any
    ):
        tail_key, image_key = split(key, 2)
        self.map_shape = map_shape(shape, width, depth)
        self.tail = Linear(inputs, math.prod(self.map_shape), key=tail_key)
        self.image = MapImage(shape, width=width, depth=depth, activation=activation, key=image_key)

    def __call__(
        self, x: Float[Array, "b i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        return self.image(self.tail(x).reshape(len(x), *self.map_shape))


class FlatVector(Module):
    """From a sample of any shape to a vector, through hidden layers.

    Args:
        shape: of a sample.
        outputs: numbers that leave.
        width: of the hidden layers.
        depth: number of hidden layers.
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, *shape) → (batch, outputs)
    """

    body: MLPBody
    head: Linear
    shape: tuple[int, ...] = static()

    def __init__(
        self, shape: tuple[int, ...], outputs: int, *, width: int, depth: int, activation: str, key: Any
    ):
        body_key, head_key = split(key, 2)
        self.shape, features = tuple(shape), math.prod(shape)
        self.body = MLPBody(features, width=width, depth=depth, activation=activation, key=body_key)
        self.head = Linear(width if depth else features, outputs, key=head_key)

    def __call__(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b o"]:
        check_samples(x, self.shape, self.path)
        return self.head(self.body(x.reshape(len(x), -1)))


class VectorFlat(Module):
    """From a vector to a sample of any shape, through hidden layers: `FlatVector` backward.

    Args:
        shape: of a sample.
        inputs: numbers that come.
        width: of the hidden layers.
        depth: number of hidden layers.
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, inputs) → (batch, *shape)
    """

    body: MLPBody
    head: Linear
    shape: tuple[int, ...] = static()

    def __init__(
        self, shape: tuple[int, ...], inputs: int, *, width: int, depth: int, activation: str, key: Any
    ):
        body_key, head_key = split(key, 2)
        self.shape = tuple(shape)
        self.body = MLPBody(inputs, width=width, depth=depth, activation=activation, key=body_key)
        self.head = Linear(width if depth else inputs, math.prod(shape), key=head_key)

    def __call__(
        self, x: Float[Array, "b i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b ..."]:
        return self.head(self.body(x)).reshape(len(x), *self.shape)


def map_shape(shape: tuple[int, ...], width: int, depth: int) -> tuple[int, int, int]:
    """Return the shape of the map of features of an image.

    Args:
        shape: (height, width, channels) of the image.
        width: channels at half the resolution.
        depth: number of halvings.

    Example:
        >>> map_shape((28, 30, 1), 16, 2)
        (7, 8, 32)
    """
    return (-(-shape[0] // 2**depth), -(-shape[1] // 2**depth), width * 2 ** (depth - 1))


def halvings_of(shape: tuple[int, ...]) -> int:
    """Return how often an image is halved, at least once, until its shorter side has 8 pixels or fewer.

    Example:
        >>> halvings_of((28, 28, 1)), halvings_of((64, 80, 3))
        (2, 3)
    """
    return max(1, math.ceil(math.log2(max(1, min(shape[:2])) / SMALLEST_SIDE)))


def vectors_of(
    inputs: AbstractSampleInputs, *, dense: bool = False
) -> tuple[Callable[..., Module], Callable[..., Module]]:
    """Return what makes encoder and decoder between samples of this kind and vectors.

    Args:
        inputs: of the samples.
        dense: hidden layers for images too, instead of convolutions.
    """
    is_image = isinstance(inputs, ImageSampleInputs) and not dense
    return (ImageVector, VectorImage) if is_image else (FlatVector, VectorFlat)


def samples_of(inputs: Inputs, model: str) -> AbstractSampleInputs:
    """Return the inputs if they are samples.

    Args:
        inputs: what the model is told of.
        model: its name, for the error.

    Raises:
        ConfigError: they are something else.
    """
    if isinstance(inputs, AbstractSampleInputs) and math.prod(inputs.shape):
        return inputs
    expected = "RowSampleInputs or ImageSampleInputs with at least one value"
    raise ConfigError(f"model '{model}' is for samples", expected=expected, received=inputs)


def check_samples(x: Array, shape: tuple[int, ...], path: str) -> None:
    """Refuse samples that are not as announced.

    Raises:
        ShapeError: they have another shape.
    """
    if tuple(x.shape[1:]) != tuple(shape):
        expected = f"(batch, {', '.join(map(str, shape))})"
        raise ShapeError("wrong shape", where=path, expected=expected, received=tuple(x.shape))


def _check_depth(depth: int) -> None:
    if not 1 <= depth <= 8:
        raise ConfigError("depth is out of range", expected="1 to 8", received=depth)
