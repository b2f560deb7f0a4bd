"""What the loop drives: one model, or a population of models as one program."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.module import detached
from lamina.core.random import make_key
from lamina.core.tree import stack_modules
from lamina.train.config import TrainConfig
from lamina.train.step.compiled import (
    jit_chunk,
    jit_chunk_population,
    jit_end,
    jit_end_population,
    jit_first_population,
    jit_first_state,
)
from lamina.train.step.program import Program
from lamina.train.step.state import TrainState
from lamina.train.step.step import Means

Shards = tuple[TrainState, ...]  # of one model, or of equal slices of a population
LEAST_MEMBERS = 64  # of a shard: below, what starts each product costs more than what the cache saves

SWEPT = ("lr", "weight_decay", "momentum", "beta2", "clip", "l1", "l2", "ema", "warmup")


class AbstractEngine(abc.ABC):
    """The compiled programs of a run and the numbers they take."""

    program: Program
    planned: dict[str, np.ndarray]  # numbers of the run
    hyper: dict[str, np.ndarray]  # the same for the length that is known to fit
    models: list[Any]

    def shorten(self, share: float) -> None:
        """Let the schedule end after a share of the planned steps; warm-up keeps its share of it.

        Args:
            share: in (0, 1].
        """
        # A schedule is a function of step / total. With total times the share that fits, the run comes to the
        # same point of the curve at its last step as it would have at the planned one; asked again after
        # every chunk, the share follows the pace that is measured.
        length = {name: self.planned[name] * np.float32(share) for name in ("total", "warmup")}
        self.hyper = {**self.planned, **length}

    @abc.abstractmethod
    def first_shards(self) -> Shards:
        """Return the states before the first step."""

    @abc.abstractmethod
    def stack_shards(self, trees: Sequence[Any]) -> Any:
        """Return as one tree what each shard has one of: states, losses, metrics."""

    @abc.abstractmethod
    def unstack_shards(self, state: TrainState) -> Shards:
        """Undo `stack_shards` for states, so that training goes on from them."""

    @abc.abstractmethod
    def order(self, seed_to_order: Callable[[int], np.ndarray]) -> np.ndarray:
        """Return the examples of every batch: (steps, batch), or (members, steps, batch).

        Args:
            seed_to_order: ``seed -> (steps, batch)``.
        """

    @abc.abstractmethod
    def chunk(
        self, shards: Shards, data: Any, places: np.ndarray, ids: np.ndarray, count: int
    ) -> tuple[Shards, Means]:
        """Take ``count`` steps; return the states and the means of each part's loss and metrics.

        Args:
            shards: the states before.
            data: arrays that the objective picks from.
            places: where the examples of each batch lie in them, (…, steps, batch).
            ids: their numbers among all examples, of the same shape.
            count: steps to take.
        """

    @abc.abstractmethod
    def end(self, shards: Shards, valid: Any, epoch: int) -> tuple[Shards, Any]:
        """Evaluate and keep the best; return the states and the metrics."""


class SingleEngine(AbstractEngine):
    """One model.

    Args:
        model: the untrained model.
        program: what is fixed while compiling.
        config: seed and moving average.
        hyper: numbers of the run.
    """

    def __init__(self, model: Any, program: Program, config: TrainConfig, hyper: dict[str, np.ndarray]):
        self.models, self.program, self.config = [detached(model)], program, config
        self.planned = self.hyper = hyper

    def first_shards(self) -> Shards:
        """Return the state before the first step."""
        key = make_key(self.config.seed)
        return (jit_first_state(self.program, self.models[0], key, self.hyper, self.config.ema > 0),)

    def stack_shards(self, trees: Sequence[Any]) -> Any:
        """Return what the only shard has."""
        return trees[0]

    def unstack_shards(self, state: TrainState) -> Shards:
        """Return the state as the only shard."""
        return (state,)

    def order(self, seed_to_order: Callable[[int], np.ndarray]) -> np.ndarray:
        """Return the examples of every batch, (steps, batch)."""
        return seed_to_order(self.config.seed)

    def chunk(
        self, shards: Shards, data: Any, places: np.ndarray, ids: np.ndarray, count: int
    ) -> tuple[Shards, Means]:
        """Take ``count`` steps; return the state and the means of each part's loss and metrics."""
        state, means = jit_chunk(self.program, shards[0], data, places, ids, np.int32(count), self.hyper)
        return (state,), means

    def end(self, shards: Shards, valid: Any, epoch: int) -> tuple[Shards, Any]:
        """Evaluate and keep the best; return the state and the metrics."""
        state, metrics = jit_end(self.program, shards[0], valid, np.int32(epoch), self.hyper)
        return (state,), metrics


