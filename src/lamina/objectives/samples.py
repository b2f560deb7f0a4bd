"""What objectives of samples have in common: no target, and metrics that are means over examples."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.core.arrays import Array
from lamina.core.hashing import hashed_uniform
from lamina.core.inputs import NO_LABEL, AbstractSampleInputs, ImageSampleInputs
from lamina.objectives.base import AbstractObjective, Interval, Score, Shown

_STANDARD_NORMAL_97_5 = 1.959963984540054


def without_some_labels(labels: Array, share: float, key: Any) -> Array:
    """Return labels of which a share is hidden (`NO_LABEL`), so that a model learns samples of any class too.

    Args:
        labels: (batch,).
        share: to be hidden, in [0, 1].
        key: random key.

    References:
        Ho, Salimans. Classifier-free diffusion guidance. 2022.
    """
    return jnp.where(hashed_uniform(key, labels.shape) < share, NO_LABEL, labels)


@dataclass(frozen=True)
class Sampling:
    """How samples are drawn.

    Args:
        steps: evaluations of the network a sample, where a method takes several; None: as the method does.
        guidance: how much a class counts: 1 as it was learned, more for samples that show it more.
        sampler: name of the method that solves for a sample; None: as the method does.
        temperature: factor on the standard deviation of the noise that samples are made of.
        between: whether the samples of a batch lie between its first and its last, which are as without.
    """

    steps: int | None = None
    guidance: float = 1.0
    sampler: str | None = None
    temperature: float = 1.0
    between: bool = False

    def noise(self, drawn: Array) -> Array:
        """Return the noise that samples are made of.

        Between two of them it goes along a quarter of a circle, cos φ · first + sin φ · last, so that each of
        it is as probable as any other.

        Args:
            drawn: standard normal numbers, (samples, ...).

        Example:
            >>> noise = Sampling(between=True).noise(jnp.array([[1.0], [9.0], [3.0]]))
            >>> [round(float(value), 3) for value in noise[:, 0]]
            [1.0, 2.828, 3.0]
        """
        if self.between:
            angle = jnp.linspace(0.0, jnp.pi / 2, len(drawn)).reshape(-1, *[1] * (drawn.ndim - 1))
            drawn = jnp.cos(angle) * drawn[:1] + jnp.sin(angle) * drawn[-1:]
        return self.temperature * drawn


@dataclass(frozen=True)
class AbstractSampleObjective(AbstractObjective):
    """Samples that are learned without a target.

    A batch is ``{"x": (b, *shape), "y": int32 (b,) class or -1, "weight": (b,)}``;
    what is asked of a trained model is ``{"sample": x, "label": y}``. `answer` gives some numbers an example,
    (b, k), called by `measures`; metrics are their means, and the first is the score.

    Args:
        space: what samples are.
    """

    space: AbstractSampleInputs
    decoded_type = np.float32
    monitor = {"loss": False}  # noqa: RUF012
    shown = Shown("loss", "valid_loss", lambda value, scale: value)
    measures = ("loss",)
    noun = "sample"

    @property
    def out_features(self) -> int:
        """Values of one sample."""
        return math.prod(self.space.shape)

    @property
    def score(self) -> Score:
        """The mean of the first measure."""
        name = self.measures[0]
        return Score(name, lambda targets, points, weights: self.metrics(points, targets, weights)[name])

    def decode(self, outputs: Array) -> Array:
        """Return outputs as they are."""
        return outputs

    def units(self, x: Array) -> Array:
        """Return samples as models take them, float32: gray values of images, 0 to 255, in [-1, 1].

        Bytes come as they are stored, as numbers where training changed them, and in the arithmetic of the
        run. Rows are in units already.
        """
        x = x.astype(jnp.float32)
        return x / 127.5 - 1.0 if isinstance(self.space, ImageSampleInputs) else x

    @abc.abstractmethod
    def answer(self, model: Any, x: Any) -> Array:
        """Return the `measures` of each example, (b, k).

        Args:
            model: in evaluation mode.
            x: ``{"sample": (b, *shape), "label": (b,)}``.
        """

    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return the weighted mean of each measure."""
        if not len(decoded):
            return dict.fromkeys(self.measures, math.nan)
        means = np.average(decoded.astype(np.float64), axis=0, weights=weights)
        return dict(zip(self.measures, means.tolist(), strict=True))

    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each mean, by the spread of the examples; none of one example."""
        if len(decoded) < 2:
            return {}
        values = decoded.astype(np.float64)
        weight = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
        share = (weight / weight.sum())[:, None]
        mean = (share * values).sum(axis=0)
        half = _STANDARD_NORMAL_97_5 * np.sqrt((np.square(share) * np.square(values - mean)).sum(axis=0))
        return {
            name: (float(low), float(high))
            for name, low, high in zip(self.measures, mean - half, mean + half, strict=True)
        }


@dataclass(frozen=True)
class AbstractGenerativeObjective(AbstractSampleObjective):
    """A distribution that is learned so that new samples can be drawn from it.

    Attributes:
        samplers: names that `Sampling.sampler` may have, the first one as a rule; or none.
        takes_steps: whether a sample takes several evaluations of the network.
    """

    samplers = ()
    takes_steps = False

    @abc.abstractmethod
    def sample(self, model: Any, labels: Array, sampling: Sampling, *, key: Any) -> Array:
        """Return new samples in the units of `units`, inside a compiled program.

        Args:
            model: in evaluation mode.
            labels: class of each sample, -1 for any; their number is that of the samples.
            sampling: how; fixed while compiling.
            key: random key.
        """
