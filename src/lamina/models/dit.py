"""The diffusion transformer: patches of a noisy image as tokens; gains and gates tell level and class."""

from __future__ import annotations

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
from lamina.models.unet import unfolded
from lamina.models.vit import MOST_WRITTEN_OUT
from lamina.nn.adaptive import AdaptiveBlock, AdaptiveNorm, without_bias
from lamina.nn.initializers import zeros
from lamina.nn.linear import Linear
from lamina.nn.patches import PatchEmbedding, SinePositions
from lamina.nn.stack import Stack


class DiT(Module):
    """Patches and positions, blocks that begin as the identity (adaLN-zero), a head that begins at zero.

    An image whose sides are no multiples of the patch is filled up with zeros and cut back at the end.

    Args:
        inputs: shape of the images and number of classes.
        width: features of a token, a multiple of 4.
        depth: transformer blocks, >= 0.
        heads: subspaces of the attention.
        patch: pixels of a patch's side.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        (batch, height, width, channels), levels (batch,), labels (batch,) → the same as the first.
        O(batch · tokens · width · (tokens + width) · depth)

    References:
        Peebles, Xie. Scalable diffusion models with transformers. ICCV 2023.
    """

    condition: Condition
    patches: PatchEmbedding
    positions: SinePositions
    blocks: Stack
    norm: AdaptiveNorm
    head: Linear
    grid: tuple[int, int] = static()
    patch: int = static()

    def __init__(
        self,
        inputs: ImageSampleInputs,
        *,
        width: int,
        depth: int,
        heads: int,
        patch: int,
        dropout: float,
        key: Any,
    ):
        keys = split(key, 5)
        self.grid, self.patch = (-(-inputs.height // patch), -(-inputs.width // patch)), patch
        self.condition = Condition(inputs.labels, width, key=keys[0])
        self.patches = PatchEmbedding(inputs.channels, width, patch=patch, key=keys[1])
        self.positions = SinePositions(*self.grid, width)
        self.blocks = Stack(
            lambda k: AdaptiveBlock(width, width, heads=heads, dropout=dropout, key=k),
            depth=depth,
            unroll=depth <= MOST_WRITTEN_OUT,
            key=keys[2],
        )
        self.norm = AdaptiveNorm(width, width, key=keys[3])
        self.head = without_bias(Linear(width, inputs.channels * patch**2, initializer=zeros, key=keys[4]))

    def __call__(
        self,
        x: Float[Array, "b y x c"],
        level: Float[Array, " b"],
        label: Int[Array, " b"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b y x c"]:
        batch, height, width, _ = x.shape
        rows, columns = self.grid
        told = self.condition(level, label).astype(x.dtype)
        down, right = rows * self.patch - height, columns * self.patch - width
        tokens = self.positions(self.patches(jnp.pad(x, ((0, 0), (0, down), (0, right), (0, 0)))))
        own_key = None if key is None else hashed_keys(key, 1)[0]
        tokens = self.blocks(tokens, condition=told, key=own_key, train=train)
        if self.is_heard(FEATURES):
            self.tap(FEATURES, tokens.mean(1))
        found = self.head(self.norm(tokens, told)).reshape(batch, rows, columns, -1)
        return unfolded(found, self.patch)[:, :height, :width]


def patch_for(height: int, width: int) -> int:
    """Return the smallest patch of 1, 2, 4 … pixels that makes at most 256 of an image.

    Example:
        >>> patch_for(28, 28), patch_for(64, 64)
        (2, 4)
    """
    return next(p for p in (1, 2, 4, 8, 16, 32, 64) if -(-height // p) * -(-width // p) <= 256 or p == 64)


@register(
    "dit", size=128, dial="features of a token, a multiple of 4", takes=(ImageSampleInputs,),
    reference="Peebles, Xie. Scalable diffusion models with transformers. ICCV 2023",
    gives=(DENOISED,), defaults={"lr": 1e-3},
)  # fmt: skip
def dit(
    inputs: Any,
    outputs: int,
    *,
    size: int,
    depth: int = 6,
    patch: int | None = None,
    dropout: float = 0.0,
    key: Any,
) -> Module:
    """Transformer for diffusion and flows of images: dense products only, better the longer it trains.

    ``patch`` is the smallest power of two that leaves at most 256 patches when left out. Heads are 32 wide.
    """
    patch = patch_for(inputs.height, inputs.width) if patch is None else patch
    if size % 4:
        raise ConfigError("size does not fit", expected="a multiple of 4", received=size)
    if not 1 <= patch <= min(inputs.height, inputs.width):
        expected = f"1 to {min(inputs.height, inputs.width)}"
        raise ConfigError("patch is out of range", expected=expected, received=patch)
    heads = max(h for h in range(1, max(1, size // 32) + 1) if size % h == 0)
    return DiT(inputs, width=size, depth=depth, heads=heads, patch=patch, dropout=dropout, key=key)
