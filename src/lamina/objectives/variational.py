"""Variational autoencoders: a bound on the likelihood of samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_key, hashed_keys, hashed_normal, hashed_uniform
from lamina.core.inputs import RowSampleInputs
from lamina.objectives.base import Batch, Losses
from lamina.objectives.likelihoods import (
    bernoulli_nats,
    bounded_below,
    gaussian_nats,
    logistic_nats,
    normal_divergence,
)
from lamina.objectives.reconstruction import is_number, shown_sample, weighted_mean
from lamina.objectives.samples import AbstractGenerativeObjective, Sampling
from lamina.ops.groups import drawn_groups, group_losses, numbers_of

BERNOULLI, GAUSSIAN, LOGISTIC = "bernoulli", "gaussian", "logistic"
LIKELIHOODS = (BERNOULLI, GAUSSIAN, LOGISTIC)
AS_GIVEN, THRESHOLD, DRAWN = "given", "threshold", "drawn"
BINARIZATIONS = (AS_GIVEN, THRESHOLD, DRAWN)
# Least log-scale. Without it a constant column, or one of few values, has a likelihood without bound; a level
# of 256 is 2/255 = e^-4.8 wide.
_LEAST = {GAUSSIAN: -3.0, LOGISTIC: -7.0}
_EVALUATES = 0x5EED_0E1B


@dataclass(frozen=True)
class VariationalObjective(AbstractGenerativeObjective):
    """The negative evidence lower bound, in nats a sample.

    log p(x) >= E_q [log p(x|z)] - KL(q(z|x) ‖ N(0, 1))        loss = -E_q [log p(x|z)] + β · KL

    One z = μ(x) + σ(x) · ε is drawn for each sample. Models give q and the parameters of p
    (`lamina.core.wanted.POSTERIOR`), and the logarithm of p's scale as ``log_scale``. Of rows, numbers are
    normal and categories categorical; pixels are as ``likelihood`` says.

    Args:
        space: what samples are.
        beta: β >= 0: above 1 codes say less and their numbers are less dependent, below 1 more is
            reconstructed.
        free_bits: nats of each number of the code, as a mean over the batch, that cost nothing: against codes
            whose numbers say nothing.
        likelihood: ``"bernoulli"``, black or white, or gray as the probability of white; ``"logistic"``,
            256 levels; ``"gaussian"``; None: logistic for images, gaussian for rows.
        binarize: ``"given"``, pixels as they are; ``"threshold"``, white from one half on; ``"drawn"``, white
            with the gray as probability, anew at each step, and always alike in evaluation.

    Raises:
        ConfigError: a value is out of range, or a likelihood does not suit rows.

    References:
        Kingma, Welling. Auto-encoding variational Bayes. ICLR 2014.
        Higgins et al. beta-VAE. ICLR 2017. Kingma et al. Improved variational inference with inverse
        autoregressive flow. NeurIPS 2016, appendix C.8 (free bits).
    """

    beta: float = 1.0
    free_bits: float = 0.0
    likelihood: str | None = None
    binarize: str = AS_GIVEN
    monitor = {"loss": False, "bound": False}  # noqa: RUF012
    measures = ("bound", "reconstruction", "divergence")

    def __post_init__(self) -> None:
        for name in ("beta", "free_bits"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} is out of range", expected=">= 0", received=getattr(self, name))
        fits = (GAUSSIAN,) if self._is_row else LIKELIHOODS
        if self.likelihood not in (None, *fits):
            raise ConfigError(
                "likelihood does not suit", expected=" or ".join(fits), received=self.likelihood
            )
        if self.binarize not in BINARIZATIONS:
            raise ConfigError(
                "binarize is unknown", expected=" or ".join(BINARIZATIONS), received=self.binarize
            )

    @property
    def _is_row(self) -> bool:
        return isinstance(self.space, RowSampleInputs)

    @property
    def kind(self) -> str:
        """The likelihood of numbers or pixels."""
        return self.likelihood or (GAUSSIAN if self._is_row else LOGISTIC)

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the mean weighted loss, with its two terms as metrics."""
        keys = hashed_keys(key, 4)
        x = self._binarized(self.units(batch["x"]), lambda shape: hashed_uniform(keys[0], shape))
        mean, log_variance = model.encode(x, key=keys[1], train=True)
        code = _moved(mean, log_variance, hashed_normal(keys[2], mean.shape))
        outputs = model.decode(code, key=keys[3], train=True)
        nats = _total(self.nats(model, outputs, x))
        kl = normal_divergence(mean.astype(jnp.float32), log_variance.astype(jnp.float32))
        weight = batch["weight"].astype(jnp.float32)
        by_number = (kl * weight[:, None]).sum(0) / jnp.maximum(weight.sum(), 1e-12)
        reconstruction, divergence = weighted_mean(nats, weight), by_number.sum()
        paid = jnp.maximum(by_number, self.free_bits).sum() if self.free_bits else divergence
        found = {"reconstruction": reconstruction, "divergence": divergence}
        return {"all": (reconstruction + self.beta * paid, found)}

    def evaluate(self, model: Any, batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of the loss, of the negative bound and its terms, and of weights."""
        answer, weight = self._measured(model, self.units(batch["x"])), batch["weight"]
        bound, nats, kl = ((column * weight).sum() for column in answer.T)
        named = dict(zip(self.measures, (bound, nats, kl), strict=True))
        return {"loss": nats + self.beta * kl, **named, "weight": weight.sum()}

    def answer(self, model: Any, x: Any) -> Array:
        """Return negative bound, reconstruction and divergence of each example in nats, (b, 3)."""
        return self._measured(model, self.units(x["sample"]))

    def errors(self, model: Any, x: Any) -> Array:
        """Return the nats of each column of rows, (b, groups), or pixel of images, (b, y, x), at z = μ(x).

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, *shape), "label": (b,)}``.
        """
        sample = self._fixed(self.units(x["sample"]))
        nats = self.nats(model, model.decode(model.encode(sample)[0]), sample)
        return nats if self._is_row else nats.sum(-1)

    def reconstruct(self, model: Any, x: Any) -> Array:
        """Return what the network expects of each sample given z = μ(x), (b, *shape).

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, *shape), "label": (b,)}``.
        """
        sample = self._fixed(self.units(x["sample"]))
        return self.expected(model.decode(model.encode(sample)[0]))

    def sample(self, model: Any, labels: Array, sampling: Sampling, *, key: Any) -> Array:
        """Return what is decoded of draws of the prior, temperature · N(0, 1).

        Rows are drawn from their likelihood; of images the expected pixels are returned, as is usual, since
        independent noise on pixels is none that images have. Labels are of no effect.
        """
        keys, temperature = hashed_keys(key, 3), sampling.temperature
        code = sampling.noise(hashed_normal(keys[0], (len(labels), model.latent)))
        outputs = model.decode(code).astype(jnp.float32)
        if not isinstance(self.space, RowSampleInputs):
            return self.expected(outputs)
        noise = temperature * jnp.exp(self._log_scale(model)) * hashed_normal(keys[1], outputs.shape)
        outputs = outputs + jnp.where(is_number(self.space), noise, 0.0)
        return drawn_groups(outputs, self.space.groups, key=keys[2])

    def expected(self, outputs: Array) -> Array:
        """Return the mean of the likelihood with these parameters, in units; categories as probabilities."""
        if self.kind == BERNOULLI:
            return 2.0 * jax.nn.sigmoid(outputs) - 1.0
        return shown_sample(self.space, outputs)

    def nats(self, model: Any, outputs: Array, x: Array) -> Array:
        """Return -log p(x|z) of each column of rows, (b, groups), or each value of images, (b, *shape).

        Args:
            model: whose ``log_scale`` counts.
            outputs: parameters that it decoded z to.
            x: samples in units, binarized if asked.
        """
        outputs, x = outputs.astype(jnp.float32), x.astype(jnp.float32)
        if self.kind == BERNOULLI:
            return bernoulli_nats(outputs, x)
        log_scale = self._log_scale(model)
        if isinstance(self.space, RowSampleInputs):
            own = log_scale[:, numbers_of(self.space.groups)]

            def of_numbers(mean: Array, x: Array) -> Array:
                return gaussian_nats(mean, x, own)

            return group_losses(outputs, x, self.space.groups, of_numbers=of_numbers)
        log_scale = log_scale.reshape(1, 1, 1, -1)
        return (logistic_nats if self.kind == LOGISTIC else gaussian_nats)(outputs, x, log_scale)

    def _log_scale(self, model: Any) -> Array:
        """Return the log-scale of each value of the last axis, (1, features)."""
        found = jnp.asarray(model.log_scale).astype(jnp.float32)[None]
        return found if self.kind == BERNOULLI else bounded_below(found, _LEAST[self.kind])

    def _binarized(self, x: Array, uniform: Callable[[tuple[int, ...]], Array]) -> Array:
        if self.binarize == AS_GIVEN:
            return x
        least = 0.5 if self.binarize == THRESHOLD else uniform(x.shape)
        return jnp.where(0.5 * (x + 1.0) > least, 1.0, -1.0).astype(x.dtype)

    def _fixed(self, x: Array) -> Array:
        """Return samples binarized if asked, each always alike."""
        return self._binarized(x, lambda shape: _of_each(x, hashed_uniform, shape[1:], 1))

    def _measured(self, model: Any, x: Array) -> Array:
        """Return negative bound, reconstruction and divergence with one draw of z that x decides, (b, 3)."""
        x = self._fixed(x)
        mean, log_variance = model.encode(x)
        code = _moved(mean, log_variance, _of_each(x, hashed_normal, mean.shape[1:], 2))
        nats = _total(self.nats(model, model.decode(code), x))
        kl = normal_divergence(mean.astype(jnp.float32), log_variance.astype(jnp.float32)).sum(1)
        return jnp.stack([nats + kl, nats, kl], axis=1)


def importance_bound(
    objective: VariationalObjective, model: Any, x: Array, *, samples: int, at_once: int = 25, key: Any
) -> Array:
    """Return a lower bound of log p(x) in nats that tends to it: importance-weighted, with K samples.

    log 1/K Σ_k p(x|z_k) · p(z_k) / q(z_k|x),  z_k from q(z|x); its mean is the evidence lower bound for K = 1

    Args:
        objective: whose likelihood counts.
        model: in evaluation mode.
        x: (b, *shape) bytes of images, or units.
        samples: K, a multiple of ``at_once`` or less than it.
        at_once: samples of z for each x that are decoded together.
        key: random key.

    Returns:
        (b,). O(b · K · decoder) time, O(b · at_once) memory.

    Raises:
        ConfigError: K is no such multiple.

    References:
        Burda, Grosse, Salakhutdinov. Importance weighted autoencoders. ICLR 2016.
    """
    at_once = min(samples, at_once)
    if samples < 1 or samples % at_once:
        raise ConfigError("samples does not fit", expected=f"a multiple of {at_once}", received=samples)
    x = objective._fixed(objective.units(x))
    mean, log_variance = model.encode(x)
    mean, log_variance = mean.astype(jnp.float32), log_variance.astype(jnp.float32)
    repeated = jnp.broadcast_to(x[None], (at_once, *x.shape)).reshape(-1, *x.shape[1:])

    def of_some(total: Array, number: Array) -> tuple[Array, None]:
        noise = hashed_normal(hashed_key(key, number), (at_once, *mean.shape))
        code = _moved(mean[None], log_variance[None], noise)
        outputs = model.decode(code.reshape(-1, mean.shape[1]))
        nats = _total(objective.nats(model, outputs, repeated)).reshape(at_once, -1)
        prior_over_q = 0.5 * (noise**2 - code**2 + log_variance[None]).sum(-1)
        return jnp.logaddexp(total, jax.nn.logsumexp(prior_over_q - nats, axis=0)), None

    numbers = jnp.arange(samples // at_once, dtype=jnp.uint32)
    total, _ = jax.lax.scan(of_some, jnp.full(len(x), -jnp.inf), numbers)
    return total - math.log(samples)


def _moved(mean: Array, log_variance: Array, noise: Array) -> Array:
    """Return μ + σ · ε."""
    return mean + jnp.exp(0.5 * log_variance) * noise.astype(mean.dtype)


def _of_each(x: Array, draw: Callable[..., Array], shape: tuple[int, ...], number: int) -> Array:
    """Return random numbers (b, *shape) of which those of an example depend on its values alone."""
    bits = jax.lax.bitcast_convert_type(x.astype(jnp.float32).reshape(len(x), -1), jnp.uint32)
    factors = jax.lax.iota(jnp.uint32, bits.shape[1]) * jnp.uint32(2) + jnp.uint32(1)
    numbers = (bits * factors[None] ^ (bits >> jnp.uint32(13))).sum(axis=1, dtype=jnp.uint32)
    keys = hashed_key(_EVALUATES + number, numbers)
    return jax.vmap(lambda key: draw(key, shape))(keys)


def _total(values: Array) -> Array:
    return values.reshape(len(values), -1).sum(1)
