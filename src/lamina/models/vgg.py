"""VGG: small kernels, many of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Literal

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module, static
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
from lamina.nn.pooling import MaxPool

_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


class VGG(Module):
    """Five stages of 3 x 3 convolutions, each ended by a pooling, then three weighted sums.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        depths: convolutions of each stage.
        width: channels of the first stage; they double up to eight times as many.
        hidden: features of the weighted sums.
        norm: ``"none"`` as in the paper, or ``"batch"``: normalize after each convolution.
        dropout: probability in [0, 1) in the weighted sums.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    stages: list[list[Conv]]
    norms: list[list[BatchNorm]]
    pool: MaxPool
    dropout: Dropout
    classifier: list[Linear]
    pooled: int = static()

    def __init__(
        self,
        features: ImageFeatures,
        outputs: int,
        *,
        depths: tuple[int, ...],
        width: int,
        hidden: int,
        norm: str,
        dropout: float,
        key: Any,
    ):
        keys = iter(split(key, sum(depths) + 3))
        self.features, self.pool, self.dropout = features, MaxPool(2), Dropout(dropout)
        self.stages, came = [], features.channels
        for index, depth in enumerate(depths):
            wide = width * min(2**index, 8)
            sizes = [came, *[wide] * depth]
            self.stages.append(
                [Conv(i, o, initializer=he_normal, key=next(keys)) for i, o in pairwise(sizes)]
            )
            came = wide
        self.norms = [[BatchNorm(c.outputs) for c in s] if norm == "batch" else [] for s in self.stages]
        self.pooled = min(len(depths), features.side.bit_length() - 1)  # while there are 2 pixels to pool
        places = (features.shape[0] >> self.pooled) * (features.shape[1] >> self.pooled)
        sums = (places * came, hidden, hidden, outputs)
        self.classifier = [Linear(i, o, initializer=he_normal, key=next(keys)) for i, o in pairwise(sums)]

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        x = self.features(x)
        for index, (convs, norms) in enumerate(zip(self.stages, self.norms, strict=True)):
            for place, conv in enumerate(convs):
                x = relu(norms[place](conv(x), train=train) if norms else conv(x))
            x = self.tap(f"stages.{index}", self.pool(x) if index < self.pooled else x)
        x = x.reshape(x.shape[0], -1)
        keys = (None, None) if key is None else hashed_keys(key, 2)
        for layer, drawn in zip(self.classifier, keys, strict=False):
            x = self.dropout(layer(x, activation="relu"), key=drawn, train=train)
        return self.classifier[-1](self.tap(FEATURES, x))


@register(
    "vgg", size=16, dial="layers: 11, 13, 16 or 19", takes=(ImageInputs,),
    reference="Simonyan, Zisserman. Very deep convolutional networks for large-scale image recognition. "
    "ICLR 2015",
    defaults={"lr": 3e-4},
)  # fmt: skip
def vgg(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    width: int = 64,
    hidden: int = 4096,
    norm: Literal["none", "batch"] = "none",
    dropout: float = 0.5,
    key: Any,
) -> Module:
    """VGG: plain and large; its features are still liked for style and perception.

    Pooling stops where an image has shrunk to one pixel, so that small ones work too.
    """
    if size not in _DEPTHS:
        raise ConfigError("size of 'vgg' is out of range", expected="11, 13, 16 or 19", received=size)
    if norm not in ("none", "batch"):
        raise ConfigError("norm is unknown", expected="none or batch", received=norm)
    return VGG(
        ImageFeatures(inputs),
        outputs,
        depths=_DEPTHS[size],
        width=width,
        hidden=hidden,
        norm=norm,
        dropout=dropout,
        key=key,
    )
