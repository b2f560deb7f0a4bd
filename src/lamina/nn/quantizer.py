"""Vector quantization: a vector becomes the nearest of a codebook's."""

from __future__ import annotations

import abc
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.module import Module, buffer, static
from lamina.core.random import normal, split
from lamina.core.shapes import Float, Int


class AbstractQuantizer(Module):
    """Replaces each vector by the nearest of a codebook, with a gradient as if it had not.

    y = e_k, k = argmin_j ‖x - e_j‖²; the gradient passes straight through, ∂y/∂x = 1. In training it taps
    ``penalty``, what keeps x near its code, ``usage``, the share of vectors that each code stands for, and
    ``perplexity``, e^H(usage): how many codes are in use. O(batch · codes · width).
    """

    @property
    @abc.abstractmethod
    def vectors(self) -> Array:
        """The codebook, (codes, width)."""

    @abc.abstractmethod
    def learn(self, flat: Array, chosen: Array, nearest: Array) -> None:
        """Tap what the codebook learns of a training step.

        Args:
            flat: the vectors, (n, width), float32.
            chosen: number of the code of each, (n,).
            nearest: these codes, (n, width).
        """

    def codes(self, x: Float[Array, "*b d"]) -> Int[Array, "*b"]:
        """Return the number of the code nearest to each vector."""
        vectors = jnp.asarray(self.vectors).astype(jnp.float32)
        flat = x.reshape(-1, x.shape[-1]).astype(jnp.float32)
        distance = (vectors**2).sum(-1)[None] - 2.0 * flat @ vectors.T  # ‖x‖² is the same for all codes
        return distance.argmin(-1).astype(jnp.int32).reshape(x.shape[:-1])

    def of(self, codes: Int[Array, "*b"]) -> Float[Array, "*b d"]:
        """Return the vectors of codes by their numbers."""
        return jnp.asarray(self.vectors)[codes]

    def __call__(
        self, x: Float[Array, "*b d"], *, key: Any = None, train: bool = False
    ) -> Float[Array, "*b d"]:
        chosen = jax.lax.stop_gradient(self.codes(x))
        nearest = self.of(chosen)
        if train:
            flat = x.reshape(-1, x.shape[-1]).astype(jnp.float32)
            self.learn(flat, chosen.ravel(), nearest.reshape(flat.shape).astype(jnp.float32))
        if self.is_heard("usage") or self.is_heard("perplexity"):
            self._tap_usage(chosen)
        return straight_through(x, nearest.astype(x.dtype))

    def _tap_usage(self, chosen: Array) -> None:
        usage = jnp.zeros(len(self.vectors)).at[chosen.ravel()].add(1.0) / chosen.size
        self.tap("usage", usage)
        entropy = -(usage * jnp.log(jnp.maximum(usage, 1e-30))).sum()
        self.tap("perplexity", jnp.exp(entropy))


def straight_through(x: Float[Array, "*s"], replaced: Float[Array, "*s"]) -> Float[Array, "*s"]:
    """Return ``replaced``, with the gradient of the identity in ``x``.

    Args:
        x: what a gradient is wanted for.
        replaced: a function of it that has none, as rounding.

    Example:
        >>> jax.grad(lambda x: 3.0 * straight_through(x, jnp.round(x)))(0.7).item()
        3.0

    References:
        Bengio, Léonard, Courville. Estimating or propagating gradients through stochastic neurons. 2013.
    """
    return x + jax.lax.stop_gradient(replaced - x)


class VectorQuantizer(AbstractQuantizer):
    """The nearest vector of a codebook that is learned by gradient descent.

    penalty = ‖sg(x) - e‖² + commitment · ‖x - sg(e)‖², means over vectors, sg without gradient.

    Args:
        codes: vectors of the codebook.
        width: length of each.
        commitment: how much the vectors are drawn to their codes; 0.25 as a rule.
        key: random key or seed.

    Shapes:
        (*batch, width) → the same; ``codebook`` (codes, width)

    Raises:
        ConfigError: there are fewer than 2 codes, or ``commitment`` is negative.

    Example:
        >>> layer = VectorQuantizer(4, 2, key=0)
        >>> x = jnp.ones((3, 5, 2))
        >>> layer(x).shape, layer.codes(x).shape
        ((3, 5, 2), (3, 5))

    References:
        van den Oord, Vinyals, Kavukcuoglu. Neural discrete representation learning. NeurIPS 2017.
    """

    codebook: Float[Array, "k d"]
    commitment: float = static()

    def __init__(self, codes: int, width: int, *, commitment: float = 0.25, key: Any):
        _check(codes, commitment)
        self.codebook, self.commitment = normal(key, (codes, width)), commitment

    @property
    def vectors(self) -> Array:
        """The codebook, (codes, width)."""
        return self.codebook

    def learn(self, flat: Array, chosen: Array, nearest: Array) -> None:
        """Tap the penalty of codebook and commitment."""
        stop = jax.lax.stop_gradient
        moved = ((stop(flat) - nearest) ** 2).sum(-1).mean()
        held = ((flat - stop(nearest)) ** 2).sum(-1).mean()
        self.tap("penalty", moved + self.commitment * held)


