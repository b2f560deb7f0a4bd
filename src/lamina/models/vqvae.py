"""The vector-quantized autoencoder: a code of symbols."""

from __future__ import annotations

from typing import Any, Literal

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.inputs import ImageSampleInputs, Inputs, RowSampleInputs
from lamina.core.module import Module, static
from lamina.core.random import split
from lamina.core.shapes import Float, Int
from lamina.core.taps import FEATURES
from lamina.core.wanted import CODE
from lamina.models.autoencoder import sizes_of
from lamina.models.codecs import AbstractAutoencoder, FlatVector, ImageMap, MapImage, VectorFlat, samples_of
from lamina.models.registry import register
from lamina.nn.convolution import Conv
from lamina.nn.quantizer import AbstractQuantizer, MovingAverageQuantizer, VectorQuantizer

Codebook = Literal["average", "loss"]
QUANTIZERS = {"average": MovingAverageQuantizer, "loss": VectorQuantizer}


class VQVAE(AbstractAutoencoder):
    """z = Q(E(x)), each vector of E(x) replaced by the nearest of a codebook, and D(z).

    The gradient passes straight through Q; what keeps E(x) near its codes is tapped as ``penalty``. New
    samples need a distribution of the codes, which this model has not: it is for codes and reconstruction.

    Args:
        encoder: (batch, *shape) → (batch, *places, width of a code).
        decoder: the way back.
        quantizer: replaces vectors.

    Shapes:
        (batch, *shape) → the same

    References:
        van den Oord, Vinyals, Kavukcuoglu. Neural discrete representation learning. NeurIPS 2017.
    """

    quantizer: AbstractQuantizer

    def encode(
        self, x: Float[Array, "b ..."], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b *places d"]:
        """Return the quantized vectors of each sample."""
        code = self.quantizer(self.encoder(x, train=train), train=train)
        self.tap(FEATURES, code.reshape(len(code), -1))
        return code

    def codes(self, x: Float[Array, "b ..."]) -> Int[Array, "b ..."]:
        """Return the numbers of the codes of each sample."""
        return self.quantizer.codes(self.encoder(x))


class MapVectors(Module):
    """An image's map of features, each place as a vector of some length.

    Shapes:
        (batch, height, width, channels) → (batch, v, u, vector)
    """

    map: ImageMap
    head: Conv

    def __init__(self, shape: tuple[int, ...], vector: int, *, key: Any, **options: Any):
        map_key, head_key = split(key, 2)
        self.map = ImageMap(shape, **options, key=map_key)
        self.head = Conv(self.map.map_shape[2], vector, kernel_size=1, key=head_key)

    def __call__(
        self, x: Float[Array, "b y x c"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b v u d"]:
        return self.head(self.map(x))


class VectorsMap(Module):
    """An image from a vector at each place: `MapVectors` backward.

    Shapes:
        (batch, v, u, vector) → (batch, height, width, channels)
    """

    tail: Conv
    image: MapImage

    def __init__(self, shape: tuple[int, ...], vector: int, *, key: Any, **options: Any):
        tail_key, image_key = split(key, 2)
        channels = options["width"] * 2 ** (options["depth"] - 1)
        self.tail = Conv(vector, channels, kernel_size=3, key=tail_key)
        self.image = MapImage(shape, **options, key=image_key)

    def __call__(
        self, x: Float[Array, "b v u d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b y x c"]:
        return self.image(self.tail(x))


class RowVectors(Module):
    """A row as some vectors.

    Shapes:
        (batch, features) → (batch, pieces, vector)
    """

    flat: FlatVector
    pieces: int = static()

    def __init__(self, shape: tuple[int, ...], vector: int, *, pieces: int, key: Any, **options: Any):
        self.flat, self.pieces = FlatVector(shape, pieces * vector, **options, key=key), pieces

    def __call__(
        self, x: Float[Array, "b f"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b p d"]:
        return self.flat(x).reshape(len(x), self.pieces, -1)


class VectorsRow(Module):
    """A row from some vectors: `RowVectors` backward.

    Shapes:
        (batch, pieces, vector) → (batch, features)
    """

    flat: VectorFlat

    def __init__(self, shape: tuple[int, ...], vector: int, *, pieces: int, key: Any, **options: Any):
        self.flat = VectorFlat(shape, pieces * vector, **options, key=key)

    def __call__(
        self, x: Float[Array, "b p d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "b f"]:
        return self.flat(x.reshape(len(x), -1))


@register(
    "vqvae", size=64, dial="channels at half the resolution; four times as many hidden units for rows",
    takes=(ImageSampleInputs, RowSampleInputs), gives=(CODE,),
    reference="van den Oord, Vinyals, Kavukcuoglu. Neural discrete representation learning. NeurIPS 2017",
    defaults={"lr": 1e-3},
)  # fmt: skip
def vqvae(
    inputs: Inputs,
    outputs: int,
    *,
    size: int,
    codes: int = 256,
    latent: int = 16,
    pieces: int = 8,
    depth: int | None = None,
    activation: str = "silu",
    codebook: Codebook = "average",
    commitment: float = 0.25,
    key: Any,
) -> Module:
    """Vector-quantized autoencoder: a code of symbols, one a place of an image, or ``pieces`` of them a row.

    ``latent`` is the length of the vector that a symbol stands for. ``codebook=average`` moves the vectors by
    averages, ``loss`` by gradient descent.
    """
    samples = samples_of(inputs, "vqvae")
    if codebook not in QUANTIZERS:
        raise ConfigError("codebook is unknown", expected="average or loss", received=codebook)
    if latent < 1 or pieces < 1:
        raise ConfigError("latent or pieces is out of range", expected=">= 1", received=(latent, pieces))
    keys = split(key, 3)
    options: dict[str, Any] = {"activation": activation, **sizes_of(samples, size, depth)}
    if isinstance(samples, ImageSampleInputs):
        encoder: Any = MapVectors(samples.shape, latent, **options, key=keys[0])
        decoder: Any = VectorsMap(samples.shape, latent, **options, key=keys[1])
    else:
        encoder = RowVectors(samples.shape, latent, pieces=pieces, **options, key=keys[0])
        decoder = VectorsRow(samples.shape, latent, pieces=pieces, **options, key=keys[1])
    quantizer = QUANTIZERS[codebook](codes, latent, commitment=commitment, key=keys[2])
    return VQVAE(encoder=encoder, decoder=decoder, quantizer=quantizer)
