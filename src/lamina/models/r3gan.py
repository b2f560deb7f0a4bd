"""R3GAN: residual blocks without normalization, for the relativistic loss with gradient penalties."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs
from lamina.core.inputs.sample import ImageSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import normal, split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import GAME
from lamina.models.game import Game, ProjectionHead, Pyramid, class_vectors, image_samples, with_class
from lamina.models.registry import register
from lamina.nn.activation import leaky_relu
from lamina.nn.convolution import Conv
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import he_normal, lecun_normal, zeros
from lamina.nn.linear import Linear
from lamina.ops.resampling import doubled, halved

_SLOPE = 0.2
_EXPANSION, _GROUP_WIDTH, _MOST_GROUPS = 2, 16, 8  # groups: more than 8 have no kernel of ours
_MOST_DOUBLINGS = 2  # of the channels, from the finest to the coarsest


class GroupedBlock(Module):
    """x + W₃ φ(W₂ φ(W₁ x)): 1 x 1 to twice the channels, 3 x 3 in groups of channels, 1 x 1 back.

    W₃ begins as zero, W₁ and W₂ with a gain of N^(-1/4) for the N blocks of a network (Fixup), so that it
    needs no normalization. φ is leaky relu.

    Args:
        width: channels.
        blocks: of the network, N.
        key: random key or seed.

    Shapes:
        (batch, y, x, width) → the same
    """

    first: Conv
    second: Conv
    third: Conv

    def __init__(self, width: int, *, blocks: int, key: Any):
        keys, inner = split(key, 3), _EXPANSION * width
        scaled = functools.partial(_scaled, gain=blocks**-0.25)
        groups = _groups_of(inner)
        self.first = Conv(width, inner, kernel_size=1, initializer=scaled, key=keys[0])
        self.second = Conv(inner, inner, groups=groups, initializer=scaled, key=keys[1])
        self.third = Conv(inner, width, kernel_size=1, bias=False, initializer=zeros, key=keys[2])

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        y = leaky_relu(self.first(x), slope=_SLOPE)
        return x + self.third(leaky_relu(self.second(y), slope=_SLOPE))


def _groups_of(width: int) -> int:
    """Return how many groups have `_GROUP_WIDTH` channels each, or more where there would be too many."""
    most = min(_MOST_GROUPS, max(1, width // _GROUP_WIDTH))
    return max(n for n in range(1, most + 1) if width % n == 0)


def _scaled(key: Any, shape: tuple[int, ...], *, gain: float) -> Array:
    return he_normal(key, shape) * np.float32(gain / math.sqrt(1 + _SLOPE**2))


def _between(coming: int, leaving: int, *, key: Any) -> Conv | None:
    """Return what changes the number of channels between two sizes; nothing where they are the same."""
    if coming == leaving:
        return None
    return Conv(coming, leaving, kernel_size=1, bias=False, initializer=lecun_normal, key=key)


def _widths(width: int, steps: int) -> list[int]:
    """Return the channels from the finest to the coarsest images."""
    return [width * 2 ** min(level, _MOST_DOUBLINGS) for level in range(steps + 1)]


class R3GANGenerator(Module):
    """A learned coarse image whose channels the noise weighs; then residual blocks, and twice the size.

    Args:
        inputs: what a sample is.
        latent: numbers of the noise.
        width: channels at full resolution.
        blocks: at each size.
        key: random key or seed.

    Shapes:
        noise (batch, latent), label (batch,) → (batch, height, width, channels); within [-1, 1] outside of
        training
    """

    vectors: Embedding | None
    basis: Float[Array, "y x c"]
    first: Linear
    stages: list[list[GroupedBlock]]
    between: list[Conv | None]
    head: Conv
    pyramid: Pyramid = static()

    def __init__(self, inputs: ImageSampleInputs, *, latent: int, width: int, blocks: int, key: Any):
        self.pyramid = Pyramid(inputs.height, inputs.width)
        widths = _widths(width, self.pyramid.halvings)[::-1]
        keys = split(key, 4 + 2 * len(widths))
        self.vectors = class_vectors(inputs.labels, latent, key=keys[0])
        size = 2 * latent if inputs.labels else latent
        self.first = Linear(size, widths[0], bias=False, initializer=lecun_normal, key=keys[1])
        self.basis = normal(keys[2], (*self.pyramid.coarsest, widths[0]))
        self.head = Conv(width, inputs.channels, kernel_size=1, initializer=lecun_normal, key=keys[3])
        self.stages = [
            _blocks(each, blocks, len(widths), key=k) for each, k in zip(widths, keys[4::2], strict=True)
        ]
        pairs = zip(widths, widths[1:], keys[5::2], strict=False)
        self.between = [_between(coming, leaving, key=k) for coming, leaving, k in pairs]

    def __call__(
        self, noise: Float[Array, "b l"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        weight = self.first(with_class(noise, self.vectors, label))
        y = weight[:, None, None] * jnp.asarray(self.basis, weight.dtype)[None]
        for place, stage in enumerate(self.stages):
            if place:
                change = self.between[place - 1]
                y = doubled(y if change is None else change(y))  # linear both: the order is that of less work
            for block in stage:
                y = block(y)
        y = self.pyramid.cut(self.head(y))
        return y if train else jnp.clip(y, -1, 1)


class R3GANCritic(Module):
    """The generator turned round: residual blocks, half the size each time, and one number at the end.

    Args:
        inputs: what a sample is.
        width: channels at full resolution.
        blocks: at each size.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels), label (batch,) → (batch,)
    """

    first: Conv
    stages: list[list[GroupedBlock]]
    between: list[Conv | None]
    basis: Float[Array, "y x c"]
    head: ProjectionHead
    pyramid: Pyramid = static()

    def __init__(self, inputs: ImageSampleInputs, *, width: int, blocks: int, key: Any):
        self.pyramid = Pyramid(inputs.height, inputs.width)
        widths = _widths(width, self.pyramid.halvings)
        keys = split(key, 3 + 2 * len(widths))
        self.first = Conv(inputs.channels, width, kernel_size=1, initializer=lecun_normal, key=keys[0])
        self.stages = [
            _blocks(each, blocks, len(widths), key=k) for each, k in zip(widths, keys[3::2], strict=True)
        ]
        pairs = zip(widths, widths[1:], keys[4::2], strict=False)
        self.between = [_between(coming, leaving, key=k) for coming, leaving, k in pairs]
        self.basis = normal(keys[1], (*self.pyramid.coarsest, widths[-1]))
        self.head = ProjectionHead(widths[-1], inputs.labels, key=keys[2])

    def __call__(
        self, x: Float[Array, "b y x c"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, " b"]:
        y = self.first(self.pyramid.fill(x))
        for place, stage in enumerate(self.stages):
            if place:
                y, change = halved(y), self.between[place - 1]
                y = y if change is None else change(y)
            for block in stage:
                y = block(y)
        basis = jnp.asarray(self.basis, y.dtype)[None] / math.sqrt(y.shape[1] * y.shape[2])
        return self.head(self.tap(FEATURES, (y * basis).sum((1, 2))), label, train=train)


def _blocks(width: int, count: int, stages: int, *, key: Any) -> list[GroupedBlock]:
    """Return the blocks of one size, of a network with so many sizes."""
    return [GroupedBlock(width, blocks=count * stages, key=each) for each in split(key, max(1, count))][
        :count
    ]


@register(
    "r3gan", size=16, dial="channels at full resolution; a halving doubles them, twice at most",
    takes=(ImageSampleInputs,), gives=(GAME,),
    reference="Huang, Gokaslan, Kuleshov, Tompkin. The GAN is dead; long live the GAN! A modern GAN "
    "baseline. NeurIPS 2024",
)  # fmt: skip
def r3gan(inputs: Inputs, outputs: int, *, size: int, latent: int = 64, blocks: int = 1, key: Any) -> Module:
    """R3GAN: better images than DCGAN for more time; conditional where samples have classes.

    Groups are 16 channels wide as in the paper, wider where there would be more than 8 of them.
    """
    samples, (first, second) = image_samples(inputs), split(key, 2)
    generator = R3GANGenerator(samples, latent=latent, width=size, blocks=blocks, key=first)
    critic = R3GANCritic(samples, width=size, blocks=blocks, key=second)
    return Game(generator, critic, latent=latent)