class MovingAverageQuantizer(AbstractQuantizer):
    """The nearest vector of a codebook whose codes are moving averages of the vectors they stand for.

    N_k ← γ·N_k + (1-γ)·n_k,  s_k ← γ·s_k + (1-γ)·Σ x,  e_k = s_k / N_k over the n_k vectors x of code k
    in a step: k-means, batch by batch. penalty = commitment · ‖x - sg(e)‖². A code that stands for fewer than
    ``least`` vectors a step, as an average, begins anew at one of the step's vectors: else codes that are
    nearest to nothing would stay so for ever. N and s are running statistics.

    Args:
        codes: vectors of the codebook.
        width: length of each.
        commitment: how much the vectors are drawn to their codes.
        decay: γ in (0, 1).
        least: vectors a step below which a code begins anew; 0 never.
        key: random key or seed.

    Shapes:
        (*batch, width) → the same; ``running_sum`` (codes, width)

    Raises:
        ConfigError: a number is out of range.

    Example:
        >>> from lamina.core.taps import observe
        >>> layer = MovingAverageQuantizer(4, 2, key=0)
        >>> y, seen = observe(layer, "running_count")(jnp.ones((8, 2)), train=True)
        >>> y.shape, seen["running_count"].shape
        ((8, 2), (4,))

    References:
        van den Oord, Vinyals, Kavukcuoglu. Neural discrete representation learning. NeurIPS 2017, A.1.
        Dhariwal et al. Jukebox: a generative model for music. 2020, section 3 (codes that begin anew).
    """

    running_count: Float[Array, " k"] = buffer()
    running_sum: Float[Array, "k d"] = buffer()
    commitment: float = static()
    decay: float = static()
    least: float = static()

    def __init__(
        self,
        codes: int,
        width: int,
        *,
        commitment: float = 0.25,
        decay: float = 0.99,
        least: float = 0.1,
        key: Any,
    ):
        _check(codes, commitment)
        if not 0 < decay < 1:
            raise ConfigError("decay is out of range", expected="0 < decay < 1", received=decay)
        if least < 0:
            raise ConfigError("least is out of range", expected=">= 0", received=least)
        self.running_count = np.ones(codes, np.float32)
        self.running_sum = normal(split(key, 1)[0], (codes, width))
        self.commitment, self.decay, self.least = commitment, decay, least

    @property
    def vectors(self) -> Array:
        """The codebook, (codes, width)."""
        stop = jax.lax.stop_gradient  # statistics are no parameters
        return stop(self.running_sum) / jnp.maximum(stop(self.running_count), 1e-6)[:, None]

    def learn(self, flat: Array, chosen: Array, nearest: Array) -> None:
        """Tap the penalty of commitment, and the averages after this step."""
        stop = jax.lax.stop_gradient
        self.tap("penalty", self.commitment * ((flat - stop(nearest)) ** 2).sum(-1).mean())
        count, total = self.averaged(stop(flat), chosen)
        self.tap("running_count", count)
        self.tap("running_sum", total)

    def averaged(self, flat: Float[Array, "n d"], chosen: Int[Array, " n"]) -> tuple[Array, Array]:
        """Return N and s after a step.

        Args:
            flat: the step's vectors.
            chosen: number of the code of each.
        """
        codes, keep = self.running_count.shape[0], self.decay
        old_count = jnp.asarray(self.running_count).astype(jnp.float32)
        old_sum = jnp.asarray(self.running_sum).astype(jnp.float32)
        counted = jnp.zeros(codes).at[chosen].add(1.0)
        summed = jnp.zeros(old_sum.shape).at[chosen].add(flat)
        count, total = keep * old_count + (1 - keep) * counted, keep * old_sum + (1 - keep) * summed
        fresh = flat[(np.arange(codes) * len(flat)) // codes]  # spread over the batch, whose order is random
        is_dead = count < self.least
        return jnp.where(is_dead, 1.0, count), jnp.where(is_dead[:, None], fresh, total)


def _check(codes: int, commitment: float) -> None:
    if codes < 2:
        raise ConfigError("codes is out of range", expected=">= 2", received=codes)
    if commitment < 0:
        raise ConfigError("commitment is out of range", expected=">= 0", received=commitment)