class PopulationEngine(AbstractEngine):
    """Many models of one architecture, each with its own seed and numbers, in one program.

    On CPU equal shards of the members take the steps of a chunk one after another, so that what a shard
    needs stays in the caches.

    Args:
        models: untrained models.
        program: what is fixed while compiling, shared.
        config: shared keys.
        hyper: numbers of the run, shared.
        seeds: one seed a member: order of rows and dropout.
        sweep: key → one value a member; keys of `SWEPT`.

    Raises:
        ConfigError: lengths differ, or a key can't be swept.
    """

    def __init__(
        self,
        models: Sequence[Any],
        program: Program,
        config: TrainConfig,
        hyper: dict[str, np.ndarray],
        *,
        seeds: Sequence[int],
        sweep: Mapping[str, Any],
    ):
        members = len(models)
        for name, values in {"seeds": seeds, **sweep}.items():
            if len(values) != members:
                raise ConfigError(f"{name}: one value a member", expected=members, received=len(values))
            if name not in (*SWEPT, "seeds"):
                raise ConfigError(f"'{name}' cannot be swept", expected="one of " + ", ".join(SWEPT))
        self.models, self.program, self.config = [detached(model) for model in models], program, config
        self.seeds = [int(seed) for seed in seeds]
        self.shared_order = len(set(self.seeds)) == 1
        numbers = {name: np.full(members, value, np.float32) for name, value in hyper.items()}
        swept = {name: np.asarray(values, np.float32) for name, values in sweep.items()}
        if "warmup" in swept:
            swept["warmup"] = np.round(swept["warmup"] * hyper["total"])
        self.planned = self.hyper = {**numbers, **swept}
        on_cpu = jax.default_backend() == "cpu"
        self.slices = equal_shards(members) if on_cpu else [slice(0, members)]

    def first_shards(self) -> Shards:
        """Return the members' states, stacked within each shard."""
        keys = np.stack([make_key(seed) for seed in self.seeds])
        averaged = self.config.ema > 0
        return tuple(
            jit_first_population(
                self.program, stack_modules(self.models[own]), keys[own], self._numbers(own), averaged
            )
            for own in self.slices
        )

    def stack_shards(self, trees: Sequence[Any]) -> Any:
        """Return the members' trees, stacked."""
        return trees[0] if len(trees) == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays), *trees)

    def unstack_shards(self, state: TrainState) -> Shards:
        """Return the members' states, stacked within each shard."""
        host = jax.tree.map(np.asarray, state)
        return tuple(
            jax.device_put(jax.tree.map(lambda array, own=own: array[own], host), may_alias=False)
            for own in self.slices
        )

    def _numbers(self, own: slice) -> dict[str, np.ndarray]:
        return {name: values[own] for name, values in self.hyper.items()}

    def order(self, seed_to_order: Callable[[int], np.ndarray]) -> np.ndarray:
        """Return the examples of every batch, (steps, batch) if shared, else (members, steps, batch)."""
        if self.shared_order:
            return seed_to_order(self.seeds[0])
        return np.stack([seed_to_order(seed) for seed in self.seeds])

    def chunk(
        self, shards: Shards, data: Any, places: np.ndarray, ids: np.ndarray, count: int
    ) -> tuple[Shards, Means]:
        """Take ``count`` steps with every member; return the states and the means, one value a member."""
        found = []
        for state, own in zip(shards, self.slices, strict=True):  # JAX computes one while the next is given
            order = (places, ids) if self.shared_order else (places[own], ids[own])
            found.append(
                jit_chunk_population(
                    self.program, state, data, *order, np.int32(count), self.shared_order, self._numbers(own)
                )
            )
        return tuple(state for state, _ in found), self.stack_shards([means for _, means in found])

    def end(self, shards: Shards, valid: Any, epoch: int) -> tuple[Shards, Any]:
        """Evaluate every member and keep its best; return the states and the metrics."""
        found = [
            jit_end_population(self.program, state, valid, np.int32(epoch), self._numbers(own))
            for state, own in zip(shards, self.slices, strict=True)
        ]
        return tuple(state for state, _ in found), self.stack_shards([metrics for _, metrics in found])


def equal_shards(members: int) -> list[slice]:
    """Return slices of equal length, as many as they are not too short, which share one compiled program.

    Example:
        >>> equal_shards(130)
        [slice(0, 65, None), slice(65, 130, None)]
        >>> len(equal_shards(256)), len(equal_shards(100)), len(equal_shards(8))
        (4, 1, 1)
    """
    enough = range(min(members, LEAST_MEMBERS), members + 1)
    size = next(size for size in enough if members % size == 0)
    return [slice(first, first + size) for first in range(0, members, size)]


def member_states(state: TrainState, members: int) -> list[TrainState]:
    """Return the states of a population one by one, on the host."""
    host = jax.tree.map(np.asarray, state)
    return [jax.tree.map(lambda array, i=i: array[i], host) for i in range(members)]
