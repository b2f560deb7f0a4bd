"""The vision transformer: an image as a sentence of patches."""

from __future__ import annotations

from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

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
from lamina.nn.dropout import Dropout
from lamina.nn.encoder_block import EncoderBlock
from lamina.nn.initializers import truncated_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions, PatchEmbedding
from lamina.nn.stack import Stack

# Blocks that are written out: a scan compiles one, but copies what the way back needs of each into one
# array and out of it again (docs/decisions/0018-transformers-on-a-cpu.md).
MOST_WRITTEN_OUT = 12


class ViT(Module):
    """Patches as tokens, positions, transformer blocks; one token or the mean gives the outputs.

    An image whose sides are no multiples of the patch is filled up with zeros.

    Args:
        features: standardizes the images.
        outputs: numbers that leave.
        width: features of a token.
        depth: transformer blocks, >= 0.
        heads: subspaces of the attention.
        patch: pixels of a patch's side.
        registers: further learned tokens, in which the network keeps what is about no place.
        pool: ``"token"``: a learned token collects the answer; ``"mean"``: all patches do.
        dropout: probability in [0, 1).
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, outputs). O(batch · tokens · width · (tokens + width))

    References:
        Darcet et al. Vision transformers need registers. ICLR 2024.
    """

    features: ImageFeatures
    conv_proj: PatchEmbedding
    class_token: Float[Array, "1 1 d"] | None
    registers: Float[Array, "1 r d"] | None
    positions: LearnedPositions
    dropout: Dropout
    blocks: Stack
    ln: LayerNorm
    head: Linear
    padding: tuple[int, int] = static()

    def __init__(
        self,
        features: ImageFeatures,
        outputs: int,
        *,
        width: int,
        depth: int,
        heads: int,
        patch: int,
        registers: int,
        pool: str,
        dropout: float,
        key: Any,
    ):
        keys, token = split(key, 5), 1 if pool == "token" else 0
        self.features, (height, length, channels) = features, features.shape
        self.padding = (-height % patch, -length % patch)
        patches = -(-height // patch) * -(-length // patch)
        self.conv_proj = PatchEmbedding(channels, width, patch=patch, key=keys[0])
        self.class_token = np.zeros((1, 1, width), np.float32) if token else None
        self.registers = truncated_normal(keys[1], (1, registers, width)) if registers else None
        self.positions = LearnedPositions(token + patches, width, key=keys[2])
        self.dropout = Dropout(dropout)
        self.blocks = Stack(
            lambda k: EncoderBlock(width, heads=heads, dropout=dropout, key=k),
            depth=depth,
            unroll=depth <= MOST_WRITTEN_OUT,
            key=keys[3],
        )
        self.ln, self.head = LayerNorm(width, epsilon=1e-6), Linear(width, outputs, key=keys[4])

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Float[Array, "b o"]:
        keys = (None, None) if key is None else hashed_keys(key, 2)
        down, right = self.padding
        x = jnp.pad(self.features(x), ((0, 0), (0, down), (0, right), (0, 0)))
        x = self.conv_proj(x)
        x = x if self.class_token is None else jnp.concatenate([_repeated(self.class_token, x), x], axis=1)
        x = self.dropout(self.positions(x), key=keys[0], train=train)
        patches = x.shape[1]
        x = x if self.registers is None else jnp.concatenate([x, _repeated(self.registers, x)], axis=1)
        x = self.ln(self.blocks(x, key=keys[1], train=train))
        x = x[:, :patches].mean(1) if self.class_token is None else x[:, 0]
        return self.head(self.tap(FEATURES, x))


def _repeated(tokens: Array, x: Array) -> Array:
    """The same tokens for each example."""
    return jnp.broadcast_to(tokens.astype(x.dtype), (x.shape[0], *tokens.shape[1:]))


def _patch_for(side: int) -> int:
    """The largest patch of 1, 2, 4, 8 or 16 pixels that leaves at least 7 patches a side."""
    return max([p for p in (2, 4, 8, 16) if side / p >= 7], default=1)


@register(
    "vit", size=192, dial="features of a token (192 tiny, 384 small, 768 base)", takes=(ImageInputs,),
    reference="Dosovitskiy et al. An image is worth 16x16 words: transformers for image recognition at "
    "scale. ICLR 2021",
    defaults={"lr": 1e-3},
)  # fmt: skip
def vit(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 12,
    patch: int | None = None,
    registers: int = 0,
    pool: Literal["token", "mean"] = "token",
    dropout: float = 0.0,
    key: Any,
) -> Module:
    """Vision transformer: best with much data or pretrained weights; else prefer resnet.

    ``patch`` is the largest of 1, 2, 4, 8 and 16 pixels that leaves 7 patches a side when left
    out (16 at 224, 4 at 32). Heads are 64 features wide.
    """
    features = ImageFeatures(inputs)
    patch = _patch_for(features.side) if patch is None else patch
    if pool not in ("token", "mean"):
        raise ConfigError("pool is unknown", expected="token or mean", received=pool)
    if not 1 <= patch <= features.side:
        raise ConfigError("patch is out of range", expected=f"1 to {features.side}", received=patch)
    return ViT(
        features,
        outputs,
        width=size,
        depth=depth,
        heads=max(h for h in range(1, max(1, size // 64) + 1) if size % h == 0),
        patch=patch,
        registers=registers,
        pool=pool,
        dropout=dropout,
        key=key,
    )
