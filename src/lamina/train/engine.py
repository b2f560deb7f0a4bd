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
from lamina.train.state import TrainState
from lamina.train.step import (
    Program,
    jit_chunk,
    jit_chunk_population,
    jit_end,
    jit_end_population,
    jit_first_population,
    jit_first_state,
)

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
    def first_state(self) -> TrainState:
        """Return the state before the first step."""

    @abc.abstractmethod
    def order(self, epoch: int, rows: int, batch_size: int) -> np.ndarray:
        """Return the rows of every batch: (steps, batch), or (members, steps, batch)."""

    @abc.abstractmethod
    def chunk(self, state: TrainState, data: Any, order: Any, count: int) -> tuple[TrainState, Any]:
        """Take ``count`` steps; return the state and the mean loss."""

    @abc.abstractmethod
    def end(self, state: TrainState, valid: Any, epoch: int) -> tuple[TrainState, Any]:
        """Evaluate and keep the best; return the state and the metrics."""


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

    def first_state(self) -> TrainState:
        """Return the state before the first step."""
        key = make_key(self.config.seed)
        return jit_first_state(self.program, self.models[0], key, self.hyper, self.config.ema > 0)

    def order(self, epoch: int, rows: int, batch_size: int) -> np.ndarray:
        """Return the rows of every batch, (steps, batch)."""
        return epoch_order(self.config.seed, epoch, rows, batch_size)

    def chunk(self, state: TrainState, data: Any, order: Any, count: int) -> tuple[TrainState, Any]:
        """Take ``count`` steps; return the state and the mean loss."""
        return jit_chunk(self.program, state, data, order, np.int32(count), self.hyper)

    def end(self, state: TrainState, valid: Any, epoch: int) -> tuple[TrainState, Any]:
        """Evaluate and keep the best; return the state and the metrics."""
        return jit_end(self.program, state, valid, np.int32(epoch), self.hyper)


class PopulationEngine(AbstractEngine):
    """Many models of one architecture, each with its own seed and numbers, in one program.

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

    def first_state(self) -> TrainState:
        """Return the members' states, stacked."""
        keys = np.stack([make_key(seed) for seed in self.seeds])
        models = stack_modules(self.models)
        return jit_first_population(self.program, models, keys, self.hyper, self.config.ema > 0)

    def order(self, epoch: int, rows: int, batch_size: int) -> np.ndarray:
        """Return the rows of every batch, (steps, batch) if shared, else (members, steps, batch)."""
        if self.shared_order:
            return epoch_order(self.seeds[0], epoch, rows, batch_size)
        return np.stack([epoch_order(seed, epoch, rows, batch_size) for seed in self.seeds])

    def chunk(self, state: TrainState, data: Any, order: Any, count: int) -> tuple[TrainState, Any]:
        """Take ``count`` steps with every member; return the states and the mean losses."""
        return jit_chunk_population(
            self.program, state, data, order, np.int32(count), self.shared_order, self.hyper
        )

    def end(self, state: TrainState, valid: Any, epoch: int) -> tuple[TrainState, Any]:
        """Evaluate every member and keep its best; return the states and the metrics."""
        return jit_end_population(self.program, state, valid, np.int32(epoch), self.hyper)


def member_states(state: TrainState, members: int) -> list[TrainState]:
    """Return the states of a population one by one, on the host."""
    host = jax.tree.map(np.asarray, state)
    return [jax.tree.map(lambda array, i=i: array[i], host) for i in range(members)]
