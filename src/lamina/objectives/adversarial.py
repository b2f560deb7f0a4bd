"""Adversarial training: a critic tells samples from data, a generator learns from what the critic says."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_keys, hashed_uniform
from lamina.core.taps import carried
from lamina.objectives.base import Batch, Losses, Part, Shown
from lamina.objectives.energy import energy_score_of_class, samples_to_judge, shrunk
from lamina.objectives.samples import (
    AbstractGenerativeObjective,
    Sampling,
    without_some_labels,
)

CRITIC, GENERATOR = "critic", "generator"
_HIDDEN = 0.1  # share of labels that are hidden, so that samples of any class are learned too


class Sides(NamedTuple):
    """A batch of data and as many samples, each of the class of its example.

    Args:
        real: data in units.
        fake: samples.
        label: classes of both.
        weight: of the examples.
        key: random key of the loss.
    """

    real: Array
    fake: Array
    label: Array
    weight: Array
    key: Any

    @property
    def both(self) -> tuple[Array, Array]:
        """Data, then samples, with their classes: one call of the critic costs less than two."""
        return jnp.concatenate([self.real, self.fake]), jnp.concatenate([self.label, self.label])

    def mean(self, values: Array) -> Array:
        """Return the weighted mean of a value for each example."""
        return (values.astype(jnp.float32) * self.weight).sum() / jnp.maximum(self.weight.sum(), 1e-12)


@dataclass(frozen=True)
class AbstractAdversarialObjective(AbstractGenerativeObjective):
    """A generator and a critic with opposed losses, moved in turn by parts: first the critic.

    The model is a `lamina.models.game.Game`. Examples are judged by the energy score against samples of their
    class, made of the same noise each time, so that epochs can be compared; ``critic`` is what the critic
    gives them.

    Args:
        space: what samples are.
    """

    monitor = MappingProxyType({"energy": False})
    shown = Shown("energy", "valid_energy", lambda value, scale: value)
    measures = ("energy", "critic")
    parts = MappingProxyType({CRITIC: Part(("critic.*",)), GENERATOR: Part(("generator.*",))})

    @abc.abstractmethod
    def critic_loss(self, critic: Callable[..., Array], sides: Sides) -> tuple[Array, dict[str, Array]]:
        """Return the loss of the critic, and what is reported beside it."""

    @abc.abstractmethod
    def generator_loss(self, critic: Callable[..., Array], sides: Sides) -> Array:
        """Return the loss of the generator, to which the samples belong."""

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the losses of both parts; each is moved by its own alone."""
        keys = hashed_keys(key, 4)
        real = self.units(batch["x"])
        label = self._labels(batch["y"], keys[0])
        noise = _noise(keys[1], len(real), model.latent)
        fake = model.generator(noise, label, key=keys[2], train=True).astype(real.dtype)
        sides = Sides(real, fake, label, batch["weight"].astype(jnp.float32), keys[3])

        def critic(x: Array, label: Array) -> Array:
            return model.critic(x, label, train=True)

        return {
            CRITIC: self.critic_loss(critic, sides),
            GENERATOR: (self.generator_loss(critic, sides), {}),
        }

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return sums of the measures and of the weights."""
        weight = batch["weight"]
        found = self.answer(model, {"sample": batch["x"], "label": batch["y"]})
        sums = (found * weight[:, None]).sum(0)
        return {**dict(zip(self.measures, sums, strict=True)), "weight": weight.sum()}

    def answer(self, model: Any, x: Any) -> Array:
        """Return the energy score of each example and what the critic gives it, (b, 2)."""
        real, label = self.units(x["sample"]), x["label"] if self.space.labels else _any(x["label"])
        samples = samples_to_judge(self, model)
        small = shrunk(samples.reshape(-1, *samples.shape[2:]))
        energy = energy_score_of_class(
            shrunk(real), label, small.reshape(*samples.shape[:2], *small.shape[1:])
        )
        return jnp.stack([energy, model.critic(real, label).astype(jnp.float32)], axis=1)

    def sample(self, model: Any, labels: Array, sampling: Sampling, *, key: Any) -> Array:
        """Return samples of noise whose standard deviation is the temperature: below 1 less varied ones."""
        noise = sampling.noise(_noise(key, len(labels), model.latent))
        return model.generator(noise, labels if self.space.labels else _any(labels))

    def _labels(self, labels: Array, key: Any) -> Array:
        return without_some_labels(labels, _HIDDEN, key) if self.space.labels else _any(labels)


def _any(labels: Array) -> Array:
    return jnp.full_like(labels, -1)


def _noise(key: Any, count: int, latent: int) -> Array:
    return jax.random.normal(jnp.asarray(key), (count, latent))


def with_slopes(critic: Callable[..., Array], x: Array, label: Array | None) -> tuple[Array, Array]:
    """Return what a critic gives, and the square of the norm of its gradient at each example.

    The gradient is of the sum over the batch: a critic's value depends on its own example alone.

    Args:
        critic: ``(x, label) -> (b,)``.
        x: (b, ...).
        label: (b,), or None for a critic that takes no class.

    Example:
        >>> y, squares = with_slopes(lambda x, label: x @ jnp.array([3.0, 4.0]), jnp.ones((2, 2)), None)
        >>> y.tolist(), squares.tolist()
        ([7.0, 7.0], [25.0, 25.0])
    """
    listened, hand_on = carried(lambda x: critic(x, label))  # running statistics leave the inner gradient
    y, pull, seen = jax.vjp(listened, x, has_aux=True)
    hand_on(seen)
    slope = pull(jnp.ones_like(y))[0].astype(jnp.float32)
    return y, (slope**2).reshape(len(x), -1).sum(1)


@dataclass(frozen=True)
class HingeObjective(AbstractAdversarialObjective):
    """The hinge loss, for a critic that is kept from being steep by spectral normalization.

    critic: E max(0, 1 - D(x)) + E max(0, 1 + D(G(z)));  generator: -E D(G(z)).
    Quick: no second derivatives. Use it with models that have ``spectral=True``.

    Args:
        space: what samples are.

    References:
        Miyato, Kataoka, Koyama, Yoshida. Spectral normalization for generative adversarial networks.
        ICLR 2018. Lim, Ye. Geometric GAN. 2017.
    """

    def critic_loss(self, critic: Callable[..., Array], sides: Sides) -> tuple[Array, dict[str, Array]]:
        """Return the mean of both hinges."""
        real, fake = _halves(critic(*sides.both))
        loss = sides.mean(jax.nn.relu(1 - real)) + sides.mean(jax.nn.relu(1 + fake))
        return loss, {"real": sides.mean(real), "fake": sides.mean(fake)}

    def generator_loss(self, critic: Callable[..., Array], sides: Sides) -> Array:
        """Return what the critic gives the samples, negative."""
        return -sides.mean(critic(sides.fake, sides.label))


@dataclass(frozen=True)
class WassersteinObjective(AbstractAdversarialObjective):
    """The Wasserstein distance by a critic whose gradient is held near one between data and samples.

    critic: E D(G(z)) - E D(x) + λ E (|∇D(x̂)| - 1)²,  x̂ uniform between a sample and an example;
    generator: -E D(G(z)), moved once for several moves of the critic. Steady, and slow.

    Args:
        space: what samples are.
        penalty: λ.
        critic_steps: moves of the critic for one of the generator.

    References:
        Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville. Improved training of Wasserstein GANs. NeurIPS 2017.
    """

    penalty: float = 10.0
    critic_steps: int = 5

    @property
    def parts(self) -> Mapping[str, Part]:  # type: ignore[override]
        """Critic, then generator at every so many steps."""
        generator = Part(("generator.*",), every=self.critic_steps)
        return {CRITIC: Part(("critic.*",)), GENERATOR: generator}

    def critic_loss(self, critic: Callable[..., Array], sides: Sides) -> tuple[Array, dict[str, Array]]:
        """Return the negative distance, and the penalty on gradients whose norm is not one."""
        real, fake = _halves(critic(*sides.both))
        _, squares = with_slopes(critic, _between(sides), sides.label)
        norms = jnp.sqrt(jnp.maximum(squares, 1e-12))  # a gradient of zero has a penalty without a slope
        penalty = self.penalty * sides.mean((norms - 1) ** 2)
        distance = sides.mean(real) - sides.mean(fake)
        return penalty - distance, {"distance": distance, "slopes": penalty}

    def generator_loss(self, critic: Callable[..., Array], sides: Sides) -> Array:
        """Return what the critic gives the samples, negative."""
        return -sides.mean(critic(sides.fake, sides.label))


@dataclass(frozen=True)
class RelativisticObjective(AbstractAdversarialObjective):
    """Pairs of an example and a sample, and penalties on the critic's gradient at both (R3GAN).

    critic: E f(D(G(z)) - D(x)) + γ/2 · (E |∇D(x)|² + E |∇D(G(z))|²);  generator: E f(D(x) - D(G(z))),
    with f(t) = log(1 + eᵗ). The critic has to rank each sample below an example, so that a generator cannot
    give up modes; the penalties at data and at samples let the game converge near its solution.

    Args:
        space: what samples are.
        penalty: γ; more for larger images and wider critics, less for fine structure.

    References:
        Huang, Gokaslan, Kuleshov, Tompkin. The GAN is dead; long live the GAN! A modern GAN baseline.
        NeurIPS 2024. Jolicoeur-Martineau. The relativistic discriminator. ICLR 2019.
        Mescheder, Geiger, Nowozin. Which training methods for GANs do actually converge? ICML 2018.
    """

    penalty: float = 1.0

    def critic_loss(self, critic: Callable[..., Array], sides: Sides) -> tuple[Array, dict[str, Array]]:
        """Return the loss of the pairs and both penalties."""
        values, squares = with_slopes(critic, *sides.both)
        real, fake = _halves(values)
        at_real, at_fake = _halves(squares)
        penalty = self.penalty / 2 * (sides.mean(at_real) + sides.mean(at_fake))
        loss = sides.mean(jax.nn.softplus(fake - real)) + penalty
        return loss, {"margin": sides.mean(real - fake), "slopes": penalty}

    def generator_loss(self, critic: Callable[..., Array], sides: Sides) -> Array:
        """Return the loss of the pairs, the other way round."""
        real, fake = _halves(critic(*sides.both))
        return sides.mean(jax.nn.softplus(real - fake))


def _halves(values: Array) -> tuple[Array, Array]:
    half = len(values) // 2
    return values[:half], values[half:]


def _between(sides: Sides) -> Array:
    """Return points between data and samples, each at a place of its own."""
    drawn = hashed_uniform(sides.key, (len(sides.real),))
    share = drawn.astype(sides.real.dtype).reshape(-1, *(1,) * (sides.real.ndim - 1))
    return share * sides.real + (1 - share) * sides.fake
