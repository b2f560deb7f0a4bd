"""The networks of the rows of images, made of Lamina's layers, and their weights under PyTorch's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.core.module import Module, static
from lamina.core.random import make_key, split
from lamina.core.tree import named_arrays
from lamina.models import build
from lamina.nn import BatchNorm, Conv, GlobalAveragePool, Linear, MaxPool, relu


class Stage(Module):
    """Convolve with 3 x 3 kernels, normalize, activate; halve the image where asked."""

    conv: Conv
    norm: BatchNorm
    pool: MaxPool | None

    def __init__(self, inputs: int, outputs: int, *, halves: bool, key: Any):
        self.conv = Conv(inputs, outputs, bias=False, key=key)
        self.norm, self.pool = BatchNorm(outputs), MaxPool(2) if halves else None

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        x = relu(self.norm(self.conv(x), train=train))
        return x if self.pool is None else self.pool(x)


class ConvNet(Module):
    """One stage a number of channels, pooling between them, a weighted sum of the mean over space.

    Args:
        colors: of the images.
        channels: of the stages.
        outputs: numbers that come out.
        places: whose numbers the sum sees; 1 is the mean over them, else all that are left.
        key: of the initial weights.
    """

    stages: list[Stage]
    head: Linear
    places: int = static()

    def __init__(self, colors: int, channels: tuple[int, ...], outputs: int, *, places: int = 1, key: Any):
        *keys, head_key = split(key, len(channels) + 1)
        widths = zip((colors, *channels), channels, keys, strict=False)
        self.stages = [Stage(i, o, halves=o != channels[-1], key=k) for i, o, k in widths]
        self.head, self.places = Linear(places * channels[-1], outputs, key=head_key), places

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
        for index, stage in enumerate(self.stages):
            x = self.tap(f"stages.{index}", stage(x, train=train))
        return self.head(GlobalAveragePool()(x) if self.places == 1 else x.reshape(*x.shape[:-3], -1))


def make(shape: Mapping[str, Any], seed: int) -> Module:
    """Return the network that a row describes: its kind, side, colors, and sizes."""
    if shape["kind"] == "cnn":
        places = shape.get("places", 1)
        return ConvNet(shape["colors"], tuple(shape["channels"]), 10, places=places, key=make_key(seed))
    inputs = (shape["side"], shape["side"], shape["colors"])
    sizes = {"size": shape["width"], "depth": shape["depth"], "patch": shape["patch"]}
    return build("vit", inputs=inputs, outputs=10, seed=seed, **sizes)


def weights(model: Module) -> dict[str, np.ndarray]:
    """Return every array under the name it has in `torch_networks`; stacked blocks are taken apart."""
    found: dict[str, np.ndarray] = {}
    for name, array in named_arrays(model).items():
        inside = re.match(r"blocks\.blocks\.(.+)", name)
        if inside is None:
            found[name] = np.asarray(array)
        else:
            found |= {f"blocks.{i}.{inside[1]}": np.asarray(part) for i, part in enumerate(array)}
    return found
