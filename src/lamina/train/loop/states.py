"""The states of a run's models: kept in shards, looked at as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core.tree import named_arrays, with_arrays
from lamina.train.loop.engine import AbstractEngine
from lamina.train.step.evaluate import kept_model
from lamina.train.step.state import TrainState
from lamina.train.step.step import Means


class States:
    """What the engine's programs move, and what the loop asks of it.

    Args:
        engine: of one model, or of a population.
    """

    def __init__(self, engine: AbstractEngine):
        self.engine = engine
        self.shards = engine.first_shards()

    @property
    def whole(self) -> TrainState:
        """The state of all models as one tree; to look at single values of it costs less by `value`."""
        return self.engine.stack_shards(self.shards)

    @whole.setter
    def whole(self, state: TrainState) -> None:
        self.shards = self.engine.unstack_shards(state)

    @property
    def step(self) -> int:
        """Steps taken."""
        return int(self.value("step").max())

    @property
    def is_stopped(self) -> bool:
        """Whether the patience of every model is used up."""
        return bool(self.value("stopped").all())

    def value(self, name: str) -> np.ndarray:
        """Return one of the state's values, of a population one a member."""
        return np.asarray(self.engine.stack_shards([getattr(shard, name) for shard in self.shards]))

    def model(self) -> Any:
        """Return a host copy of the model as it is now."""
        return jax.tree.map(np.asarray, self.engine.stack_shards([shard.model for shard in self.shards]))

    def model_to_keep(self) -> Any:
        """Return a host copy of the model that would be kept now: its moving average where there is one."""
        return jax.tree.map(np.array, kept_model(self.engine.program, self.whole))

    def scale_lr(self, factor: float) -> None:
        """Multiply the learning rate from now on."""
        state = self.whole
        self.whole = state._replace(lr_scale=state.lr_scale * jnp.float32(factor))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return a copy of every array by its path."""
        return {name: np.array(array) for name, array in named_arrays(self.whole).items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Make every array that of its path.

        Raises:
            ArtifactError: they are not those of this run.
        """
        own = {name: np.array(array) for name, array in arrays.items()}  # aligned ones are not copied by JAX
        self.whole = jax.device_put(with_arrays(self.whole, own), may_alias=False)

    def chunk(self, data: Any, places: np.ndarray, ids: np.ndarray, count: int) -> Means:
        """Take ``count`` steps and return the means of each part."""
        self.shards, means = self.engine.chunk(self.shards, data, places, ids, count)
        return means

    def end(self, valid: Any, epoch: int) -> dict[str, Any]:
        """Evaluate, keep the best, and return what was measured."""
        self.shards, metrics = self.engine.end(self.shards, valid, epoch)
        return metrics
