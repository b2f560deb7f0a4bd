"""Wide residual networks: fewer layers, more channels."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.convolution import Conv
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import BatchNorm
from lamina.nn.pooling import GlobalAveragePool
from lamina.nn.stack import Stack


def _conv(inputs: int, outputs: int, kernel_size: int, *, stride: int = 1, key: Any) -> Conv:
    return Conv(
        inputs, outputs, kernel_size=kernel_size, stride=stride, bias=False, initializer=he_normal, key=key
    )


class WideBlock(Module):
    """shortcut(x) + conv(dropout(relu(norm(conv(relu(norm(x))))))): normalized before, not after.

    Where the channels change, the shortcut is a 1 x 1 convolution of relu(norm(x)).

    Shapes:
        (batch, y, x, inputs) → (batch, ⌈y/stride⌉, ⌈x/stride⌉, outputs)
    """

    bn1: BatchNorm
    conv1: Conv
    bn2: BatchNorm
    conv2: Conv
    dropout: Dropout
    shortcut: Conv | None

    def __init__(self, inputs: int, outputs: int, *, stride: int, dropout: float, key: Any):
        keys = split(key, 3)
        self.bn1, self.bn2, self.dropout = BatchNorm(inputs), BatchNorm(outputs), Dropout(dropout)
        self.conv1 = _conv(inputs, outputs, 3, stride=stride, key=keys[0])
        self.conv2 = _conv(outputs, outputs, 3, key=keys[1])
        changes = (inputs, stride) != (outputs, 1)
        self.shortcut = _conv(inputs, outputs, 1, stride=stride, key=keys[2]) if changes else None

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        bent = relu(self.bn1(x, train=train))
        y = relu(self.bn2(self.conv1(bent), train=train))
        y = self.conv2(self.dropout(y, key=key, train=train))
        return y + (x if self.shortcut is None else self.shortcut(bent))


class WideResNet(Module):
    """A first convolution, three stages of blocks, normalization, the average, a weighted sum.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        factor: how many times wider than 16, 32 and 64 channels.
        blocks: blocks of a stage.
        dropout: probability in [0, 1) inside the blocks.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    conv1: Conv
    firsts: list[WideBlock]
    rests: list[Stack]
    norm: BatchNorm
    fc: Linear

    def __init__(
        self, features: ImageFeatures, outputs: int, *, factor: int, blocks: int, dropout: float, key: Any
    ):
        keys = split(key, 8)
        widths = [16, 16 * factor, 32 * factor, 64 * factor]
        self.features, self.conv1 = features, _conv(features.channels, 16, 3, key=keys[0])
        self.firsts = [
            WideBlock(widths[n], widths[n + 1], stride=1 if n == 0 else 2, dropout=dropout, key=keys[1 + n])
            for n in range(3)
        ]
        self.rests = [
            Stack(
                lambda k, w=w: WideBlock(w, w, stride=1, dropout=dropout, key=k),
                depth=blocks - 1,
                unroll=True,  # XLA on CPU runs a convolution inside a loop ten times slower
                key=rest_key,
            )
            for w, rest_key in zip(widths[1:], keys[4:7], strict=True)
        ]
        self.norm, self.fc = BatchNorm(widths[-1]), Linear(widths[-1], outputs, key=keys[7])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        keys = [None] * 6 if key is None else list(hashed_keys(key, 6))
        x = self.conv1(self.features(x))
        for index, (first, rest) in enumerate(zip(self.firsts, self.rests, strict=True)):
            x = first(x, key=keys[2 * index], train=train)
            x = self.tap(f"stages.{index}", rest(x, key=keys[2 * index + 1], train=train))
        return self.fc(self.tap(FEATURES, GlobalAveragePool()(relu(self.norm(x, train=train)))))


@register(
    "wide-resnet", size=10, dial="widening factor", takes=(ImageInputs,),
    reference="Zagoruyko, Komodakis. Wide residual networks. BMVC 2016",
    defaults={"lr": 1e-3},
)  # fmt: skip
def wide_resnet(
    inputs: Inputs, outputs: int, *, size: int, depth: int = 28, dropout: float = 0.0, key: Any
) -> Module:
    """Wide residual network: strong on small images (28 to 64 pixels); WRN-28-10 by default.

    ``depth`` counts layers and is 6n + 4.
    """
    if depth < 10 or depth % 6 != 4:
        raise ConfigError("depth does not fit", expected="6n + 4: 10, 16, 22, 28, 40", received=depth)
    features = ImageFeatures(inputs)
    return WideResNet(features, outputs, factor=size, blocks=(depth - 4) // 6, dropout=dropout, key=key)
