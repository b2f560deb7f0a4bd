"""A small convolutional network that trains in few passes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, buffer, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures, check_side
from lamina.models.registry import register
from lamina.nn.activation import gelu
from lamina.nn.convolution import Conv
from lamina.nn.initializers import partial_identity
from lamina.nn.linear import Linear, aligned
from lamina.nn.normalization import BatchNorm
from lamina.nn.pooling import GlobalMaxPool, MaxPool
from lamina.ops.convolution import convolution

_FLOOR = 5e-4  # added to the variances, so that noise is not blown up (the paper's code)


class Whitening(Module):
    """Turn every 2 x 2 patch into uncorrelated values of equal size, each with both signs.

    y = ±V·patch / √(λ + ε) + b, where λ, V are eigenvalues and eigenvectors of the patches'
    covariance over the training images. The weights stay as they are, b is learned.
    O(batch · positions · channels²).

    Args:
        channels: of the images.
        patches: the covariance, row after row, (4·channels)² numbers; empty for the identity.

    Shapes:
        (batch, height, width, channels) → (batch, height - 1, width - 1, 8·channels)

    References:
        Jordan. 94% on CIFAR-10 in 3.29 seconds on a single GPU. 2024, section 3.2.
    """

    weight: Float[Array, "o i y x"] = buffer()
    bias: Float[Array, " o"]

    def __init__(self, channels: int, *, patches: tuple[float, ...] = ()):
        size = 4 * channels
        covariance = np.array(patches).reshape(size, size) if patches else np.eye(size)
        values, vectors = np.linalg.eigh(covariance)
        signs = np.where(vectors[np.abs(vectors).argmax(0), np.arange(size)] < 0, -1.0, 1.0)
        rows = (vectors * signs / np.sqrt(np.maximum(values, 0) + _FLOOR)).T[::-1]
        filters = rows.reshape(size, 2, 2, channels).transpose(0, 3, 1, 2)
        self.weight = np.concatenate([filters, -filters]).astype(np.float32)
        self.bias = np.zeros(2 * size, np.float32)

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v w o"]:
        weight = jnp.asarray(self.weight).astype(x.dtype)
        y = convolution(x, weight, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1))
        return y + aligned(self.bias, y)


def _conv(inputs: int, outputs: int, *, key: Any) -> Conv:
    return Conv(inputs, outputs, bias=False, initializer=partial_identity, key=key)


class ConvGroup(Module):
    """Convolve, halve, normalize, activate; convolve, normalize, activate.

    With a third convolution, what the first gave is added to its normalized sums before the last activation.

    Args:
        inputs: channels that come.
        outputs: channels that leave.
        depth: convolutions, 2 or 3.
        key: random key or seed.

    Shapes:
        (batch, height, width, inputs) → (batch, ⌊height / 2⌋, ⌊width / 2⌋, outputs)

    Raises:
        ConfigError: the depth is another.
    """

    conv1: Conv
    norm1: BatchNorm
    conv2: Conv
    norm2: BatchNorm
    conv3: Conv | None
    norm3: BatchNorm | None
    pool: MaxPool

    def __init__(self, inputs: int, outputs: int, *, depth: int = 2, key: Any):
        if depth not in (2, 3):
            raise ConfigError("depth of 'airbench' is out of range", expected="2 or 3", received=depth)
        first_key, second_key, *third = split(key, depth)
        self.conv1 = _conv(inputs, outputs, key=first_key)
        self.conv2 = _conv(outputs, outputs, key=second_key)
        self.conv3 = _conv(outputs, outputs, key=third[0]) if third else None
        # the paper's batches are ten times larger, and its running averages as much faster
        self.norm1, self.norm2 = BatchNorm(outputs, momentum=0.1), BatchNorm(outputs, momentum=0.1)
        self.norm3 = BatchNorm(outputs, momentum=0.1) if third else None
        self.pool = MaxPool(2)

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v w o"]:
        first = gelu(self.norm1(self.pool(self.conv1(x)), train=train))
        x = gelu(self.norm2(self.conv2(first), train=train))
        if self.conv3 is None or self.norm3 is None:
            return x
        return gelu(self.norm3(self.conv3(x), train=train) + first)


class Airbench(Module):
    """Whitened patches, three groups of convolutions, the largest value of each channel, a head.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        width: channels of the first group; the other two have four times as many.
        depth: convolutions of a group: 2, or 3 with a residual.
        patches: covariance of 2 x 2 patches, see `Whitening`.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)

    References:
        Jordan. 94% on CIFAR-10 in 3.29 seconds on a single GPU. 2024.
    """

    features: ImageFeatures
    whitening: Whitening
    groups: list[ConvGroup]
    head: Linear
    scale: float = static()

    def __init__(
        self,
        features: ImageFeatures,
        outputs: int,
        *,
        width: int,
        depth: int = 2,
        patches: tuple[float, ...],
        key: Any,
    ):
        *keys, head_key = split(key, 4)
        self.features = features
        self.whitening = Whitening(features.channels, patches=patches)
        widths = (8 * features.channels, width, 4 * width, 4 * width)
        self.groups = [
            ConvGroup(i, o, depth=depth, key=k) for i, o, k in zip(widths, widths[1:], keys, strict=False)
        ]
        self.head = Linear(4 * width, outputs, bias=False, key=head_key)
        self.scale = 1 / 9

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        x = gelu(self.whitening(self.features(x)))
        for index, group in enumerate(self.groups):
            x = self.tap(f"groups.{index}", group(x, train=train))
        return self.head(self.tap(FEATURES, GlobalMaxPool()(x))) * self.scale


@register(
    "airbench", size=64, dial="channels of the first group", takes=(ImageInputs,),
    reference="Jordan. 94% on CIFAR-10 in 3.29 seconds on a single GPU. 2024",
)  # fmt: skip
def airbench(inputs: Inputs, outputs: int, *, size: int, depth: int = 2, key: Any) -> Module:
    """Small convolutional network with a whitened first layer: the most accuracy for little computing."""
    features = ImageFeatures(inputs)
    check_side(features, 9, model="airbench")
    patches = inputs.patches if isinstance(inputs, ImageInputs) else ()
    return Airbench(features, outputs, width=size, depth=depth, patches=patches, key=key)
