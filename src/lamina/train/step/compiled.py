"""The compiled programs of a run, for one model and for a population."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from lamina.train.optimizers.registry import Hyper
from lamina.train.step.evaluate import end_epoch, evaluate_model
from lamina.train.step.program import Program, make_rule
from lamina.train.step.state import TrainState, first_state, slice_model
from lamina.train.step.step import Means, train_chunk


def _first(program: Program, averaged: bool, model: Any, key: Array, hyper: Hyper) -> TrainState:
    memory = {}
    for name, part in program.objective.parts.items():
        own = slice_model(model, part.paths).own
        memory[name] = make_rule(program, part, jnp.zeros(()), hyper, own).init(own)
    return first_state(model, memory, key, averaged=averaged)


@functools.partial(jax.jit, static_argnums=(0, 4))
def jit_first_state(program: Program, model: Any, key: Array, hyper: Hyper, averaged: bool) -> TrainState:
    """Return the state before the first step, every array with memory of its own."""
    return _first(program, averaged, model, key, hyper)


@functools.partial(jax.jit, static_argnums=(0, 4))
def jit_first_population(program: Program, model: Any, key: Array, hyper: Hyper, averaged: bool) -> Any:
    """Return the states of all members before the first step, stacked."""
    return jax.vmap(functools.partial(_first, program, averaged))(model, key, hyper)


jit_chunk = jax.jit(train_chunk, static_argnums=0, donate_argnums=1)
jit_end = jax.jit(end_epoch, static_argnums=0, donate_argnums=1)
jit_evaluate = jax.jit(evaluate_model, static_argnums=0)


@functools.partial(jax.jit, static_argnums=(0, 6), donate_argnums=1)
def jit_chunk_population(
    program: Program,
    state: Any,
    data: Any,
    places: Array,
    ids: Array,
    count: Array,
    shared: bool,
    hyper: Hyper,
) -> tuple[Any, Means]:
    """Run `train_chunk` for every member at once; the order of examples is shared or each its own."""
    order = None if shared else 0
    axes = (0, None, order, order, None, 0)
    return jax.vmap(functools.partial(train_chunk, program), in_axes=axes)(
        state, data, places, ids, count, hyper
    )


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def jit_end_population(
    program: Program, state: Any, valid: Any, epoch: Array, hyper: Hyper
) -> tuple[Any, dict[str, Array]]:
    """Run `end_epoch` for every member at once."""
    function = functools.partial(end_epoch, program)
    return jax.vmap(function, in_axes=(0, None, None, 0))(state, valid, epoch, hyper)
