"""The masked autoencoder: the whole from a few of its pieces."""

from __future__ import annotations

import abc
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, Inputs, RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split, uniform
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import CODE
from lamina.models.codecs import check_samples, samples_of
from lamina.models.registry import register
from lamina.nn.encoder_block import EncoderBlock
from lamina.nn.initializers import truncated_normal
from lamina.nn.linear import Linear
from lamina.nn.normalization import LayerNorm
from lamina.nn.patches import LearnedPositions, PatchEmbedding
from lamina.nn.stack import Stack
from lamina.ops.groups import by_width, in_order
from lamina.ops.upsampling import depth_to_space

HEAD_WIDTH = 32  # features of a head of the attention, as near as the width allows


class AbstractPieces(Module):
    """What cuts samples into pieces: patches of an image, columns of a row.

    Attributes:
        count: how many pieces a sample has.
    """

    @property
    @abc.abstractmethod
    def count(self) -> int:
        """How many pieces a sample has."""

    @abc.abstractmethod
    def tokens(self, x: Array) -> Array:
        """Return a vector for each piece, (batch, pieces, width)."""

    @abc.abstractmethod
    def sample(self, tokens: Array) -> Array:
        """Return the samples that vectors of the decoder stand for, (batch, *shape)."""

    @abc.abstractmethod
    def spread(self, values: Array) -> Array:
        """Return one value a piece, (batch, pieces), as one for each value of a sample, (batch, *shape)."""


class PatchPieces(AbstractPieces):
    """Square patches of an image; sides that are no multiples are filled up with zeros.

    Args:
        shape: (height, width, channels).
        width: features of a token.
        decoder_width: features of a token of the decoder.
        patch: side in pixels.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels) → (batch, patches, width)
    """

    embedding: PatchEmbedding
    head: Linear
    shape: tuple[int, int, int] = static()
    grid: tuple[int, int] = static()
    patch: int = static()

    def __init__(self, shape: tuple[int, ...], *, width: int, decoder_width: int, patch: int, key: Any):
        embedding_key, head_key = split(key, 2)
        self.shape, self.patch = (shape[0], shape[1], shape[2]), patch
        self.grid = (-(-shape[0] // patch), -(-shape[1] // patch))
        self.embedding = PatchEmbedding(shape[2], width, patch=patch, key=embedding_key)
        self.head = Linear(decoder_width, patch * patch * shape[2], key=head_key)

    @property
    def count(self) -> int:
        """How many patches an image has."""
        return self.grid[0] * self.grid[1]

    def tokens(self, x: Array) -> Array:
        """Return a vector for each patch."""
        check_samples(x, self.shape, self.path)
        down, right = (-side % self.patch for side in self.shape[:2])
        return self.embedding(jnp.pad(x, ((0, 0), (0, down), (0, right), (0, 0))))

    def sample(self, tokens: Array) -> Array:
        """Return the image of the decoder's vectors."""
        pixels = self.head(tokens).reshape(len(tokens), *self.grid, -1)
        return self._cut(depth_to_space(pixels, (self.patch, self.patch)))

    def spread(self, values: Array) -> Array:
        """Return the value of each patch at its pixels."""
        fine = values.reshape(len(values), *self.grid, 1)
        for axis in (1, 2):
            fine = jnp.repeat(fine, self.patch, axis=axis)
        return jnp.broadcast_to(self._cut(fine), (len(values), *self.shape))

    def _cut(self, images: Array) -> Array:
        return images[:, : self.shape[0], : self.shape[1]]

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Array:
        return self.tokens(x)


class ColumnPieces(AbstractPieces):
    """Columns of a row: token[g] = Σ_j x_j · W[j] over the features j of the group.

    A number scales a vector of its own; each category has one. What is constant is in the positions.

    Args:
        groups: widths of the groups of features.
        width: features of a token.
        decoder_width: features of a token of the decoder.
        key: random key or seed.

    Shapes:
        (batch, features) → (batch, groups, width)

    References:
        Gorishniy et al. Revisiting deep learning models for tabular data. NeurIPS 2021, section 3.3.
    """

    weight: Float[Array, "f d"]
    head_weight: Float[Array, "f e"]
    head_bias: Float[Array, " f"]
    groups: tuple[int, ...] = static()

    def __init__(self, groups: tuple[int, ...], *, width: int, decoder_width: int, key: Any):
        own_key, head_key = split(key, 2)
        self.groups, features = groups, sum(groups)
        bound, out = 1.0 / math.sqrt(width), 1.0 / math.sqrt(decoder_width)
        self.weight = uniform(own_key, (features, width), low=-bound, high=bound)
        self.head_weight = uniform(head_key, (features, decoder_width), low=-out, high=out)
        self.head_bias = np.zeros(features, np.float32)

    @property
    def count(self) -> int:
        """How many columns a row has."""
        return len(self.groups)

    def tokens(self, x: Array) -> Array:
        """Return a vector for each column."""
        check_samples(x, (sum(self.groups),), self.path)
        weight, found = jnp.asarray(self.weight).astype(x.dtype), []
        for alike in by_width(self.groups):
            found.append(jnp.einsum("bgw,gwd->bgd", x[:, alike.columns], weight[alike.columns]))
        return in_order(found, self.groups)

    def sample(self, tokens: Array) -> Array:
        """Return the row of the decoder's vectors: numbers, and logits of categories."""
        own = tokens[:, self._group_of_features()]
        weight, bias = (jnp.asarray(a).astype(tokens.dtype) for a in (self.head_weight, self.head_bias))
        return (own * weight[None]).sum(-1) + bias[None]

    def spread(self, values: Array) -> Array:
        """Return the value of each column at its features."""
        return values[:, self._group_of_features()]

    def _group_of_features(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.groups)), self.groups)

    def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Array:
        return self.tokens(x)


