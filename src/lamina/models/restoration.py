"""Networks that improve images of any size: what is to be added to a first estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError, ShapeError
from lamina.core.inputs import DegradedImageInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float
from lamina.core.taps import FEATURES
from lamina.core.wanted import IMPROVED
from lamina.models.registry import register
from lamina.models.unet import folded
from lamina.nn.activation import relu
from lamina.nn.convolution import Conv
from lamina.nn.initializers import he_normal
from lamina.ops.upsampling import depth_to_space

MOST_DEPTH, MOST_FOLD, MOST_LEVELS = 64, 8, 5


class ResidualConvs(Module):
    """y = x + conv(relu(conv(x))), without any normalization, which would blur what an image's levels mean.

    O(batch · positions · channels² · 18).

    Args:
        channels: that come and leave.
        key: random key or seed.

    Shapes:
        (batch, y, x, channels) → the same

    References:
        Lim, Son, Kim, Nah, Lee. Enhanced deep residual networks for single image super-resolution. CVPR
        workshops 2017.
    """

    conv1: Conv
    conv2: Conv

    def __init__(self, channels: int, *, key: Any):
        keys = split(key, 2)
        self.conv1 = Conv(channels, channels, initializer=he_normal, key=keys[0])
        self.conv2 = Conv(channels, channels, initializer=_small, key=keys[1])

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        return x + self.conv2(relu(self.conv1(x)))


def _small(key: Any, shape: Sequence[int]) -> Any:
    """Return weights a tenth as large, so that a deep chain begins near the identity."""
    return np.float32(0.1) * he_normal(key, tuple(shape))


def _tiny(key: Any, shape: Sequence[int]) -> Any:
    """Return weights a hundredth as large, so that a network begins by adding next to nothing."""
    return np.float32(0.01) * he_normal(key, tuple(shape))


class _AbstractRestorer(Module):
    """What they share: blocks of pixels become channels, and the output's are spread over pixels again."""

    head: Conv
    tail: Conv
    channels: int = static()
    fold: int = static()
    scale: int = static()
    multiple: int = static()

    def _begin(self, inputs: DegradedImageInputs, width: int, fold: int, levels: int, key: Any) -> None:
        keys = split(key, 2)
        self.channels, self.fold, self.scale = inputs.channels, fold, inputs.scale
        self.multiple = fold * 2**levels
        self.head = Conv(inputs.channels * fold**2, width, initializer=he_normal, key=keys[0])
        outputs = inputs.clean * (fold * inputs.scale) ** 2
        self.tail = Conv(width, outputs, bias=False, initializer=_tiny, key=keys[1])

    def _body(self, x: Array) -> Array:
        raise NotImplementedError

    def __call__(
        self, x: Float[Array, "b y x i"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u o"]:
        if x.ndim != 4 or x.shape[-1] != self.channels:
            expected = f"(batch, y, x, {self.channels})"
            raise ShapeError("wrong shape", where=self.path, expected=expected, received=tuple(x.shape))
        _, height, width, _ = x.shape
        below, right = -height % self.multiple, -width % self.multiple
        if below or right:
            x = jnp.pad(x, ((0, 0), (0, below), (0, right), (0, 0)), mode="edge")
        x = self._body(self.head(folded(x, self.fold)))
        if self.is_heard(FEATURES):
            self.tap(FEATURES, x.mean((1, 2)))
        factor = self.fold * self.scale
        return depth_to_space(self.tail(x), (factor, factor))[:, : height * self.scale, : width * self.scale]


class ResidualChain(_AbstractRestorer):
    """A chain of residual pairs of 3 x 3 convolutions at one resolution.

    Args:
        inputs: what comes and what leaves.
        width: channels.
        depth: pairs of convolutions.
        fold: side of the blocks of pixels that become channels.
        key: random key or seed.

    Shapes:
        (batch, y, x, channels) → (batch, y · scale, x · scale, clean)

    References:
        Lim et al. Enhanced deep residual networks for single image super-resolution. CVPRW 2017.
        Zhang, Zuo, Zhang. FFDNet: toward a fast and flexible solution for CNN based image denoising. 2018
        (blocks of pixels as channels).
    """

    blocks: list[ResidualConvs]

    def __init__(self, inputs: DegradedImageInputs, *, width: int, depth: int, fold: int, key: Any):
        own, *keys = split(key, 1 + depth)
        self._begin(inputs, width, fold, 0, own)
        self.blocks = [ResidualConvs(width, key=key) for key in keys]

    def _body(self, x: Array) -> Array:
        begun = x
        for block in self.blocks:
            x = block(x)
        return x + begun


class ResidualUNet(_AbstractRestorer):
    """A U-Net of residual pairs: halved by 2 x 2 convolutions, and joined with what was there by adding.

    Args:
        inputs: what comes and what leaves.
        width: channels at the first resolution; every halving doubles them.
        depth: pairs of convolutions on the way down, and again on the way up, at each resolution.
        levels: halvings.
        fold: side of the blocks of pixels that become channels.
        key: random key or seed.

    Shapes:
        (batch, y, x, channels) → (batch, y · scale, x · scale, clean)

    References:
        Zhang, Li, Zuo, Zhang, Van Gool, Timofte. Plug-and-play image restoration with deep denoiser prior.
        IEEE TPAMI 2021.
    """

    downs: list[list[ResidualConvs]]
    shrinks: list[Conv]
    bottom: list[ResidualConvs]
    grows: list[Conv]
    ups: list[list[ResidualConvs]]

    def __init__(
        self, inputs: DegradedImageInputs, *, width: int, depth: int, levels: int, fold: int, key: Any
    ):
        own, bottom, *keys = split(key, 2 + 4 * levels)
        self._begin(inputs, width, fold, levels, own)
        widths = [width * 2**level for level in range(levels + 1)]
        numbers = range(levels)
        self.downs = [_chain(widths[n], depth, keys[4 * n]) for n in numbers]
        self.ups = [_chain(widths[n], depth, keys[4 * n + 1]) for n in numbers]
        self.shrinks = [
            Conv(4 * widths[n], widths[n + 1], kernel_size=1, key=keys[4 * n + 2]) for n in numbers
        ]
        self.grows = [Conv(widths[n + 1], 4 * widths[n], kernel_size=1, key=keys[4 * n + 3]) for n in numbers]
        self.bottom = _chain(widths[levels], depth, bottom)

    def _body(self, x: Array) -> Array:
        begun, passed = x, []
        for down, shrink in zip(self.downs, self.shrinks, strict=True):
            passed.append(_through(down, x))
            x = shrink(folded(passed[-1], 2))
        x = _through(self.bottom, x)
        for up, grow, beside in zip(self.ups[::-1], self.grows[::-1], passed[::-1], strict=True):
            x = _through(up, depth_to_space(grow(x), (2, 2)) + beside)
        return x + begun


def _chain(channels: int, depth: int, key: Any) -> list[ResidualConvs]:
    return [ResidualConvs(channels, key=own) for own in split(key, depth)]


def _through(blocks: Sequence[ResidualConvs], x: Array) -> Array:
    for block in blocks:
        x = block(x)
    return x


def _check(inputs: Any, **ranges: tuple[int, int, int]) -> DegradedImageInputs:
    """Refuse inputs that are no degraded images, and numbers out of range: name → (value, least, most).

    Raises:
        ConfigError: naming what is wrong.
    """
    if not isinstance(inputs, DegradedImageInputs):
        raise ConfigError(
            "the inputs are no degraded images", expected="DegradedImageInputs", received=inputs
        )
    for name, (value, least, most) in ranges.items():
        if not least <= value <= most:
            raise ConfigError(f"{name} is out of range", expected=f"{least} to {most}", received=value)
    return inputs


@register(
    "edsr", size=64, dial="channels", takes=(DegradedImageInputs,), gives=(IMPROVED,),
    reference="Lim et al. Enhanced deep residual networks for single image super-resolution. CVPRW 2017",
)  # fmt: skip
def edsr(inputs: Any, outputs: int, *, size: int, depth: int = 6, fold: int = 1, key: Any) -> Module:
    """A residual chain without normalization: for details, as in super-resolution; folded, for noise too."""
    own = _check(inputs, depth=(depth, 0, MOST_DEPTH), fold=(fold, 1, MOST_FOLD))
    return ResidualChain(own, width=size, depth=depth, fold=fold, key=key)


@register(
    "drunet", size=32, dial="channels at the first resolution", takes=(DegradedImageInputs,),
    gives=(IMPROVED,),
    reference="Zhang et al. Plug-and-play image restoration with deep denoiser prior. IEEE TPAMI 2021",
)  # fmt: skip
def drunet(
    inputs: Any, outputs: int, *, size: int, depth: int = 1, levels: int = 2, fold: int = 2, key: Any
) -> Module:
    """A residual U-Net without normalization: sees far around a pixel, for noise, holes and colors."""
    ranges = {
        "depth": (depth, 0, MOST_DEPTH),
        "levels": (levels, 0, MOST_LEVELS),
        "fold": (fold, 1, MOST_FOLD),
    }
    own = _check(inputs, **ranges)
    return ResidualUNet(own, width=size, depth=depth, levels=levels, fold=fold, key=key)
