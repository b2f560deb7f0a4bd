"""U-Net that takes the noise out of images: convolutions told how noisy they are, attention at the bottom."""

from __future__ import annotations

import itertools
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import DENOISED
from lamina.models.condition import Condition
from lamina.models.registry import register
from lamina.models.unet import folded, unfolded
from lamina.nn.adaptive import AdaptiveConvBlock, groups_of, without_bias
from lamina.nn.attention import MultiHeadAttention
from lamina.nn.channels import GroupNorm
from lamina.nn.convolution import Conv
from lamina.nn.initializers import zeros
from lamina.nn.linear import Linear

LEAST_SIDE = 7  # pixels that are left at the lowest resolution where the depth is not given
MOST_CHANNELS = 4  # times the channels of the first resolution
MOST_FOLD = 8


class ImageAttention(Module):
    """Self-attention among all places of an image, added to it.

    Shapes:
        (batch, y, x, width) → the same
    """

    norm: GroupNorm
    self_attention: MultiHeadAttention

    def __init__(self, width: int, *, key: Any):
        self.norm = GroupNorm(groups_of(width), width)
        self.self_attention = MultiHeadAttention(width, heads=_heads(width), key=key)

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        batch, height, width, channels = x.shape
        tokens = self.norm(x).reshape(batch, height * width, channels)
        return x + self.self_attention(tokens, train=train).reshape(x.shape)


