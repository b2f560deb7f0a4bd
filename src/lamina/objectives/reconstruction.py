"""Reconstruction: a sample again from its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys, hashed_normal, hashed_uniform
from lamina.core.inputs import AbstractSampleInputs, RowSampleInputs
from lamina.objectives.base import Batch, Losses
from lamina.objectives.samples import AbstractSampleObjective
from lamina.ops.groups import group_chances, group_losses, numbers_of


@dataclass(frozen=True)
class ReconstructionObjective(AbstractSampleObjective):
    """The mean error of numbers and pixels, squared, and of categories, their cross-entropy.

    loss = mean over columns or pixels of ‖x - D(E(x̃))‖², x̃ = x with noise, or some of it hidden

    Models give a code and the sample of it (`lamina.core.wanted.CODE`). With noise, or something hidden, the
    network has to know what samples are like, and not only to copy them: a denoising autoencoder. Noise is
    for training and for ``loss`` alone: ``error`` is that of clean samples.

    Args:
        space: what samples are.
        noise: standard deviation of Gaussian noise on numbers and pixels, in the units of models.
        hidden: share of columns or pixels that are set to zero, in [0, 1).

    Raises:
        ConfigError: a number is out of range.

    References:
        Vincent et al. Extracting and composing robust features with denoising autoencoders. ICML 2008.
    """

    noise: float = 0.0
    hidden: float = 0.0
    monitor = {"loss": False, "error": False}  # noqa: RUF012
    measures = ("error",)

    def __post_init__(self) -> None:
        if self.noise < 0:
            raise ConfigError("noise is out of range", expected=">= 0", received=self.noise)
        if not 0 <= self.hidden < 1:
            raise ConfigError("hidden is out of range", expected="0 <= hidden < 1", received=self.hidden)

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted error."""
        x, keys = self.units(batch["x"]), hashed_keys(key, 2)
        outputs = model(self.corrupted(x, key=keys[0]), key=keys[1], train=True)
        return {"all": (weighted_mean(mean_error(self.space, outputs, x), batch["weight"]), {})}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of loss, of clean samples' error, and of weights."""
        x, weight = self.units(batch["x"]), batch["weight"]
        loss = mean_error(self.space, model(self.corrupted(x, key=key)), x)
        error = mean_error(self.space, model(x), x) if self.noise or self.hidden else loss
        return {"loss": (loss * weight).sum(), "error": (error * weight).sum(), "weight": weight.sum()}

    def answer(self, model: Any, x: Any) -> Array:
        """Return the error of each example, (b, 1)."""
        sample = self.units(x["sample"])
        return mean_error(self.space, model(sample), sample)[:, None]

    def errors(self, model: Any, x: Any) -> Array:
        """Return the error of each column of rows, (b, groups), or of each pixel of images, (b, y, x).

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, *shape), "label": (b,)}``.
        """
        sample = self.units(x["sample"])
        return errors_of(self.space, model(sample), sample)

    def reconstruct(self, model: Any, x: Any) -> Array:
        """Return each sample as the network gives it back, (b, *shape); categories as probabilities.

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, *shape), "label": (b,)}``.
        """
        return shown_sample(self.space, model(self.units(x["sample"])))

    def corrupted(self, x: Array, *, key: Any) -> Array:
        """Return samples with noise, and without what is hidden.

        Args:
            x: (b, *shape) in units.
            key: random key.
        """
        keys = hashed_keys(key, 2)
        if self.noise:
            drawn = self.noise * hashed_normal(keys[0], x.shape)
            x = x + jnp.where(is_number(self.space), drawn, 0.0).astype(x.dtype)
        if self.hidden:
            seen = hashed_uniform(keys[1], (len(x), *places_of(self.space))) >= self.hidden
            x = jnp.where(_at_values(self.space, seen), x, jnp.zeros((), x.dtype))
        return x


def errors_of(space: AbstractSampleInputs, outputs: Array, x: Array) -> Array:
    """Return the error of each column of rows, (b, groups), or of each pixel of images, (b, y, x).

    Args:
        space: what samples are.
        outputs: of the model: numbers and pixels in their units, logits of categories.
        x: samples in units.
    """
    outputs, x = outputs.astype(jnp.float32), x.astype(jnp.float32)
    if isinstance(space, RowSampleInputs):
        return group_losses(outputs, x, space.groups)
    return ((outputs - x) ** 2).mean(-1)


def mean_error(space: AbstractSampleInputs, outputs: Array, x: Array) -> Array:
    """Return the mean of `errors_of` over columns or pixels, (b,)."""
    return errors_of(space, outputs, x).reshape(len(x), -1).mean(1)


def shown_sample(space: AbstractSampleInputs, outputs: Array) -> Array:
    """Return outputs as samples: categories as probabilities, pixels within [-1, 1].

    Args:
        space: what samples are.
        outputs: of the model.
    """
    if isinstance(space, RowSampleInputs):
        return group_chances(outputs, space.groups)
    return jnp.clip(outputs, -1.0, 1.0)


def weighted_mean(values: Array, weight: Array) -> Array:
    """Return Σ weight · value / Σ weight, zero where all weights are."""
    weight = weight.astype(values.dtype)
    return (values * weight).sum() / jnp.maximum(weight.sum(), 1e-12)


def places_of(space: AbstractSampleInputs) -> tuple[int, ...]:
    """Return the shape of what can be hidden in a sample: its columns, or its pixels."""
    return (len(space.groups),) if isinstance(space, RowSampleInputs) else space.shape[:-1]


def is_number(space: AbstractSampleInputs) -> Array:
    """Return whether each value is a number or of a pixel, not of a category; with a batch axis of one."""
    if not isinstance(space, RowSampleInputs):
        return jnp.ones((1, *space.shape), bool)
    found = np.zeros((1, *space.shape), bool)
    found[0, numbers_of(space.groups)] = True
    return jnp.asarray(found)


def _at_values(space: AbstractSampleInputs, places: Array) -> Array:
    """Return one value a place, (b, *places), as one for each value, which broadcasts to (b, *shape)."""
    if not isinstance(space, RowSampleInputs):
        return places[..., None]
    return places[:, np.repeat(np.arange(len(space.groups)), space.groups)]
