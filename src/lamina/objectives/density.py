"""The density of samples, learned by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import RowSampleInputs
from lamina.objectives.base import Batch, Losses
from lamina.objectives.samples import AbstractGenerativeObjective, Sampling, without_some_labels


@dataclass(frozen=True)
class DensityObjective(AbstractGenerativeObjective):
    """Loss = -log p(x | class), nats a row, of a model that gives `lamina.core.wanted.DENSITY`.

    Rows mix probabilities of categories with densities of numbers; the loss may fall below zero. A number
    that many rows share exactly would have a density without bound: rows that are dithered (`RowSpace`) have
    none, and ``noise`` bounds it for others.

    Args:
        space: what rows are.
        hidden: share of the labels that training hides, so that rows of any class can be drawn.
        noise: std of normal noise on the numbers in training; 0 for none.

    Raises:
        ConfigError: an argument is out of range, or samples are not rows.

    Example:
        >>> DensityObjective(RowSampleInputs((1, 3))).measures
        ('loss',)

    References:
        Theis, van den Oord, Bethge. A note on the evaluation of generative models. ICLR 2016 (noise on
        discrete numbers).
    """

    hidden: float = 0.1
    noise: float = 0.0
    noun = "row"

    def __post_init__(self) -> None:
        if not isinstance(self.space, RowSampleInputs):
            raise ConfigError("a density is learned of rows", received=type(self.space).__name__)
        if not 0.0 <= self.hidden <= 1.0:
            raise ConfigError("hidden is out of range", expected="0 to 1", received=self.hidden)
        if not 0.0 <= self.noise < float("inf"):
            raise ConfigError("noise is out of range", expected=">= 0", received=self.noise)

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return the mean of -log p."""
        keys = hashed_keys(key, 3)
        x, label = batch["x"], batch["y"]
        if self.hidden and self.space.labels:
            label = without_some_labels(label, self.hidden, keys[0])
        if self.noise:
            x = x + self.noise * self._numbers() * jax.random.normal(keys[1], x.shape)
        each = self._density(model)(x, label, key=keys[2], train=True)
        return {"all": (-(each * batch["weight"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return the sums of -log p and of the weights."""
        each = -self._density(model)(batch["x"], batch["y"])
        return {"loss": (each * batch["weight"]).sum(), "weight": batch["weight"].sum()}

    def answer(self, model: Callable[..., Array], x: Any) -> Array:
        """Return -log p of each row, nats (b, 1)."""
        return -self._density(model)(x["sample"], x["label"])[:, None]

    def sample(self, model: Any, labels: Array, sampling: Sampling, *, key: Any) -> Array:
        """Return new rows, in one evaluation of the network for the numbers and one for each category.

        The temperature scales the noise: below 1 probable rows become more frequent.
        """
        noise = jax.random.normal(hashed_keys(key, 1)[0], (len(labels), *self.space.shape))
        return model.sample(sampling.noise(noise), labels)

    def _numbers(self) -> np.ndarray:
        """Return 1 for each feature that is a number, 0 for those of categories, (1, features)."""
        groups = np.array(self.space.groups)  # type: ignore[attr-defined]
        return np.repeat(groups == 1, groups).astype(np.float32)[None]

    def _density(self, model: Any) -> Callable[..., Array]:
        return model.log_density
