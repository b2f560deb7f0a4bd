"""ConvNeXt: a convolutional network with the proportions of a transformer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageInputs, Inputs
from lamina.core.module import Module
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.models.images import ImageFeatures, check_side
from lamina.models.registry import register
from lamina.nn.activation import gelu
from lamina.nn.convolution import Conv
from lamina.nn.depth import DropPath
from lamina.nn.initializers import truncated_normal
from lamina.nn.linear import Linear, aligned
from lamina.nn.normalization import LayerNorm
from lamina.nn.pooling import GlobalAveragePool
from lamina.nn.stack import Stack


class ConvNeXtBlock(Module):
    """x + drop(scale · W₂ · gelu(W₁ · norm(depthwise conv(x)))), kernel 7 x 7, four times wider inside.

    Args:
        width: channels.
        drop_path: probability in [0, 1) that an example skips the block.
        key: random key or seed.

    Shapes:
        (batch, y, x, width) → the same
    """

    dwconv: Conv
    norm: LayerNorm
    pwconv1: Linear
    pwconv2: Linear
    gamma: Float[Array, " c"]
    drop: DropPath | None

    def __init__(self, width: int, *, drop_path: float | None, key: Any):
        keys = split(key, 3)
        self.dwconv = Conv(
            width, width, kernel_size=7, groups=width, initializer=truncated_normal, key=keys[0]
        )
        self.norm = LayerNorm(width, epsilon=1e-6)
        self.pwconv1 = Linear(width, 4 * width, initializer=truncated_normal, key=keys[1])
        self.pwconv2 = Linear(4 * width, width, initializer=truncated_normal, key=keys[2])
        self.gamma = np.full(width, 1e-6, np.float32)  # section 3.1 of the paper: LayerScale
        self.drop = None if drop_path is None else DropPath(drop_path)

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        y = self.pwconv2(gelu(self.pwconv1(self.norm(self.dwconv(x)))))
        y = y * aligned(self.gamma, y)
        return x + (y if self.drop is None else self.drop(y, key=key, train=train))


class ConvNeXt(Module):
    """Patches, four stages of blocks with halvings between them, the average, a weighted sum.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        width: channels of the first stage; every further stage doubles them.
        depths: blocks of each stage.
        patch: pixels of a side that the first convolution makes one.
        drop_path: probability in [0, 1) that an example skips the last block; it rises from zero.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs)
    """

    features: ImageFeatures
    downsample: list[Conv]
    norms: list[LayerNorm]
    stages: list[Stack]
    norm: LayerNorm
    head: Linear

    def __init__(
        self,
        features: ImageFeatures,
        outputs: int,
        *,
        width: int,
        depths: tuple[int, ...],
        patch: int,
        drop_path: float,
        key: Any,
    ):
        keys = split(key, 2 * len(depths) + 1)
        widths = [features.channels, *(width * 2**i for i in range(len(depths)))]
        rates = _rising(drop_path, sum(depths))
        self.features, self.downsample, self.norms, self.stages = features, [], [], []
        for index, (came, wide, depth) in enumerate(zip(widths, widths[1:], depths, strict=False)):
            step = 2 if index else patch
            down_key, stage_key = keys[2 * index], keys[2 * index + 1]
            down = Conv(
                came, wide, kernel_size=step, stride=step, padding=0, initializer=truncated_normal,
                key=down_key,
            )  # fmt: skip
            self.downsample.append(down)
            self.norms.append(LayerNorm(came if index else wide, epsilon=1e-6))
            self.stages.append(
                Stack(
                    lambda k, wide=wide: ConvNeXtBlock(wide, drop_path=next(rates), key=k),
                    depth=depth,
                    unroll=True,  # XLA on CPU runs a convolution inside a loop ten times slower
                    key=stage_key,
                )
            )
        self.norm = LayerNorm(widths[-1], epsilon=1e-6)
        self.head = Linear(widths[-1], outputs, initializer=truncated_normal, key=keys[-1])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        keys = [None] * len(self.stages) if key is None else list(hashed_keys(key, len(self.stages)))
        x = self.features(x)
        for index, (down, norm, stage) in enumerate(
            zip(self.downsample, self.norms, self.stages, strict=True)
        ):
            x = down(norm(x)) if index else norm(down(x))
            x = self.tap(f"stages.{index}", stage(x, key=keys[index], train=train))
        return self.head(self.tap(FEATURES, self.norm(GlobalAveragePool()(x))))


def _rising(last: float, count: int) -> Iterator[float | None]:
    """Yield the rate of each block, or ``None`` each where nothing is dropped."""
    for place in range(count):
        yield last * place / max(1, count - 1) if last else None


@register(
    "convnext", size=96, dial="channels of the first stage (96 tiny, 128 base, 192 large)",
    takes=(ImageInputs,),
    reference="Liu et al. A ConvNet for the 2020s. CVPR 2022",
    defaults={"lr": 1e-3},
)  # fmt: skip
def convnext(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 9,
    patch: int | None = None,
    drop_path: float = 0.1,
    key: Any,
) -> Module:
    """ConvNeXt: as accurate as transformers on large images, simpler to run.

    ``depth`` is that of the third stage (9 tiny, 27 small and up); the others have 3 blocks, or
    ``depth`` if it is less. ``patch`` is 4 from 96 pixels on, 2 from 24, else 1, when left out.
    """
    features = ImageFeatures(inputs)
    if depth < 1:
        raise ConfigError("depth is out of range", expected=">= 1", received=depth)
    if patch is None:
        patch = 4 if features.side >= 96 else 2 if features.side >= 24 else 1
    check_side(features, 8 * patch, model="convnext")
    few = min(3, depth)
    return ConvNeXt(
        features,
        outputs,
        width=size,
        depths=(few, few, depth, few),
        patch=patch,
        drop_path=drop_path,
        key=key,
    )
