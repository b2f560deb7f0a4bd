"""What the loop drives: one model, or a population of models as one program."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from lamina.core.errors import ConfigError
from lamina.core.module import detached
from lamina.core.random import make_key
from lamina.core.tree import stack_modules
from lamina.data.order import epoch_order
from lamina.train.config import TrainConfig
from lamina.train.step.state import TrainState
from lamina.train.step.step import (
    Program,
    jit_chunk,
    jit_chunk_population,
    jit_end,
    jit_end_population,
    jit_first_population,
    jit_first_state,
)

Parts = tuple[TrainState, ...]  # of one model, or of the parts of a population
LEAST_MEMBERS = 64  # of a part: below, what starts each product costs more than what the cache saves

SWEPT = ("lr", "weight_decay", "momentum", "beta2", "clip", "l1", "l2", "ema", "warmup")


class AbstractEngine(abc.ABC):
    """The compiled programs of a run and the numbers they take."""

    program: Program
    planned: dict[str, np.ndarray]  # numbers of the run
    hyper: dict[str, np.ndarray]  # the same for the length that is known to fit
    models: list[Any]

    def shorten(self, share: float) -> None:
        """Let the schedule end after a share of the planned steps; warm-up keeps its part of it.

        Args:
            share: in (0, 1].
        """
        length = {name: self.planned[name] * np.float32(share) for name in ("total", "warmup")}
        self.hyper = {**self.planned, **length}

    @abc.abstractmethod
    def first_shards(self) -> Parts:
        """Return the states before the first step."""

    @abc.abstractmethod
    def stack_shards(self, trees: Sequence[Any]) -> Any:
        """Return as one tree what each part has one of: states, losses, metrics."""

    @abc.abstractmethod
    def unstack_shards(self, state: TrainState) -> Parts:
        """Undo `stack_shards` for states, so that training goes on from them."""

    @abc.abstractmethod
    def order(self, epoch: int, rows: int, batch_size: int) -> np.ndarray:
        """Return the rows of every batch: (steps, batch), or (members, steps, batch)."""

    @abc.abstractmethod
    def chunk(self, parts: Parts, data: Any, order: np.ndarray, count: int) -> tuple[Parts, Any]:
        """Take ``count`` steps; return the states and the mean loss."""

    @abc.abstractmethod
    def end(self, parts: Parts, valid: Any, epoch: int) -> tuple[Parts, Any]:
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

    def first_shards(self) -> Parts:
        """Return the state before the first step."""
        key = make_key(self.config.seed)
        return (jit_first_state(self.program, self.models[0], key, self.hyper, self.config.ema > 0),)

    def stack_shards(self, trees: Sequence[Any]) -> Any:
        """Return what the only part has."""
        return trees[0]

    def unstack_shards(self, state: TrainState) -> Parts:
        """Return the state as the only part."""
        return (state,)

    def order(self, epoch: int, rows: int, batch_size: int) -> np.ndarray:
        """Return the rows of every batch, (steps, batch)."""
        return epoch_order(self.config.seed, epoch, rows, batch_size)

    def chunk(self, parts: Parts, data: Any, order: np.ndarray, count: int) -> tuple[Parts, Any]:
        """Take ``count`` steps; return the state and the mean loss."""
        state, loss = jit_chunk(self.program, parts[0], data, order, np.int32(count), self.hyper)
        return (state,), loss

    def end(self, parts: Parts, valid: Any, epoch: int) -> tuple[Parts, Any]:
        """Evaluate and keep the best; return the state and the metrics."""
        state, metrics = jit_end(self.program, parts[0], valid, np.int32(epoch), self.hyper)
        return (state,), metrics


class PopulationEngine(AbstractEngine):
    """Many models of one architecture, each with its own seed and numbers, in one program.

    On CPU equal parts of the members take the steps of a chunk one after another, so that what a part
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
        self.parts = equal_shards(members) if on_cpu else [slice(0, members)]

    def first_shards(self) -> Parts:
        """Return the members' states, stacked within each part."""
        keys = np.stack([make_key(seed) for seed in self.seeds])
        averaged = self.config.ema > 0
        return tuple(
            jit_first_population(
                self.program, stack_modules(self.models[part]), keys[part], self._numbers(part), averaged
            )
            for part in self.parts
        )

    def stack_shards(self, trees: Sequence[Any]) -> Any:
        """Return the members' trees, stacked."""
        return trees[0] if len(trees) == 1 else jax.tree.map(lambda *arrays: np.concatenate(arrays), *trees)

    def unstack_shards(self, state: TrainState) -> Parts:
        """Return the members' states, stacked within each part."""
        host = jax.tree.map(np.asarray, state)
        return tuple(
            jax.device_put(jax.tree.map(lambda array, part=part: array[part], host), may_alias=False)
            for part in self.parts
        )

    def _numbers(self, part: slice) -> dict[str, np.ndarray]:
        return {name: values[part] for name, values in self.hyper.items()}

    def order(self, epoch: int, rows: int, batch_size: int) -> np.ndarray:
        """Return the rows of every batch, (steps, batch) if shared, else (members, steps, batch)."""
        if self.shared_order:
            return epoch_order(self.seeds[0], epoch, rows, batch_size)
        return np.stack([epoch_order(seed, epoch, rows, batch_size) for seed in self.seeds])

    def chunk(self, parts: Parts, data: Any, order: np.ndarray, count: int) -> tuple[Parts, Any]:
        """Take ``count`` steps with every member; return the states and the mean losses."""
        found = [  # JAX computes one part while the next is given to it
            jit_chunk_population(
                self.program,
                state,
                data,
                order if self.shared_order else order[part],
                np.int32(count),
                self.shared_order,
                self._numbers(part),
            )
            for state, part in zip(parts, self.parts, strict=True)
        ]
        return tuple(state for state, _ in found), self.stack_shards([loss for _, loss in found])

    def end(self, parts: Parts, valid: Any, epoch: int) -> tuple[Parts, Any]:
        """Evaluate every member and keep its best; return the states and the metrics."""
        found = [
            jit_end_population(self.program, state, valid, np.int32(epoch), self._numbers(part))
            for state, part in zip(parts, self.parts, strict=True)
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
