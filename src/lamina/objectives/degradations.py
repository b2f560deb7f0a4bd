"""How clean images are degraded, or were before, and what a network that undoes it starts from.

All images are in the units of models, float32 (b, y, x, c) from -1 (black) to 1; a level of 8 bits is
2 / 255.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys, hashed_normal, hashed_uniform
from lamina.core.inputs import DegradedImageInputs
from lamina.core.shapes import Float
from lamina.ops.augment import GRAY, per_image

LEVEL = 2.0 / 255.0
HOLE_SIDES = (2, 4, 8, 16)  # pixels of the squares that holes are made of

Images = Float[Array, "b y x c"]
Sample = Float[Array, "b y x s"]  # as stored: clean images, and perhaps their degraded copies
Given = Float[Array, "b v u k"]  # degraded: perhaps of other sizes and channels


class AbstractDegradation(abc.ABC):
    """What is done to clean images. Concrete ones are frozen dataclasses.

    A network is given `degrade(sample)`, and adds its output to `start` of it; `finish` puts in what is
    known.

    Attributes:
        scale: how many times coarser a degraded image is.
        needs_color: whether clean images must have color.
        keeps_gray: whether gray images are to stay gray.
        takes_hole: whether it has to be told which pixels are unknown.
    """

    scale: ClassVar[int] = 1
    needs_color: ClassVar[bool] = False
    keeps_gray: ClassVar[bool] = True
    takes_hole: ClassVar[bool] = False

    def inputs(self, channels: int) -> DegradedImageInputs:
        """Return what a model is told.

        Args:
            channels: of clean images.
        """
        return DegradedImageInputs(channels, channels)

    def clean(self, sample: Sample) -> Images:
        """Return the clean images of samples, which are nothing else, as a rule.

        Args:
            sample: what was stored.
        """
        return sample

    @abc.abstractmethod
    def degrade(self, sample: Sample, *, key: Any) -> Given:
        """Return what a network is given.

        Args:
            sample: what was stored: clean images, as a rule. Sides are multiples of `scale`.
            key: random key.
        """

    def start(self, given: Given) -> Images:
        """Return the first estimate that the network's output is added to: what is given, as a rule."""
        return given

    def finish(self, estimate: Images, given: Given) -> Images:
        """Return the estimate with what is known put in: as it is, as a rule.

        Args:
            estimate: what the network came to.
            given: what it was given.
        """
        return estimate


@dataclass(frozen=True)
class Noise(AbstractDegradation):
    """White Gaussian noise: given = clean + σ ε. Values beyond black and white are not cut off.

    Args:
        sigma: standard deviation in levels of 255: one, or the ends of a range from which each image draws
            its own.

    Example:
        >>> clean = jnp.zeros((1, 64, 64, 1))
        >>> round(float(Noise((25.0,)).degrade(clean, key=0).std() / LEVEL))
        25
    """

    sigma: tuple[float, ...]

    def degrade(self, sample: Sample, *, key: Any) -> Given:
        """Return the images with noise."""
        noise_key, level_key = hashed_keys(key, 2)
        low, high = self.sigma[0], self.sigma[-1]
        sigma = low + (high - low) * hashed_uniform(level_key, (len(sample),))
        return sample + LEVEL * per_image(sigma) * hashed_normal(noise_key, sample.shape)


@dataclass(frozen=True)
class Holes(AbstractDegradation):
    """Squares of pixels are unknown: zero in the image, and in one more channel, which is 1 elsewhere.

    Each image draws the side of its squares, 2 to 16 pixels, and which squares of that grid are missing.

    Args:
        share: of the pixels that are missing, in (0, 1).
    """

    share: float
    takes_hole: ClassVar[bool] = True

    def inputs(self, channels: int) -> DegradedImageInputs:
        """Return what a model is told: one channel more says what is known."""
        return DegradedImageInputs(channels + 1, channels)

    def degrade(self, sample: Sample, *, key: Any) -> Given:
        """Return the images with holes, and where they are known."""
        count, height, width, _ = sample.shape
        side_key, *keys = hashed_keys(key, 1 + len(HOLE_SIDES))
        masks = [
            _squares(own, (count, height, width), side, self.share)
            for own, side in zip(keys, HOLE_SIDES, strict=True)
        ]
        chosen = jnp.floor(hashed_uniform(side_key, (count,)) * len(HOLE_SIDES))
        known = jnp.zeros((count, height, width, 1))
        for number, mask in enumerate(masks):
            known = jnp.where(per_image(chosen == number), mask, known)
        return with_hole(sample, known)

    def start(self, given: Given) -> Images:
        """Return the image, gray where it is unknown."""
        return given[..., :-1]

    def finish(self, estimate: Images, given: Given) -> Images:
        """Return the estimate where nothing is known, and the image as it is elsewhere."""
        return jnp.where(given[..., -1:] > 0.5, given[..., :-1], estimate)


