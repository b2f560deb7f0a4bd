"""What every objective offers to the training engine and to the network."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from lamina.core.arrays import Array
from lamina.core.shared_arrays import map_examples

Batch = Mapping[str, Any]
Losses = dict[str, tuple[Array, dict[str, Array]]]
Interval = tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One loss of an objective: what it moves, how often, how far.

    Args:
        paths: shell patterns of the parameters it moves, as in `lamina.core.rules.Rules`.
        every: it moves them at each step whose number this divides.
        lr: factor on the learning rate of the run.
    """

    paths: tuple[str, ...] = ("*",)
    every: int = 1
    lr: float = 1.0


@dataclass(frozen=True)
class Shown:
    """The monitored value that people watch beside the loss.

    Args:
        name: what it is called, ``"rmse"``.
        logged: what an epoch logs it as, ``"valid_mse"``.
        show: ``(logged value, scale) -> value to read``; the scale is the targets' unit.
    """

    name: str
    logged: str
    show: Callable[[float, float], float]


class Score(NamedTuple):
    """The metric that columns are judged by.

    Args:
        name: its name among the metrics.
        measure: ``(targets, points, weights) -> value``; see `AbstractObjective.point`.
    """

    name: str
    measure: Callable[[Any, Any, Any], float]


class Answering(Protocol):
    """What answers about inputs inside a compiled program: an objective, or what asks for something else."""

    @property
    def decoded_type(self) -> type:
        """The type in which answers are kept on the host."""
        ...

    def answer(self, model: Callable[..., Array], x: Any) -> Array:
        """Return answers for inputs, rows first."""
        ...


class AbstractObjective(abc.ABC):
    """What is learned: losses of a batch, sums of its metrics, meaning of its outputs.

    A batch is ``{"x": inputs, "y": targets, "weight": (batch,)}``. Outputs may carry a
    member axis between batch and features, (batch, members, outputs): losses are then the
    mean of the members' losses, predictions the mean of theirs. Concrete objectives are
    frozen dataclasses, so they are part of a compiled program's key.

    `parts` names the losses; each moves the parameters of its own paths, in the order given.
    `monitor` names the values of `evaluate` that may decide what is best, and whether higher is
    better; the first is the default.
    """

    monitor: Mapping[str, bool]
    shown: Shown
    parts: Mapping[str, Part] = MappingProxyType({"all": Part()})
    quantiles = ()  # levels of the decoded outputs' last axis, where quantiles are predicted
    decoded_type: type = np.float64  # in which decoded outputs are kept on the host
    noun: str = "row"  # what an example that is measured is called

    @property
    @abc.abstractmethod
    def out_features(self) -> int:
        """How many numbers the model has to give for one example."""

    @property
    @abc.abstractmethod
    def score(self) -> Score:
        """The metric that columns are judged by."""

    def pick(self, arrays: Any, ids: Array, *, key: Any) -> Any:
        """Return the batch of some examples, inside the compiled step: each array gathered.

        What all examples share (`lamina.core.shared_arrays`) stays as it is.

        Args:
            arrays: ``{"x", "y", "weight"}`` of all examples, or whatever the run's data is.
            ids: numbers of the examples, (batch,).
            key: random key of the step's batch.
        """
        return map_examples(lambda array: gather(array, ids), arrays)

    @abc.abstractmethod
    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        """Return ``{part: (loss, metrics)}`` in training mode, one entry a part of `parts`."""

    @abc.abstractmethod
    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        """Return weighted sums over the batch: the values of `monitor`, others, and ``weight``.

        Args:
            model: called without a key, in evaluation mode.
            batch: as in training; examples of weight zero fill it up.
            key: the same at every epoch, so that values of epochs can be compared.
        """

    @abc.abstractmethod
    def decode(self, outputs: Array) -> Array:
        """Turn outputs into probabilities (classification) or values (regression), members averaged."""

    def answer(self, model: Callable[..., Array], x: Any) -> Array:
        """Return decoded outputs for inputs, inside a compiled program; here of ``model(x)``.

        Args:
            model: called without a key, in evaluation mode.
            x: encoded inputs, as `lamina.tasks.base.AbstractTask.asked` gives them.
        """
        return self.decode(model(x))

    @abc.abstractmethod
    def metrics(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Return the final metrics of decoded outputs, computed on the host in float64."""

    def point(self, decoded: np.ndarray) -> np.ndarray:
        """Return decoded outputs with one prediction a target, here as they are; of quantiles the median."""
        return decoded

    @abc.abstractmethod
    def intervals(
        self, decoded: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, Interval]:
        """Return the 95 % interval of each metric that has one."""


def gather(array: Array, ids: Array) -> Array:
    """Return ``array[ids]`` as one gather; ids were counted on the host, so none lies outside.

    Example:
        >>> import jax.numpy as jnp
        >>> gather(jnp.array([[1, 2], [3, 4], [5, 6]]), jnp.array([2, 0])).tolist()
        [[5, 6], [1, 2]]
    """
    within = tuple(range(1, array.ndim))
    numbers = jax.lax.GatherDimensionNumbers(within, collapsed_slice_dims=(0,), start_index_map=(0,))
    return jax.lax.gather(array, ids[:, None], numbers, (1, *array.shape[1:]), mode="clip")


def over_members(values: Array, examples: int) -> Array:
    """Average everything after the batch axis: (batch, ...) → (batch,)."""
    return values.reshape(examples, -1).mean(axis=1)


def with_members(targets: Array, outputs: Array, *, features: int) -> Array:
    """Insert the member axes of ``outputs`` into ``targets``, whose last ``features`` axes stay."""
    extra = outputs.ndim - 2
    place = targets.ndim - features
    return targets.reshape(*targets.shape[:place], *(1,) * extra, *targets.shape[place:])