class MaskedAutoencoder(Module):
    """Transformer blocks over the pieces that are seen; a smaller decoder that says what the others are.

    Which pieces are hidden is the objective's to say: `fill` reads some, `encode` all. Both positions are
    learned. O(batch · pieces · width · (pieces + width)).

    Args:
        pieces: cuts samples into pieces.
        width: features of a token.
        depth: blocks of the encoder.
        decoder_width: features of a token of the decoder.
        decoder_depth: blocks of the decoder.
        key: random key or seed.

    Shapes:
        (batch, *shape) → the same

    References:
        He et al. Masked autoencoders are scalable vision learners. CVPR 2022. Deviations: no class token,
        learned positions instead of sines, pixels that are not normalized within a patch.
    """

    pieces: AbstractPieces
    positions: LearnedPositions
    blocks: Stack
    norm: LayerNorm
    bridge: Linear
    hidden_token: Float[Array, " e"]
    decoder_positions: LearnedPositions
    decoder_blocks: Stack
    decoder_norm: LayerNorm

    def __init__(
        self,
        pieces: AbstractPieces,
        *,
        width: int,
        depth: int,
        decoder_width: int,
        decoder_depth: int,
        key: Any,
    ):
        keys, self.pieces = split(key, 6), pieces
        self.positions = LearnedPositions(pieces.count, width, key=keys[0])
        self.decoder_positions = LearnedPositions(pieces.count, decoder_width, key=keys[1])
        self.hidden_token = truncated_normal(keys[2], (decoder_width,))
        self.blocks = _blocks(width, depth, keys[3])
        self.decoder_blocks = _blocks(decoder_width, decoder_depth, keys[4])
        self.norm, self.decoder_norm = LayerNorm(width, epsilon=1e-6), LayerNorm(decoder_width, epsilon=1e-6)
        self.bridge = Linear(width, decoder_width, key=keys[5])

    def encode(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b t d"]:
        """Return a vector for each piece of whole samples."""
        code = self.norm(self.blocks(self._tokens(x), train=train))
        if self.is_heard(FEATURES):
            self.tap(FEATURES, code.mean(1))
        return code

    def decode(
        self, code: Float[Array, "b t d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b ..."]:
        """Return the samples of vectors of all pieces."""
        return self._decoded(self.bridge(code), train)

    def fill(
        self,
        x: Float[Array, "b ..."],
        seen: Int[Array, "b s"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, "b ..."]:
        """Return samples of which the encoder has seen some pieces alone.

        Args:
            x: samples.
            seen: numbers of the pieces that are seen of each, all different.
            key: random key.
            train: in training.
        """
        examples = jnp.arange(len(x))[:, None]
        tokens = self._tokens(x)[examples, seen]
        code = self.bridge(self.norm(self.blocks(tokens, train=train)))
        hidden = jnp.asarray(self.hidden_token).astype(code.dtype)
        whole = jnp.broadcast_to(hidden, (len(x), self.pieces.count, code.shape[-1]))
        return self._decoded(whole.at[examples, seen].set(code, unique_indices=True), train)

    def _tokens(self, x: Array) -> Array:
        return self.positions(self.pieces.tokens(x))

    def _decoded(self, tokens: Array, train: bool) -> Array:
        tokens = self.decoder_blocks(self.decoder_positions(tokens), train=train)
        return self.pieces.sample(self.decoder_norm(tokens))

    def __call__(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b ..."]:
        return self.decode(self.encode(x, train=train), train=train)


def _blocks(width: int, depth: int, key: Any) -> Stack:
    heads = max(h for h in range(1, max(1, width // HEAD_WIDTH) + 1) if width % h == 0)
    return Stack(lambda k: EncoderBlock(width, heads=heads, dropout=0.0, key=k), depth=depth, key=key)


@register(
    "masked-autoencoder", size=128, dial="features of a token",
    takes=(ImageSampleInputs, RowSampleInputs), gives=(CODE,),
    reference="He et al. Masked autoencoders are scalable vision learners. CVPR 2022",
    defaults={"lr": 1e-3},
)  # fmt: skip
def masked_autoencoder(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    depth: int = 4,
    decoder_depth: int = 2,
    patch: int | None = None,
    key: Any,
) -> Module:
    """Masked autoencoder: fills in hidden patches of images or columns of rows; learns from few pieces.

    ``patch`` is the largest of 1, 2, 4, 8 and 16 pixels that leaves 7 patches a side when left out; rows have
    none. The decoder's tokens are half as wide as the encoder's.
    """
    samples = samples_of(inputs, "masked-autoencoder")
    pieces_key, own_key = split(key, 2)
    widths = {"width": size, "decoder_width": max(1, size // 2)}
    if isinstance(samples, ImageSampleInputs):
        side = min(samples.shape[:2])
        patch = _patch_for(side) if patch is None else patch
        if not 1 <= patch <= side:
            raise ConfigError("patch is out of range", expected=f"1 to {side}", received=patch)
        pieces: AbstractPieces = PatchPieces(samples.shape, **widths, patch=patch, key=pieces_key)
    else:
        own: Any = samples
        pieces = ColumnPieces(own.groups, **widths, key=pieces_key)
    return MaskedAutoencoder(pieces, **widths, depth=depth, decoder_depth=decoder_depth, key=own_key)


def _patch_for(side: int) -> int:
    return max([p for p in (2, 4, 8, 16) if side / p >= 7], default=1)
