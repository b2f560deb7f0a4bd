"""DCGAN: images by transposed convolutions, judged by strided ones."""

from __future__ import annotations

import itertools
from typing import Any

import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.inputs import Inputs
from lamina.core.inputs.sample import ImageSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import GAME
from lamina.models.game import (
    Game,
    ProjectionHead,
    Pyramid,
    Wrap,
    class_vectors,
    image_samples,
    with_class,
    wrap_of,
)
from lamina.models.registry import register
from lamina.nn.activation import leaky_relu, relu
from lamina.nn.convolution import Conv, ConvTranspose
from lamina.nn.embedding import Embedding
from lamina.nn.initializers import he_normal
from lamina.nn.linear import Linear
from lamina.nn.minibatch import MinibatchStd
from lamina.nn.normalization import RMSNorm

_SLOPE = 0.2


class DCGANGenerator(Module):
    """Noise to a coarse image of many channels; then finer and finer, with half the channels each time.

    After every layer but the last the channels of a pixel are divided by their root mean square, and relu is
    applied; the last ends in tanh. An image whose sides cannot be halved so often is cut out of a larger one.

    Args:
        inputs: what a sample is.
        latent: numbers of the noise.
        width: channels before the last layer.
        key: random key or seed.

    Shapes:
        noise (batch, latent), label (batch,) → (batch, height, width, channels)
    """

    vectors: Embedding | None
    first: Linear
    norms: list[RMSNorm]
    ups: list[ConvTranspose]
    head: Any
    pyramid: Pyramid = static()

    def __init__(self, inputs: ImageSampleInputs, *, latent: int, width: int, key: Any):
        self.pyramid = Pyramid(inputs.height, inputs.width)
        steps, (rows, columns) = self.pyramid.halvings, self.pyramid.coarsest
        widths = [width * 2**level for level in range(max(1, steps))][::-1]
        vector_key, first_key, head_key, *keys = split(key, 3 + steps)
        self.vectors = class_vectors(inputs.labels, latent, key=vector_key)
        size = 2 * latent if inputs.labels else latent
        self.first = Linear(size, rows * columns * widths[0], initializer=he_normal, key=first_key)
        self.norms = [RMSNorm(each) for each in widths]
        pairs = zip(widths, widths[1:], keys, strict=False)
        self.ups = [_up(coming, leaving, key=k) for coming, leaving, k in pairs]
        self.head = (
            _up(width, inputs.channels, key=head_key) if steps else Conv(width, inputs.channels, key=head_key)
        )

    def __call__(
        self, noise: Float[Array, "b l"], label: Int[Array, " b"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        y = self.first(with_class(noise, self.vectors, label))
        y = y.reshape(len(noise), *self.pyramid.coarsest, -1)
        for norm, up in zip(self.norms, [*self.ups, self.head], strict=True):
            y = up(relu(norm(y)))
        return jnp.tanh(self.pyramid.cut(y))


def _up(coming: int, leaving: int, *, key: Any) -> ConvTranspose:
    return ConvTranspose(
        coming, leaving, kernel_size=4, stride=2, padding=1, initializer=_by_what_arrives, key=key
    )


def _by_what_arrives(key: Any, shape: tuple[int, ...]) -> Array:
    """Return He's weights of a transposed convolution with stride 2: a quarter of the taps reach a pixel."""
    return 2 * he_normal(key, (shape[1], shape[0], *shape[2:])).swapaxes(0, 1)


class DCGANCritic(Module):
    """Strided convolutions with leaky relu, twice the channels each time, and one number at the end.

    No batch normalization: a score then depends on its own image alone, as gradient penalties need.

    Args:
        inputs: what a sample is.
        width: channels after the first layer.
        wrap: put around every layer with weights.
        minibatch_std: show the last layer how much a few images differ.
        key: random key or seed.

    Shapes:
        (batch, height, width, channels), label (batch,) → (batch,)
    """

    layers: list[Any]
    spread: MinibatchStd | None
    head: ProjectionHead
    pyramid: Pyramid = static()

    def __init__(
        self, inputs: ImageSampleInputs, *, width: int, wrap: Wrap, minibatch_std: bool = False, key: Any
    ):
        self.pyramid = Pyramid(inputs.height, inputs.width)
        steps, (rows, columns) = self.pyramid.halvings, self.pyramid.coarsest
        sizes = [inputs.channels, *(width * 2**level for level in range(max(1, steps)))]
        head_key, *keys = split(key, 1 + 2 * (len(sizes) - 1))
        shape: dict[str, Any] = {"kernel_size": 4, "stride": 2, "padding": 1} if steps else {}
        self.layers = [
            wrap(Conv(i, o, **shape, initializer=he_normal, key=keys[2 * n]), key=keys[2 * n + 1])
            for n, (i, o) in enumerate(itertools.pairwise(sizes))
        ]
        self.spread = MinibatchStd() if minibatch_std else None
        features = rows * columns * (sizes[-1] + minibatch_std)
        self.head = ProjectionHead(features, inputs.labels, wrap=wrap, key=head_key)

    def __call__(
        self,
        x: Float[Array, "b y x c"],
        label: Int[Array, " b"],
        *,
        key: Any = None,
        train: bool = False,
    ) -> Float[Array, " b"]:
        y = self.pyramid.fill(x)
        for layer in self.layers:
            y = leaky_relu(layer(y, train=train), slope=_SLOPE)
        y = y if self.spread is None else self.spread(y)
        return self.head(self.tap(FEATURES, y.reshape(len(y), -1)), label, train=train)


@register(
    "dcgan", size=32, dial="channels at half resolution; each halving doubles them",
    takes=(ImageSampleInputs,), gives=(GAME,),
    reference="Radford, Metz, Chintala. Unsupervised representation learning with deep convolutional "
    "generative adversarial networks. ICLR 2016",
)  # fmt: skip
def dcgan(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    latent: int = 64,
    spectral: bool = True,
    minibatch_std: bool = False,
    key: Any,
) -> Module:
    """DCGAN: small images, quickly; conditional where samples have classes.

    Unlike the paper's, the generator normalizes each pixel's channels (Karras et al. 2018) and the critic
    weights alone (Miyato et al. 2018): neither depends on the batch.
    """
    samples, (first, second) = image_samples(inputs), split(key, 2)
    generator = DCGANGenerator(samples, latent=latent, width=size, key=first)
    critic = DCGANCritic(samples, width=size, wrap=wrap_of(spectral), minibatch_std=minibatch_std, key=second)
    return Game(generator, critic, latent=latent)
