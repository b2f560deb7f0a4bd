"""MobileNet: convolution taken apart into channels and space, for small devices."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures
from lamina.models.registry import register
from lamina.nn.convolution import Conv
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import BatchNorm
from lamina.nn.pooling import GlobalAveragePool

# expansion, channels, blocks, stride of the first block: table 2 of the paper
_STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


class ConvNorm(Module):
    """min(max(norm(conv(x)), 0), 6), or without the activation where the block is linear.

    Shapes:
        (batch, y, x, inputs) → (batch, ⌈y/stride⌉, ⌈x/stride⌉, outputs)
    """

    conv: Conv
    norm: BatchNorm
    linear: bool = static()

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        kernel_size: int = 1,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
        key: Any,
    ):
        self.conv = Conv(
            inputs,
            outputs,
            kernel_size=kernel_size,
            stride=stride,
            groups=groups,
            bias=False,
            initializer=he_normal,
            key=key,
        )
        self.norm, self.linear = BatchNorm(outputs), linear

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        y = self.norm(self.conv(x), train=train)
        return y if self.linear else jnp.clip(y, 0, 6)


class InvertedResidual(Module):
    """Widen by a 1 x 1 kernel, look around channel by channel, narrow again; add what came.

    Shapes:
        (batch, y, x, inputs) → (batch, ⌈y/stride⌉, ⌈x/stride⌉, outputs)
    """

    layers: list[ConvNorm]
    adds: bool = static()

    def __init__(self, inputs: int, outputs: int, *, expansion: int, stride: int, key: Any):
        keys, wide = split(key, 3), inputs * expansion
        self.layers = [] if expansion == 1 else [ConvNorm(inputs, wide, key=keys[0])]
        self.layers.append(ConvNorm(wide, wide, kernel_size=3, stride=stride, groups=wide, key=keys[1]))
        self.layers.append(ConvNorm(wide, outputs, linear=True, key=keys[2]))
        self.adds = stride == 1 and inputs == outputs

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        y = x
        for layer in self.layers:
            y = layer(y, train=train)
        return x + y if self.adds else y


class MobileNet(Module):
    """A first convolution, inverted residuals, a last one, the average over space, a weighted sum.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        percent: width in hundredths of the paper's.
        blocks: at most so many blocks a stage.
        dropout: probability in [0, 1) before the weighted sum.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    stem: ConvNorm
    blocks: list[InvertedResidual]
    last: ConvNorm
    dropout: Dropout
    classifier: Linear

    def __init__(
        self, features: ImageFeatures, outputs: int, *, percent: int, blocks: int, dropout: float, key: Any
    ):
        plan = [
            (expansion, _rounded(channels * percent / 100), stride if place == 0 else 1)
            for expansion, channels, repeats, stride in _STAGES
            for place in range(min(repeats, blocks))
        ]
        stem_key, last_key, head_key, *keys = split(key, 3 + len(plan))
        large, came = features.side >= 96, _rounded(32 * percent / 100)
        self.features = features
        self.stem = ConvNorm(features.channels, came, kernel_size=3, stride=2 if large else 1, key=stem_key)
        self.blocks, halvings = [], 0
        for (expansion, channels, stride), place in zip(plan, keys, strict=True):
            halvings += stride == 2
            step = 1 if not large and halvings == 1 else stride  # a small image is halved twice less
            block = InvertedResidual(came, channels, expansion=expansion, stride=step, key=place)
            self.blocks.append(block)
            came = channels
        final = _rounded(1280 * max(1.0, percent / 100)) if percent >= 25 else 4 * came
        self.last = ConvNorm(came, final, key=last_key)
        self.dropout, self.classifier = Dropout(dropout), Linear(final, outputs, key=head_key)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        x = self.stem(self.features(x), train=train)
        for index, block in enumerate(self.blocks):
            x = self.tap(f"blocks.{index}", block(x, train=train))
        x = self.tap(FEATURES, GlobalAveragePool()(self.last(x, train=train)))
        return self.classifier(self.dropout(x, key=key, train=train))


def _rounded(channels: float) -> int:
    """The nearest multiple of 8, at least 8 and never below nine tenths, as in the authors' code."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


@register(
    "mobilenet", size=100, dial="width in percent of the paper's", takes=(ImageInputs,),
    reference="Sandler et al. MobileNetV2: inverted residuals and linear bottlenecks. CVPR 2018",
    defaults={"lr": 1e-3},
)  # fmt: skip
def mobilenet(
    inputs: Inputs, outputs: int, *, size: int, blocks: int = 4, dropout: float = 0.2, key: Any
) -> Module:
    """MobileNetV2: few weights and few products, for phones and small servers.

    Images below 96 pixels are halved three times instead of five. Below a width of 25 percent the
    last convolution shrinks too, which the paper's does not. ``blocks`` limits the blocks of a stage.
    """
    if blocks < 1:
        raise ConfigError("blocks is out of range", expected=">= 1", received=blocks)
    features = ImageFeatures(inputs)
    return MobileNet(features, outputs, percent=size, blocks=blocks, dropout=dropout, key=key)
