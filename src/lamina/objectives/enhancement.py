"""Enhancement: images are degraded, and a network learns to undo it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys, hashed_uniform
from lamina.core.inputs import ImageSampleInputs
from lamina.objectives.base import Batch, Losses, Shown
from lamina.objectives.degradations import LEVEL, AbstractDegradation
from lamina.objectives.metrics.ssim import ssim
from lamina.objectives.samples import AbstractSampleObjective
from lamina.ops.augment import flip, transpose, turn_over

SAMPLE = "sample"
MEASURED = 0x3E4  # the key of the degradation by which trained networks are measured
LEAST_ERROR = 1e-3  # squared levels: equal images have 78 dB, not infinitely many


@dataclass(frozen=True)
class EnhancementObjective(AbstractSampleObjective):
    """The difference of improved and clean images.

    loss = mean |start(given) + model(given) - clean|,  given = degrade(sample)

    A sample is a clean image, degraded anew whenever it is shown, or the two of a pair (`Pairs`).

    Training sees square crops at random places, turned and mirrored at random; whole images measure it.

    Args:
        space: size of the images.
        degradation: what is done to them.
        crop: side of the training crops in pixels.
        squared: the squared difference in place of the absolute one.

    References:
        Zhang, Zuo, Chen, Meng, Zhang. Beyond a Gaussian denoiser: residual learning of deep CNN for image
        denoising. IEEE Transactions on Image Processing 2017.
    """

    space: ImageSampleInputs
    degradation: AbstractDegradation
    crop: int = 48
    squared: bool = False
    monitor = {"loss": False, "psnr": True}  # noqa: RUF012
    shown = Shown("psnr", "valid_psnr", lambda value, scale: value)
    measures = ("psnr", "ssim", "psnr_before", "ssim_before")

    def pick(self, arrays: Any, ids: Array, *, key: Any) -> Any:
        """Return random crops of some images, each turned and mirrored at random."""
        place_key, *keys = hashed_keys(key, 4)
        x, scale = arrays["x"], self.degradation.scale
        height, width = (min(self.crop, side) // scale * scale for side in x.shape[1:3])
        drawn = hashed_uniform(place_key, (2, len(ids)))
        tops = (drawn[0] * (x.shape[1] - height + 1)).astype(jnp.int32)
        lefts = (drawn[1] * (x.shape[2] - width + 1)).astype(jnp.int32)
        crops = _cut(x, ids, tops, lefts, (height, width)).astype(jnp.float32)
        for change, own in zip((flip, turn_over, transpose), keys, strict=True):
            crops = change(crops, own, 0.5)
        return {"x": crops, "weight": jnp.take(arrays["weight"], ids), "y": jnp.take(arrays["y"], ids)}

    def improved(self, model: Any, given: Array, *, key: Any = None, train: bool = False) -> Array:
        """Return better images.

        Args:
            model: of `lamina.core.wanted.IMPROVED`.
            given: degraded images, as `AbstractDegradation.degrade` gives them.
            key: random key of training.
            train: whether it is training.
        """
        correction = model(given, key=key, train=train).astype(jnp.float32)
        return self.degradation.finish(self.degradation.start(given) + correction, given)

    def shown_pairs(self, model: Any, levels: Array, *, key: Any) -> tuple[Array, Array, Array]:
        """Return clean images, what the network starts from, and what it makes of it, in units.

        Args:
            model: in evaluation mode.
            levels: samples, 0 to 255.
            key: random key of the degradation.
        """
        sample = self.fitted(as_floats(levels))
        given = self.degradation.degrade(sample, key=key)
        start = self.degradation.finish(self.degradation.start(given), given)
        return self.degradation.clean(sample), start, self.improved(model, given)

    def fitted(self, sample: Array) -> Array:
        """Return samples whose sides are multiples of the scale, cut at bottom and right."""
        scale = self.degradation.scale
        return sample[:, : sample.shape[1] // scale * scale, : sample.shape[2] // scale * scale]

    def _each(self, found: Array, clean: Array) -> Array:
        """Return the loss of each image."""
        error = found - clean
        return (error * error if self.squared else jnp.abs(error)).mean(axis=(1, 2, 3))

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss of freshly degraded images."""
        degrade_key, model_key = hashed_keys(key, 2)
        sample = as_floats(batch["x"])
        given = self.degradation.degrade(sample, key=degrade_key)
        clean = self.degradation.clean(sample)
        found = self.improved(model, given, key=model_key, train=True)
        return {"all": ((self._each(found, clean) * batch["weight"]).mean(), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the loss and of the PSNR of each image, and of weights."""
        clean, _, found = self.shown_pairs(model, batch["x"], key=key)
        weight = batch["weight"]
        return {
            "loss": (self._each(found, clean) * weight).sum(),
            "psnr": (_psnr(as_levels(found), as_levels(clean)) * weight).sum(),
            "weight": weight.sum(),
        }

    def answer(self, model: Any, x: Any) -> Array:
        """Return PSNR and SSIM of improved images of 8 bits, and of what the network starts from, (b, 4)."""
        clean, start, found = map(as_levels, self.shown_pairs(model, x[SAMPLE], key=MEASURED))
        pairs = (_psnr(found, clean), ssim(found, clean), _psnr(start, clean), ssim(start, clean))
        return jnp.stack(pairs, axis=1)


def as_floats(levels: Array) -> Array:
    """Return images in [-1, 1].

    Args:
        levels: 0 to 255, of any type.
    """
    return levels.astype(jnp.float32) * LEVEL - 1.0


def as_levels(images: Array) -> Array:
    """Return images as whole levels from 0 to 255, as a file of 8 bits keeps them.

    Args:
        images: in [-1, 1], perhaps beyond.
    """
    return jnp.clip(jnp.round((images + 1.0) / LEVEL), 0.0, 255.0)


def _psnr(levels: Array, clean: Array) -> Array:
    error = jnp.square(levels - clean).mean(axis=(1, 2, 3))
    return 10.0 * jnp.log10(255.0**2 / jnp.maximum(error, LEAST_ERROR))


def _cut(x: Array, ids: Array, tops: Array, lefts: Array, sides: tuple[int, int]) -> Array:
    """Return a crop of each image, without copying the images whole."""
    sizes = (1, *sides, x.shape[-1])

    def one(number: Array, top: Array, left: Array) -> Array:
        zero = jnp.zeros((), jnp.int32)
        return jax.lax.dynamic_slice(x, (number.astype(jnp.int32), top, left, zero), sizes)[0]

    return jax.vmap(one)(ids, tops, lefts)
