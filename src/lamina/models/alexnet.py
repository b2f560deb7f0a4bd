"""AlexNet, with which the present age of neural networks began."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures, check_side
from lamina.models.registry import register
from lamina.nn.activation import relu
from lamina.nn.channels import LocalResponseNorm
from lamina.nn.convolution import Conv
from lamina.nn.dropout import Dropout
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear
from lamina.nn.pooling import MaxPool


class AlexNet(Module):
    """Five convolutions, three of them pooled, and three weighted sums.

    The second, fourth and fifth convolution have two groups, which lay on two GPUs.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        width: channels of the first convolution; the paper's other widths keep their proportion
            to its 96 (256, 384, 384, 256, and 4096 in the weighted sums).
        dropout: probability in [0, 1) in the weighted sums.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    convs: list[Conv]
    norm: LocalResponseNorm
    pool: MaxPool
    dropout: Dropout
    classifier: list[Linear]

    def __init__(self, features: ImageFeatures, outputs: int, *, width: int, dropout: float, key: Any):
        keys = iter(split(key, 8))
        large = features.side >= 96
        widths = [features.channels, *(2 * round(width * w / 192) for w in (96, 256, 384, 384, 256))]
        kernels = ((11, 4, 2, 1) if large else (5, 1, 2, 1), (5, 1, 2, 2), *((3, 1, 1, g) for g in (1, 2, 2)))
        self.features, self.norm, self.pool = features, LocalResponseNorm(), MaxPool(3, stride=2)
        self.convs = [
            Conv(i, o, kernel_size=k, stride=s, padding=p, groups=g, initializer=he_normal, key=next(keys))
            for i, o, (k, s, p, g) in zip(widths, widths[1:], kernels, strict=False)
        ]
        sides = [(size + 4 - 11) // 4 + 1 if large else size for size in features.shape[:2]]
        for _ in range(3):
            sides = [(side - 3) // 2 + 1 for side in sides]
        hidden = round(width * 4096 / 96)
        sizes = (sides[0] * sides[1] * widths[-1], hidden, hidden, outputs)
        self.dropout = Dropout(dropout)
        self.classifier = [Linear(i, o, initializer=he_normal, key=next(keys)) for i, o in pairwise(sizes)]

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        x = self.features(x)
        for index, conv in enumerate(self.convs):
            x = self.tap(f"convs.{index}", relu(conv(x)))
            x = self.norm(x) if index < 2 else x
            x = self.pool(x) if index in (0, 1, 4) else x
        x = x.reshape(x.shape[0], -1)
        keys = (None, None) if key is None else hashed_keys(key, 2)
        for layer, place in zip(self.classifier, keys, strict=False):
            x = layer(self.dropout(x, key=place, train=train), activation="relu")
        return self.classifier[-1](self.tap(FEATURES, x))


@register(
    "alexnet", size=96, dial="channels of the first convolution", takes=(ImageInputs,),
    reference="Krizhevsky, Sutskever, Hinton. ImageNet classification with deep convolutional neural "
    "networks. NeurIPS 2012",
    defaults={"lr": 3e-4},
)  # fmt: skip
def alexnet(inputs: Inputs, outputs: int, *, size: int, dropout: float = 0.5, key: Any) -> Module:
    """AlexNet, as in the paper: of historical interest; large, and soon surpassed by resnet.

    Images below 96 pixels begin with a 5 x 5 kernel of stride 1 instead of 11 x 11 of stride 4.
    Dropout scales while training, not while predicting.
    """
    features = ImageFeatures(inputs)
    check_side(features, 15, model="alexnet")
    return AlexNet(features, outputs, width=size, dropout=dropout, key=key)
