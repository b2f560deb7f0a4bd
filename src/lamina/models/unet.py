"""U-Net: down to see the whole, up again to say where."""

from __future__ import annotations

from typing import Any, Literal

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import EACH
from lamina.models.images import ImageFeatures
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.convolution import Conv, ConvTranspose
from lamina.nn.initializers import he_normal
from lamina.nn.normalization import BatchNorm
from lamina.nn.pooling import MaxPool

Standardize = Literal["set", "each"]


class DoubleConv(Module):
    """Twice: 3 x 3 convolution, normalization, relu.

    Shapes:
        (batch, y, x, inputs) → (batch, y, x, outputs)
    """

    conv1: Conv
    bn1: BatchNorm
    conv2: Conv
    bn2: BatchNorm

    def __init__(self, inputs: int, outputs: int, *, key: Any):
        keys = split(key, 2)
        self.conv1 = Conv(inputs, outputs, bias=False, initializer=he_normal, key=keys[0])
        self.conv2 = Conv(outputs, outputs, bias=False, initializer=he_normal, key=keys[1])
        self.bn1, self.bn2 = BatchNorm(outputs), BatchNorm(outputs)

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x o"]:
        x = relu(self.bn1(self.conv1(x), train=train))
        return relu(self.bn2(self.conv2(x), train=train))


class UNet(Module):
    """Convolve and halve; then double, join with what was there on the way down, and convolve.

    With ``fold`` above 1 the first convolution sees blocks of fold × fold pixels as channels, and the head
    gives the outputs of a block's pixels together (sub-pixel convolution): the same field of view for a
    fraction 1 / fold² of the work. An image whose sides are no multiples of fold · 2^depth is filled up
    with zeros and cut back at the end.

    Args:
        features: standardizes the images.
        outputs: numbers that leave at each pixel.
        width: channels at the first resolution; every halving doubles them.
        depth: number of halvings, >= 0.
        fold: side of the blocks of pixels that become channels.
        standardize: ``"set"`` by the moments of the training images, ``"each"`` by those of each image.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, height, width, outputs)

    References:
        Shi et al. Real-time single image and video super-resolution using an efficient sub-pixel
        convolutional neural network. CVPR 2016.
    """

    features: ImageFeatures
    downs: list[DoubleConv]
    bottom: DoubleConv
    ups: list[ConvTranspose]
    joins: list[DoubleConv]
    head: Conv
    pool: MaxPool
    padding: tuple[int, int] = static()
    fold: int = static()
    standardize: Standardize = static()

    def __init__(
        self,
        features: ImageFeatures,
        outputs: int,
        *,
        width: int,
        depth: int,
        fold: int = 1,
        standardize: Standardize = "set",
        key: Any,
    ):
        head_key, bottom_key, *keys = split(key, 2 + 3 * depth)
        widths = [width * 2**level for level in range(depth + 1)]
        self.features, self.pool = features, MaxPool(2)
        self.fold, self.standardize = fold, standardize
        multiple = fold * 2**depth
        self.padding = (-features.shape[0] % multiple, -features.shape[1] % multiple)
        sizes = [features.channels * fold**2, *widths]
        levels = range(depth)
        self.downs = [DoubleConv(sizes[n], sizes[n + 1], key=keys[3 * n]) for n in levels]
        self.bottom = DoubleConv(sizes[depth], widths[depth], key=bottom_key)
        self.ups = [ConvTranspose(widths[n + 1], widths[n], key=keys[3 * n + 1]) for n in levels]
        self.joins = [DoubleConv(2 * widths[n], widths[n], key=keys[3 * n + 2]) for n in levels]
        self.head = Conv(width, outputs * fold**2, kernel_size=1, key=head_key)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b y x o"]:
        _, height, width, _ = x.shape
        x = self.features(x)
        if self.standardize == "each":
            x = by_image(x)
        x = jnp.pad(x, ((0, 0), (0, self.padding[0]), (0, self.padding[1]), (0, 0)))
        x = folded(x, self.fold)
        passed = []
        for down in self.downs:
            passed.append(down(x, train=train))
            x = self.pool(passed[-1])
        x = self.tap("bottom", self.bottom(x, train=train))
        for up, join, beside in zip(self.ups[::-1], self.joins[::-1], passed[::-1], strict=True):
            x = join(jnp.concatenate([beside, up(x)], axis=-1), train=train)
        if self.is_heard(FEATURES):
            self.tap(FEATURES, x.mean((1, 2)))
        return unfolded(self.head(x), self.fold)[:, :height, :width]


def by_image(x: Float[Array, "b y x c"]) -> Float[Array, "b y x c"]:
    """Return images of mean 0 and standard deviation 1 each; what is blank stays so."""
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=(1, 2, 3), keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-4)


def folded(x: Float[Array, "b y x c"], side: int) -> Float[Array, "b v u d"]:
    """Return blocks of side × side pixels as channels (space to depth)."""
    if side == 1:
        return x
    batch, height, width, channels = x.shape
    blocks = x.reshape(batch, height // side, side, width // side, side, channels)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, height // side, width // side, side * side * channels
    )


def unfolded(x: Float[Array, "b v u d"], side: int) -> Float[Array, "b y x c"]:
    """Undo `folded` (depth to space)."""
    if side == 1:
        return x
    batch, height, width, channels = x.shape
    blocks = x.reshape(batch, height, width, side, side, channels // side**2)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height * side, width * side, channels // side**2)


@register(
    "unet", size=64, dial="channels at full resolution", takes=(ImageInputs,),
    reference="Ronneberger, Fischer, Brox. U-Net: convolutional networks for biomedical image segmentation. "
    "MICCAI 2015",
    gives=(EACH,),
)  # fmt: skip
def unet(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    fold: int = 1,
    standardize: Standardize = "set",
    key: Any,
) -> Module:
    """U-Net: one output a pixel, for segmentation; its output has the image's own size.

    As is usual now, convolutions are padded and batch-normalized; the paper's are neither.
    """
    if not 0 <= depth <= 8:
        raise ConfigError("depth is out of range", expected="0 to 8", received=depth)
    if not 1 <= fold <= 8:
        raise ConfigError("fold is out of range", expected="1 to 8", received=fold)
    features = ImageFeatures(inputs)
    return UNet(features, outputs, width=size, depth=depth, fold=fold, standardize=standardize, key=key)
