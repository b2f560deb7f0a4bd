"""The end of an epoch: evaluate, keep the best, count the patience."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.hashing import hashed_key, hashed_keys
from lamina.core.shared_arrays import joined, parted
from lamina.train.optimizers.registry import Hyper, averaged_parameters
from lamina.train.step.program import Program, arithmetic, cast, cast_inputs, learning_rate
from lamina.train.step.state import TrainState, combine, partition, slice_model

_EVALUATES = 0xE7A1  # sets the random numbers of evaluation apart from those of steps


def evaluate_model(program: Program, model: Any, data: Any, key: Any = 0) -> dict[str, Any]:
    """Return the weighted means of the objective's values over ``data``, (batches, batch, ...) each.

    Args:
        program: what is fixed while compiling.
        model: the model to judge.
        data: batches, the last filled up with examples of weight zero.
        key: random key, for objectives that draw; each batch gets a key of its own.
    """
    model = cast(model, program.precision)

    def sums_of(batch: Any, key: Any) -> dict[str, Any]:
        with arithmetic(program.precision):
            return program.objective.evaluate(model, cast_inputs(batch, program.precision), key=key)

    def body(total: Any, one: Any) -> tuple[Any, None]:
        batch, key = one
        return jax.tree.map(jnp.add, total, sums_of(joined(batch, common), key)), None

    own, common = parted(data)
    keys = hashed_keys(key, len(jax.tree.leaves(own)[0]))
    first = joined(jax.tree.map(lambda a: a[0], own), common)
    zero = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), jax.eval_shape(sums_of, first, keys[0]))
    sums, _ = jax.lax.scan(body, zero, (own, keys))
    return {name: value / sums["weight"] for name, value in sums.items() if name != "weight"}


def kept_model(program: Program, state: TrainState) -> Any:
    """Return the model that would be kept now: the average where there is one."""
    if state.average is not None:
        return combine(state.average, partition(state.model)[1])
    model = state.model
    for name, part in program.objective.parts.items():
        slices = slice_model(model, part.paths)
        own = averaged_parameters(program.optimizer, state.optimizer[name], slices.own)
        model = slices._replace(own=own).join()
    return model


def end_epoch(
    program: Program, state: TrainState, valid: Any, epoch: Array, hyper: Hyper
) -> tuple[TrainState, dict[str, Array]]:
    """Evaluate, keep the best, count the patience, lower the rate on a plateau.

    Returns:
        The state, and the metrics with ``lr``, the rate of the epoch's last step.
    """
    model = kept_model(program, state)
    last = jnp.maximum(state.step - 1, 0).astype(jnp.float32)
    rate = learning_rate(program, last, state.lr_scale, hyper)
    if valid is None:  # nothing to judge by: the newest is the best
        return state._replace(best=model, best_epoch=epoch), {"lr": rate}
    key = hashed_key(state.key, jnp.array(_EVALUATES, jnp.uint32))  # type: ignore[arg-type]
    metrics = {**evaluate_model(program, model, valid, key), "lr": rate}
    value = metrics[program.monitor]
    value = -value if program.objective.monitor[program.monitor] else value
    return _judged(program, state, model, value, epoch, hyper), metrics


def _judged(
    program: Program, state: TrainState, model: Any, value: Array, epoch: Array, hyper: Hyper
) -> TrainState:
    """Return the state after an epoch whose model has this value, lower being better."""
    better = (value < state.best_value) & ~state.stopped
    kept = better if program.early_stopping else jnp.ones_like(better)
    plateau = jnp.where(better, 0, state.plateau + 1)
    stale = jnp.where(better, 0, state.stale + 1)
    lower = (plateau >= hyper["plateau_patience"].astype(plateau.dtype)) & (program.schedule == "plateau")
    out_of_patience = (stale >= hyper["patience"].astype(stale.dtype)) & program.early_stopping
    return state._replace(
        best=jax.tree.map(lambda new, old: jnp.where(kept, new, old), model, state.best),
        best_value=jnp.where(better, value, state.best_value),
        best_epoch=jnp.where(kept, epoch, state.best_epoch),
        stale=stale,
        stopped=state.stopped | out_of_patience,
        lr_scale=jnp.where(lower, state.lr_scale * hyper["plateau_factor"], state.lr_scale),
        plateau=jnp.where(lower, 0, plateau),
    )
