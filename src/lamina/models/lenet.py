"""LeNet-5, the first convolutional network in daily use."""

from __future__ import annotations

from typing import Any

from lamina.core.arrays import Array
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures, check_side
from lamina.models.registry import register
from lamina.nn.activation import ACTIVATIONS
from lamina.nn.convolution import Conv
from lamina.nn.initializers import glorot_uniform
from lamina.nn.linear import Linear
from lamina.nn.pooling import AveragePool


class LeNet(Module):
    """Convolve, activate, average; once more; then three weighted sums.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        width: feature maps of the first convolution; the paper's other widths keep their
            proportion to it (6, 16, 120, 84).
        activation: name in `lamina.nn.ACTIVATIONS`.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    conv1: Conv
    conv2: Conv
    pool: AveragePool
    fc1: Linear
    fc2: Linear
    fc3: Linear
    activation: str = static()

    def __init__(self, features: ImageFeatures, outputs: int, *, width: int, activation: str, key: Any):
        ACTIVATIONS[activation]  # an unknown name is refused here, not while compiling
        keys = iter(split(key, 5))
        border = 2 if features.side < 32 else 0  # the paper puts 28 x 28 digits into a field of 32 x 32
        maps, hidden = (width, round(width * 16 / 6)), (20 * width, 14 * width)
        sides = [((size + 2 * border - 4) // 2 - 4) // 2 for size in features.shape[:2]]
        self.features, self.activation = features, activation
        self.conv1 = Conv(
            features.channels,
            maps[0],
            kernel_size=5,
            padding=border,
            initializer=glorot_uniform,
            key=next(keys),
        )
        self.conv2 = Conv(
            maps[0], maps[1], kernel_size=5, padding=0, initializer=glorot_uniform, key=next(keys)
        )
        self.pool = AveragePool(2)
        sizes = (sides[0] * sides[1] * maps[1], *hidden)
        self.fc1, self.fc2 = (
            Linear(i, o, initializer=glorot_uniform, key=next(keys))
            for i, o in zip(sizes, hidden, strict=False)
        )
        self.fc3 = Linear(hidden[1], outputs, initializer=glorot_uniform, key=next(keys))

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        activation = ACTIVATIONS[self.activation]
        x = self.features(x)
        for conv in (self.conv1, self.conv2):
            x = self.pool(activation(conv(x)))
        x = x.reshape(x.shape[0], -1)
        for layer in (self.fc1, self.fc2):
            x = layer(x, activation=self.activation)
        return self.fc3(self.tap(FEATURES, x))


@register(
    "lenet", size=6, dial="feature maps of the first convolution", takes=(ImageInputs,),
    reference="LeCun, Bottou, Bengio, Haffner. Gradient-based learning applied to document recognition. "
    "Proc. IEEE 1998",
    defaults={"lr": 1e-3},
)  # fmt: skip
def lenet(inputs: Inputs, outputs: int, *, size: int, activation: str = "tanh", key: Any) -> Module:
    """LeNet-5: a small convolutional network for digits; quick on any machine.

    As is usual now, every map of the second convolution sees all of the first, averages have no
    weights of their own and the last layer is linear. Images below 32 pixels get a border of 2.
    """
    features = ImageFeatures(inputs)
    check_side(features, 12, model="lenet")
    return LeNet(features, outputs, width=size, activation=activation, key=key)
