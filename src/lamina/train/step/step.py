"""The compiled heart: one training step over the parts of an objective, and many of them in one program.

Numbers that may differ between runs (learning rate, decay, lengths) are arguments, so two
runs of one architecture share a compiled program, and a population can sweep them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.hashing import hashed_key
from lamina.objectives.base import Part
from lamina.train.optimizers.registry import Hyper
from lamina.train.optimizers.rule import where_finite
from lamina.train.step.gradient import clip_and_check, gradient_of_part
from lamina.train.step.program import Program, StepContext, arithmetic, learning_rate, make_rule
from lamina.train.step.state import TrainState, partition, slice_model
from lamina.train.step.statistics import with_statistics

# Step i draws from hashed_key(run key, i): the step is in the state, so a resumed run draws the same
# numbers without a generator to save. Each use hashes a constant of its own into that key, so that no two
# draw the same numbers: dropout of the first part takes the key as it is, later parts _PARTS + place.
_AUGMENTS, _PICKS, _PARTS = 0xA09, 0x91C, 0x9A27

Means = dict[str, dict[str, Any]]  # part → name → value


class Report(NamedTuple):
    """What one part did in one step.

    Args:
        values: its loss and metrics.
        taken: whether it was its turn.
        finite: whether loss and gradient were finite; True where it was not its turn.
    """

    values: dict[str, Any]
    taken: Any
    finite: Any


def _key(key: Any, constant: int) -> Array:
    return hashed_key(key, jnp.array(constant, jnp.uint32))  # type: ignore[arg-type]


def train_step(
    program: Program, state: TrainState, batch: Any, ids: Array | None, hyper: Hyper
) -> tuple[TrainState, dict[str, Report]]:
    """Take one step; a step in which a part is not finite changes nothing but a counter.

    Args:
        program: what is fixed while compiling.
        state: before the step.
        batch: what the objective picked, examples first.
        ids: numbers of the examples, for the augmentation; None without one.
        hyper: ``lr, weight_decay, momentum, beta2, clip, l1, l2, ema, total, epoch_steps, warmup …``

    Returns:
        The state after the step, and what each part did.
    """
    key = hashed_key(state.key, state.step)
    if program.augment is not None:
        epoch = state.step // hyper["epoch_steps"].astype(jnp.int32)
        batch = program.augment(batch, StepContext(_key(key, _AUGMENTS), state.key, ids, epoch))
    step = state.step.astype(jnp.float32)
    lr = learning_rate(program, step, state.lr_scale, hyper)
    model, optimizer, reports = _move_parts(program, state, batch, key, lr, hyper)
    finite = _all([report.finite for report in reports.values()])
    if len(reports) > 1:  # a part that comes later may undo those before it
        model, optimizer = where_finite(finite, (model, optimizer), (state.model, state.optimizer))
    average = state.average
    if average is not None:
        decay = jnp.minimum(hyper["ema"], (step + 1) / (step + 10))
        average = jax.tree.map(lambda a, p: a * decay + p * (1 - decay), average, partition(model)[0])
        average = where_finite(finite, average, state.average)
    bad = (~finite).astype(jnp.int32)
    return state._replace(
        model=model,
        optimizer=optimizer,
        average=average,
        step=state.step + 1,
        skipped=state.skipped + bad,
        skipped_in_row=(state.skipped_in_row + bad) * bad,
    ), reports


def _all(flags: list[Array]) -> Array:
    return flags[0] if len(flags) == 1 else jnp.stack(flags).all()


def _move_parts(
    program: Program, state: TrainState, batch: Any, key: Any, lr: Array, hyper: Hyper
) -> tuple[Any, dict[str, Any], dict[str, Report]]:
    """Move the parts one after another, each on the model that those before it have moved."""
    model, optimizer, reports = state.model, {}, {}
    for place, (name, part) in enumerate(program.objective.parts.items()):
        own_key = key if place == 0 else _key(key, _PARTS + place)

        def move(model: Any, memory: Any, name: str = name, own_key: Any = own_key) -> Any:
            return _move(program, name, model, memory, batch, own_key, lr, hyper)

        turn = move if part.every == 1 else _in_turn(move, part, state.step)
        model, optimizer[name], reports[name] = turn(model, state.optimizer[name])
    return model, optimizer, reports


def _move(
    program: Program, name: str, model: Any, memory: Any, batch: Any, key: Any, lr: Array, hyper: Hyper
) -> tuple[Any, Any, Report]:
    """Move one part's parameters, and the running statistics on its paths."""
    part = program.objective.parts[name]
    slices = slice_model(model, part.paths)
    found = gradient_of_part(program, name, slices, batch, key, hyper)
    gradient, finite = clip_and_check(program, found, hyper)
    rule = make_rule(program, part, lr, hyper, slices.own)
    with arithmetic(program.precision):
        own, memory = rule.step(gradient, memory, slices.own, finite)
    rest = where_finite(finite, with_statistics(slices.rest, found.seen, part.paths), slices.rest)
    report = Report({"loss": found.loss, **found.metrics}, True, finite)
    return slices._replace(own=own, rest=rest).join(), memory, report