class DenoisingUNet(Module):
    """Go down by halves, then up again beside what was there, each block told the noise level and the class.

    From one resolution to the next a weighted sum makes each block of 2 × 2 places one, and back; what comes
    from below and from beside is joined by a weighted sum too, which costs a ninth of a convolution. The last
    convolution begins at zero. With ``fold`` above 1 the first convolution sees blocks of fold × fold pixels
    as channels, and the last one makes them again: a fraction 1 / fold² of the work at equal width. An image
    whose sides are no multiples of fold · 2^depth is filled up with zeros and cut back at the end.

    Args:
        inputs: shape of the images and number of classes.
        width: channels at the first resolution; each halving doubles them, up to four times as many.
        depth: number of halvings, >= 0.
        blocks: residual blocks at each resolution, on either way.
        fold: side of the blocks of pixels that become channels.
        dropout: probability in [0, 1) inside each block.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels), levels (batch,), labels (batch,) → the same as the first

    References:
        Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020.
    """

    condition: Condition
    stem: Conv
    downs: list[list[AdaptiveConvBlock]]
    shrinks: list[Linear]
    bottom: list[AdaptiveConvBlock]
    attention: ImageAttention
    grows: list[Linear]
    joins: list[Linear]
    ups: list[list[AdaptiveConvBlock]]
    norm: GroupNorm
    head: Conv
    padding: tuple[int, int] = static()
    fold: int = static()

    def __init__(
        self,
        inputs: ImageSampleInputs,
        *,
        width: int,
        depth: int,
        blocks: int,
        fold: int = 1,
        dropout: float,
        key: Any,
    ):
        keys = split(key, 7 + 2 * depth)
        multiple, channels = fold * 2**depth, fold**2 * inputs.channels
        self.padding, self.fold = (-inputs.height % multiple, -inputs.width % multiple), fold
        widths = [width * min(2**level, MOST_CHANNELS) for level in range(depth + 1)]
        told = 4 * width

        def row(channels: int, key: Any, count: int) -> list[AdaptiveConvBlock]:
            return [
                AdaptiveConvBlock(channels, channels, told, dropout=dropout, key=k) for k in split(key, count)
            ]

        def sums(sizes: list[tuple[int, int]], key: Any) -> list[Linear]:
            own = split(key, len(sizes)) if sizes else []
            return [Linear(*size, key=k) for size, k in zip(sizes, own, strict=True)]

        pairs = list(itertools.pairwise(widths))
        self.condition = Condition(inputs.labels, told, key=keys[0])
        self.stem = Conv(channels, width, key=keys[1])
        self.downs = [row(size, k, blocks) for size, k in zip(widths[:-1], keys[7 : 7 + depth], strict=True)]
        self.shrinks = sums([(4 * fine, coarse) for fine, coarse in pairs], keys[2])
        self.bottom = row(widths[-1], keys[3], 2)
        self.attention = ImageAttention(widths[-1], key=keys[4])
        grow_key, join_key = split(keys[5], 2)
        self.grows = sums([(coarse, 4 * fine) for fine, coarse in pairs], grow_key)
        self.joins = sums([(2 * fine, fine) for fine, _ in pairs], join_key)
        self.ups = [row(size, k, blocks) for size, k in zip(widths[:-1], keys[7 + depth :], strict=True)]
        self.norm = GroupNorm(groups_of(width), width)
        self.head = without_bias(Conv(width, channels, initializer=zeros, key=keys[6]))

    def __call__(
        self,
        x: Float[Array, "b y x c"],
        level: Float[Array, " b"],
        label: Int[Array, " b"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b y x c"]:
        _, height, width, _ = x.shape
        told = self.condition(level, label).astype(x.dtype)
        keys = self._keys(key)
        x = jnp.pad(x, ((0, 0), (0, self.padding[0]), (0, self.padding[1]), (0, 0)))
        x, beside = self.stem(folded(x, self.fold)), []
        for row, shrink in zip(self.downs, self.shrinks, strict=True):
            x = _through(row, x, told, keys, train)
            beside.append(x)
            x = shrink(folded(x, 2))
        x = self.bottom[0](x, told, key=next(keys), train=train)
        x = self.bottom[1](self.attention(x, train=train), told, key=next(keys), train=train)
        if self.is_heard(FEATURES):
            self.tap(FEATURES, x.mean((1, 2)))
        for row, grow, join in zip(self.ups[::-1], self.grows[::-1], self.joins[::-1], strict=True):
            x = join(jnp.concatenate([beside.pop(), unfolded(grow(x), 2)], axis=-1))
            x = _through(row, x, told, keys, train)
        found = unfolded(self.head(self.norm(x, activation="silu")), self.fold)
        return found[:, :height, :width]

    def _keys(self, key: Any) -> Any:
        """One random key for each block."""
        count = 2 + sum(map(len, self.downs)) + sum(map(len, self.ups))
        return iter([None] * count if key is None else list(hashed_keys(key, count)))


def _through(row: list[AdaptiveConvBlock], x: Array, told: Array, keys: Any, train: bool) -> Array:
    for block in row:
        x = block(x, told, key=next(keys), train=train)
    return x


def _heads(width: int) -> int:
    """As many subspaces of 32 features as there are."""
    return max(h for h in range(1, max(1, width // 32) + 1) if width % h == 0)


def depth_for(height: int, width: int) -> int:
    """Return how many halvings leave at least 7 places a side; one where already one leaves fewer.

    Example:
        >>> depth_for(28, 28), depth_for(32, 32), depth_for(64, 48)
        (2, 2, 2)
    """
    return max([d for d in range(5) if min(height, width) >= LEAST_SIDE * 2**d], default=1) or 1


@register(
    "denoising-unet", size=32, dial="channels at full resolution", takes=(ImageSampleInputs,),
    reference="Ho, Jain, Abbeel. Denoising diffusion probabilistic models. NeurIPS 2020",
    gives=(DENOISED,), defaults={"lr": 1e-3},
)  # fmt: skip
def denoising_unet(
    inputs: Any,
    outputs: int,
    *,
    size: int,
    depth: int | None = None,
    blocks: int = 2,
    fold: int = 1,
    dropout: float = 0.0,
    key: Any,
) -> Module:
    """U-Net for diffusion and flows of images: convolutions, attention at the lowest resolution.

    ``depth`` is as many halvings as leave 7 places a side when left out: 2 at 28 × 28 and 32 × 32, one less
    with ``fold=2``.
    """
    if not 1 <= fold <= MOST_FOLD:
        raise ConfigError("fold is out of range", expected=f"1 to {MOST_FOLD}", received=fold)
    depth = depth_for(-(-inputs.height // fold), -(-inputs.width // fold)) if depth is None else depth
    if not 0 <= depth <= 8:
        raise ConfigError("depth is out of range", expected="0 to 8", received=depth)
    return DenoisingUNet(inputs, width=size, depth=depth, blocks=blocks, fold=fold, dropout=dropout, key=key)
