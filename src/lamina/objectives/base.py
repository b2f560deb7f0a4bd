"""What every task offers to the training engine and to the network."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina.core.arrays import Array

Batch = Mapping[str, Any]


class AbstractObjective(abc.ABC):
    """What is learned: losses of a batch, sums of its metrics, meaning of its outputs.

    A batch is ``{"x": inputs, "y": targets, "weight": (batch,)}``. Outputs may carry a
    member axis between batch and features, (batch, members, outputs): losses are then the
    mean of the members' losses, answers the mean of their answers. Concrete tasks are
    frozen dataclasses, so they are part of a compiled program's key.
    """

    kind: str

    @property
    @abc.abstractmethod
    def outputs(self) -> int:
        """How many numbers the model has to give for one example."""

    @abc.abstractmethod
    def losses(
        self, model: Callable[..., Array], batch: Batch, *, key: Any
    ) -> dict[str, tuple[Array, dict[str, Array]]]:
        """Return ``{part: (loss, metrics)}`` in training mode; ordinary tasks have the part "all"."""

    @abc.abstractmethod
    def evaluate(self, outputs: Array, batch: Batch) -> dict[str, Array]:
        """Return weighted sums over the batch: ``loss``, further metrics, and ``weight``."""

    @abc.abstractmethod
    def decode(self, outputs: Array) -> Array:
        """Turn outputs into probabilities (classification) or values (regression), members averaged."""

    @abc.abstractmethod
    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return the final metrics of decoded outputs, computed on the host in float64."""


def over_members(values: Array, examples: int) -> Array:
    """Average everything after the batch axis: (batch, ...) → (batch,)."""
    return values.reshape(examples, -1).mean(axis=1)


def with_members(targets: Array, outputs: Array, *, features: int) -> Array:
    """Insert the member axes of ``outputs`` into ``targets``, whose last ``features`` axes stay."""
    extra = outputs.ndim - 2
    place = targets.ndim - features
    return targets.reshape(*targets.shape[:place], *(1,) * extra, *targets.shape[place:])