def _in_turn(move: Callable[..., Any], part: Part, step: Array) -> Callable[..., Any]:
    """Return a function that moves at every so many steps, and else costs nothing."""

    def turn(model: Any, memory: Any) -> Any:
        shapes = jax.eval_shape(move, model, memory)[2]
        zeros = {name: jnp.zeros(value.shape, value.dtype) for name, value in shapes.values.items()}

        def idle(model: Any, memory: Any) -> Any:
            return model, memory, Report(zeros, jnp.array(False), jnp.array(True))

        def taken(model: Any, memory: Any) -> Any:
            model, memory, report = move(model, memory)
            return model, memory, report._replace(taken=jnp.array(True))

        return jax.lax.cond(step % part.every == 0, taken, idle, model, memory)

    return turn


def train_chunk(
    program: Program, state: TrainState, data: Any, places: Array, ids: Array, count: Array, hyper: Hyper
) -> tuple[TrainState, Means]:
    """Take ``count`` steps over batches of ``data``, each picked by the objective.

    Args:
        program: what is fixed while compiling.
        state: before the chunk.
        data: arrays that the objective picks from.
        places: (steps, batch) where the examples lie in ``data``.
        ids: (steps, batch) their numbers among all examples: the same, unless ``data`` is streamed.
        count: how many of the steps to take, so that a shorter last chunk compiles nothing.
        hyper: numbers of the run.

    Returns:
        The state after the chunk, and for each part the means of its loss and metrics over the
        steps it took whose loss is finite, NaN if there are none.
    """
    given = (data, places, ids, hyper)
    index = jax.ShapeDtypeStruct((), jnp.int32, weak_type=True)  # as in the loop: one trace
    first = jax.eval_shape(functools.partial(_picked_step, program), state, index, *given)
    totals = {part: {name: jnp.zeros(()) for name in report.values} for part, report in first[1].items()}
    counts = {part: jnp.zeros(()) for part in totals}

    def body(index: Array, carry: tuple[TrainState, Any, Any]) -> tuple[TrainState, Any, Any]:
        state, reports = _picked_step(program, carry[0], index, *given)
        totals, counts = dict(carry[1]), dict(carry[2])
        for part, report in reports.items():
            counted = jnp.isfinite(report.values["loss"]) & report.taken
            for name, value in report.values.items():
                totals[part] = {**totals[part], name: totals[part][name] + jnp.where(counted, value, 0)}
            counts[part] = counts[part] + counted.astype(jnp.float32)
        return state, totals, counts

    state, totals, counts = jax.lax.fori_loop(0, count, body, (state, totals, counts))
    return state, {
        part: {name: total / counts[part] for name, total in values.items()}
        for part, values in totals.items()
    }


@functools.partial(jax.jit, static_argnums=0, inline=True)  # traced once, for its shapes and for the loop
def _picked_step(
    program: Program, state: TrainState, index: Array, data: Any, places: Array, ids: Array, hyper: Hyper
) -> tuple[TrainState, dict[str, Report]]:
    key = _key(hashed_key(state.key, state.step), _PICKS)
    batch = program.objective.pick(data, places[index], key=key)
    numbers = None if program.augment is None else ids[index]  # else they need not come to the device
    return train_step(program, state, batch, numbers, hyper)
