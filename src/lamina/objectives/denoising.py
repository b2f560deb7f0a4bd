"""What diffusion and flow matching share: a network that denoises, random levels, samples by steps."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageSampleInputs
from lamina.objectives import likelihood_bound
from lamina.objectives.base import Batch, Losses
from lamina.objectives.noise_path import AbstractPath
from lamina.objectives.samples import (
    NO_LABEL,
    AbstractGenerativeObjective,
    Sampling,
    without_some_labels,
)
from lamina.objectives.sampling import EVALUATIONS, SAMPLERS, sample_by
from lamina.objectives.tokens import arithmetic_of

_LEAST_UNIFORM = 1e-5  # keeps what is made of a uniform number in (0, 1) finite


@dataclass(frozen=True)
class AbstractDenoisingObjective(AbstractGenerativeObjective):
    """A network learns what a sample was before noise was added, and takes noise away step by step.

    The model is called as ``model(x, level, label)`` and gives what `target` says of sample and noise. Levels
    of a batch are stratified: one in each of its equal shares of all levels, moved together by one random
    number, so that every batch sees all levels.

    Args:
        space: what samples are.
        hidden: share of the labels that training hides, so that samples can be guided toward a class.

    References:
        Kingma, Salimans, Poole, Ho. Variational diffusion models. NeurIPS 2021: stratified levels, the bound.
    """

    hidden: float = 0.1
    measures = ("loss", "bits_per_dimension")
    takes_steps = True
    path: ClassVar[AbstractPath]

    def __post_init__(self) -> None:
        if not 0.0 <= self.hidden <= 1.0:
            raise ConfigError("hidden is out of range", expected="0 to 1", received=self.hidden)

    @abc.abstractmethod
    def target(self, x: Array, noise: Array, alpha: Array, sigma: Array) -> Array:
        """Return what the network has to give for α·x + σ·noise."""

    @abc.abstractmethod
    def denoised(self, noisy: Array, found: Array, alpha: Array, sigma: Array) -> Array:
        """Return the sample that outputs of the network mean."""

    @abc.abstractmethod
    def weight(self, alpha: Array, sigma: Array) -> Array:
        """Return how much the squared error at a level counts."""

    @abc.abstractmethod
    def level(self, uniform: Array) -> Array:
        """Return levels as training draws them, made of numbers uniform in (0, 1)."""

    @abc.abstractmethod
    def density(self, level: Array) -> Array:
        """Return the density of these levels."""

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted squared error at random levels."""
        keys = hashed_keys(key, 3)
        each = self._errors(model, batch, keys[:2], self.hidden, key=keys[2], train=True)
        return {"all": ((each * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the errors, at levels that a batch has in every epoch, and of the weights."""
        each = self._errors(model, batch, hashed_keys(key, 2), 0.0)
        return {"loss": (each * batch["weight"]).sum(), "weight": batch["weight"].sum()}

    def answer(self, model: Callable[..., Array], x: Any) -> Array:
        """Return the loss of each example, and the bound on its negative log-likelihood, (b, 2).

        Both at eight levels and with noise that depend on the example alone, so that values can be compared.
        The bound is in bits for each number of a sample: of images of their gray values, as for a lossless
        code; of rows of their density, which may be below zero.
        """
        sample, label = self.units(x["sample"]), x["label"]
        keys = likelihood_bound.keys_of(sample)
        reach = likelihood_bound.CLEAREST - likelihood_bound.NOISIEST

        def measure(number: Array) -> tuple[Array, Array]:
            log_snr = likelihood_bound.log_snrs(keys, number)
            level = self.path.level_of(log_snr)
            noise = likelihood_bound.noise_of(keys, number, self.space.shape)
            noisy, found, gains = self._asked(model, sample, noise, level, label)
            error = _mean_square(found - self.target(sample, noise, *gains))
            apart = _mean_square(sample - self.denoised(noisy, found, *gains))
            share = self.density(level) * self.path.speed(level) * reach / likelihood_bound.LEVELS
            return share * self.weight(*self.path.gains(level)) * error, jnp.exp(log_snr) * apart

        loss, weighted = likelihood_bound.over_levels(measure, len(sample))
        of_bytes = isinstance(self.space, ImageSampleInputs)
        return jnp.stack([loss, likelihood_bound.bound(weighted, sample, of_bytes=of_bytes)], axis=1)

    def sample(self, model: Callable[..., Array], labels: Array, sampling: Sampling, *, key: Any) -> Array:
        """Return new samples, made of noise by one of `samplers`.

        With guidance g other than 1 the network is asked twice a step, with the class and without, and
        D = D_any + g · (D_class - D_any). Denoised images are clipped to what images can be.

        Raises:
            ConfigError: there is no such sampler, or no step.
        """
        samplers: Any = self.samplers
        name = samplers[0] if sampling.sampler is None else sampling.sampler
        if name not in samplers:
            known = "one of " + ", ".join(samplers)
            raise ConfigError("this method has no such sampler", expected=known, received=name)
        steps = EVALUATIONS[name] if sampling.steps is None else sampling.steps
        keys = hashed_keys(key, 2)
        noise = sampling.noise(jax.random.normal(keys[0], (len(labels), *self.space.shape)))
        plan, denoiser = SAMPLERS[name](self.path, steps), self.denoiser(model, labels, sampling.guidance)
        return sample_by(plan, denoiser, noise, temperature=sampling.temperature, key=keys[1])

    def denoiser(
        self, model: Callable[..., Array], labels: Array, guidance: float = 1.0
    ) -> Callable[[Array, Array], Array]:
        """Return ``(x, level) -> denoised x``, guided.

        Args:
            model: in evaluation mode.
            labels: class of each sample, -1 for any.
            guidance: how much a class counts; 1 costs nothing.
        """
        guided = guidance != 1.0 and self.space.labels > 0
        asked = jnp.concatenate([labels, jnp.full_like(labels, NO_LABEL)]) if guided else labels

        def denoise(x: Array, level: Array) -> Array:
            both = jnp.concatenate([x, x]) if guided else x
            levels = jnp.broadcast_to(level, both.shape[:1])
            found = _called(model, both, levels, asked)
            data = self.denoised(both, found, *_shaped(self.path.gains(levels), both))
            if guided:
                of_class, of_any = jnp.split(data, 2)
                data = of_any + guidance * (of_class - of_any)
            return jnp.clip(data, -1.0, 1.0) if isinstance(self.space, ImageSampleInputs) else data

        return denoise

    def _errors(
        self, model: Callable[..., Array], batch: Batch, keys: Array, hidden: float, **called: Any
    ) -> Array:
        """Return the weighted squared error of each example at a level of its own, (b,)."""
        x = self.units(batch["x"])
        noise_key, level_key, label_key = hashed_keys(keys[0], 3)
        count = len(x)
        offset = jax.random.uniform(level_key)
        uniform = (jnp.arange(count, dtype=jnp.float32) + offset) / count
        level = self.level(jnp.clip(uniform, _LEAST_UNIFORM, 1 - _LEAST_UNIFORM))
        noise = jax.random.normal(noise_key, x.shape)
        label = without_some_labels(batch["y"], hidden, label_key) if hidden else batch["y"]
        _, found, gains = self._asked(model, x, noise, level, label, **called)
        return self.weight(*self.path.gains(level)) * _mean_square(found - self.target(x, noise, *gains))

    def _asked(
        self, model: Any, x: Array, noise: Array, level: Array, label: Array, **called: Any
    ) -> tuple[Array, Array, tuple[Array, Array]]:
        """Return noisy samples, what the network says of them, and α and σ beside them."""
        gains = _shaped(self.path.gains(level), x)
        noisy = gains[0] * x + gains[1] * noise
        return noisy, _called(model, noisy, level, label, **called), gains


def _called(model: Any, x: Array, level: Array, label: Array, **called: Any) -> Array:
    """Return the network's outputs as float32, asked in its own arithmetic."""
    kind = arithmetic_of(model)
    return model(x.astype(kind), level.astype(jnp.float32), label, **called).astype(jnp.float32)


def _mean_square(difference: Array) -> Array:
    return (difference.reshape(len(difference), -1) ** 2).mean(axis=1)


def _shaped(gains: tuple[Array, Array], x: Array) -> tuple[Array, Array]:
    """Give numbers of examples the rank of the samples."""
    alpha, sigma = (gain.reshape(-1, *(1,) * (x.ndim - 1)) for gain in gains)
    return alpha, sigma