def with_hole(images: Images, known: Float[Array, "b y x 1"]) -> Given:
    """Return images as `Holes` gives them to a network.

    Args:
        images: of any content in the hole.
        known: 1 where pixels are known, 0 in the hole.
    """
    return jnp.concatenate([images * known, known], axis=-1)


def _squares(key: Any, shape: tuple[int, int, int], side: int, share: float) -> Array:
    """Return 1 where pixels are known, (b, y, x, 1): squares of a side are missing."""
    count, height, width = shape
    cells = (count, -(-height // side), -(-width // side))
    known = (hashed_uniform(key, cells) >= share).astype(jnp.float32)
    for axis in (1, 2):
        known = jnp.repeat(known, side, axis=axis)
    return known[:, :height, :width, None]


@dataclass(frozen=True)
class Reduction(AbstractDegradation):
    """A smaller copy by bicubic interpolation with anti-aliasing, rounded to 8 bits.

    The kernel is that of Keys (a = -0.5), stretched by the factor, as Pillow and Matlab's imresize have it.

    Args:
        factor: how many times shorter the sides become.

    References:
        Keys. Cubic convolution interpolation for digital image processing. 1981.
    """

    factor: int

    @property
    def scale(self) -> int:  # type: ignore[override]
        """The factor."""
        return self.factor

    def inputs(self, channels: int) -> DegradedImageInputs:
        """Return what a model is told: the image becomes finer."""
        return DegradedImageInputs(channels, channels, self.factor)

    def degrade(self, sample: Sample, *, key: Any) -> Given:
        """Return the smaller images."""
        count, height, width, channels = sample.shape
        small = jax.image.resize(
            sample, (count, height // self.factor, width // self.factor, channels), method="cubic"
        )
        return jnp.clip(jnp.round((small + 1.0) / LEVEL), 0.0, 255.0) * LEVEL - 1.0

    def start(self, given: Given) -> Images:
        """Return the images enlarged by bicubic interpolation."""
        count, height, width, channels = given.shape
        return jax.image.resize(
            given, (count, height * self.factor, width * self.factor, channels), method="cubic"
        )


@dataclass(frozen=True)
class Gray(AbstractDegradation):
    """Color is lost: luma remains (ITU-R 601), and is kept as it is."""

    needs_color: ClassVar[bool] = True
    keeps_gray: ClassVar[bool] = False

    def inputs(self, channels: int) -> DegradedImageInputs:
        """Return what a model is told: gray comes, color leaves."""
        return DegradedImageInputs(1, channels)

    def degrade(self, sample: Sample, *, key: Any) -> Given:
        """Return the luma of the images, (b, y, x, 1)."""
        return luma(sample)

    def start(self, given: Given) -> Images:
        """Return gray images with three channels."""
        return jnp.repeat(given, 3, axis=-1)

    def finish(self, estimate: Images, given: Given) -> Images:
        """Return the estimate with the brightness that is known."""
        return estimate - luma(estimate) + given


@dataclass(frozen=True)
class Pairs(AbstractDegradation):
    """Images that were degraded before: a sample holds the channels of the clean one, then of the degraded.

    Args:
        channels: of degraded images, 1 or 3.
        clean_channels: of clean ones, 1 or 3.

    Example:
        >>> sample = jnp.stack([jnp.full((1, 2, 2), 0.5), jnp.zeros((1, 2, 2))], axis=-1)
        >>> pairs = Pairs(1, 1)
        >>> pairs.clean(sample)[0, 0, 0].item(), pairs.degrade(sample, key=0)[0, 0, 0].item()
        (0.5, 0.0)
    """

    channels: int
    clean_channels: int
    keeps_gray: ClassVar[bool] = False

    def inputs(self, channels: int) -> DegradedImageInputs:
        """Return what a model is told."""
        return DegradedImageInputs(self.channels, channels)

    def clean(self, sample: Sample) -> Images:
        """Return the first channels."""
        return sample[..., : self.clean_channels]

    def degrade(self, sample: Sample, *, key: Any) -> Given:
        """Return the other channels."""
        return sample[..., self.clean_channels :]

    def start(self, given: Given) -> Images:
        """Return the degraded images with as many channels as the clean ones."""
        if self.channels == self.clean_channels:
            return given
        return luma(given) if self.clean_channels == 1 else jnp.repeat(given, 3, axis=-1)


def luma(images: Images) -> Given:
    """Return how bright pixels look, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Args:
        images: with three channels.
    """
    return (images * jnp.asarray(GRAY, images.dtype).reshape(1, 1, 1, 3)).sum(axis=-1, keepdims=True)
