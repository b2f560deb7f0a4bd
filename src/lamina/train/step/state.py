"""Everything a run has to remember from one step to the next, as one tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.rules import Rules
from lamina.core.tree import trainable


class TrainState(NamedTuple):
    """The state of a run; saved whole, it resumes bit for bit.

    Args:
        model: the model being trained, buffers included.
        optimizer: what the optimizer of each part remembers, by the part's name.
        average: moving average of the parameters, or None.
        best: the model to keep so far.
        best_value: its monitored value (lower is better).
        best_epoch: the epoch it came from.
        stale: epochs since then.
        stopped: early stopping has spoken; ``best`` no longer moves.
        step: steps taken.
        key: random key of the run; step ``i`` uses ``hashed_key(key, i)``.
        lr_scale: factor on the learning rate that plateaus and roll-backs lower.
        plateau: epochs since the best or the last lowering of the rate.
        skipped: steps skipped because loss or gradient was not finite.
        skipped_in_row: how many of them just now.
    """

    model: Any
    optimizer: Any
    average: Any
    best: Any
    best_value: Array
    best_epoch: Array
    stale: Array
    stopped: Array
    step: Array
    key: Array
    lr_scale: Array
    plateau: Array
    skipped: Array
    skipped_in_row: Array


def partition(model: Any) -> tuple[Any, Any]:
    """Split a model into what is trained and the rest; the other's places hold None."""
    mask = trainable(model)
    trained = jax.tree.map(lambda array, is_trained: array if is_trained else None, model, mask)
    rest = jax.tree.map(lambda array, is_trained: None if is_trained else array, model, mask)
    return trained, rest


def combine(trained: Any, rest: Any) -> Any:
    """Undo `partition`."""
    return jax.tree.map(lambda a, b: b if a is None else a, trained, rest, is_leaf=lambda x: x is None)


class Slices(NamedTuple):
    """A model, cut by one part of an objective; the places of the others hold None in each.

    Args:
        own: parameters that the part moves.
        others: parameters that it does not move.
        rest: buffers and whatever else is not trained.
    """

    own: Any
    others: Any
    rest: Any

    def join(self) -> Any:
        """Return the model."""
        return combine(combine(self.own, self.others), self.rest)


def slice_model(model: Any, paths: Sequence[str]) -> Slices:
    """Cut a model by the patterns of one part.

    Args:
        model: the model.
        paths: shell patterns of parameter paths.

    Raises:
        ConfigError: a pattern matches no parameter.
    """
    chosen = Rules(dict.fromkeys(paths, True), default=False).apply(model)
    mask = trainable(model)
    own = jax.tree.map(lambda array, on, one: array if on and one else None, model, mask, chosen)
    others = jax.tree.map(lambda array, on, one: array if on and not one else None, model, mask, chosen)
    return Slices(own, others, partition(model)[1])


def first_state(model: Any, optimizer: Any, key: Array, *, averaged: bool) -> TrainState:
    """Return the state before the first step. To be compiled: as one program it costs one.

    Args:
        model: the freshly built model.
        optimizer: part → what its optimizer remembers.
        key: random key of the run.
        averaged: keep a moving average of the parameters.
    """
    parameters, _ = partition(model)
    zero = jnp.zeros((), jnp.int32)
    return TrainState(
        model=model,
        optimizer=jax.tree.map(jnp.asarray, optimizer),
        average=parameters if averaged else None,
        best=model,
        best_value=jnp.full((), jnp.inf, jnp.float32),
        best_epoch=zero - 1,
        stale=zero,
        stopped=jnp.zeros((), bool),
        step=zero,
        key=key,
        lr_scale=jnp.ones((), jnp.float32),
        plateau=zero,
        skipped=zero,
        skipped_in_row=zero,
    )
