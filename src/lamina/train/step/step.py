"""The compiled heart: one training step, many of them in one program, and the end of an epoch.

Numbers that may differ between runs (learning rate, decay, lengths) are arguments, so two
runs of one architecture share a compiled program, and a population can sweep them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.errors import ConfigError
from lamina.core.hashing import hashed_key, hashed_keys
from lamina.core.module import map_arrays
from lamina.core.taps import observe
from lamina.objectives.base import AbstractObjective
from lamina.ops.update import all_finite
from lamina.train.augment import Augmentation, batch_losses, mirrored_now
from lamina.train.optimizers.registry import DECAY, OPTIMIZERS, Hyper, averaged_parameters
from lamina.train.optimizers.rule import Rule, where_finite
from lamina.train.optimizers.schedules import factor
from lamina.train.step.state import TrainState, combine, first_state, partition

_AUGMENTS = 0xA09  # sets the random numbers of augmentation apart from those of dropout
_PICKS, _EVALUATES = 0x91C, 0xE7A1  # and those of batches, and of evaluation


@dataclass(frozen=True)
class Program:
    """What is fixed while compiling: the task and which mechanisms take part.

    Args:
        task: losses and metrics.
        optimizer: name in `OPTIMIZERS`.
        schedule: name in `SCHEDULES`.
        precision: ``"float32"`` or ``"bfloat16"``.
        accumulate: parts a batch is cut into.
        clipped: clip the gradient by its norm.
        penalized: add L1 and L2 penalties.
        early_stopping: stop after ``patience`` epochs and keep the best.
        monitor: name of the validation value that decides.
        augmentation: random changes of the training images, or None.
    """

    task: AbstractObjective
    optimizer: str = "adamw"
    schedule: str = "constant"
    precision: str = "float32"
    accumulate: int = 1
    clipped: bool = False
    penalized: bool = False
    early_stopping: bool = True
    monitor: str = "loss"
    augmentation: Augmentation | None = None


def make_optimizer(program: Program, lr: Array, hyper: Hyper, model: Any) -> Rule:
    """Return the rule of one step for the trained part of ``model``."""
    parameters, _ = partition(model)
    decayed = DECAY.apply(parameters, strict=False)
    return OPTIMIZERS[program.optimizer](lr, hyper, decayed)


def _cast(tree: Any, precision: str) -> Any:
    if precision == "float32":
        return tree
    return jax.tree.map(lambda a: a.astype(precision) if a.dtype == jnp.float32 else a, tree)


def _cast_inputs(x: Any, precision: str) -> Any:
    """Return inputs in the arithmetic of the run; pixels from 0 to 255 are exact in bfloat16 too."""
    if precision == "float32":
        return x
    pixels = (jnp.float32, jnp.uint8)
    return jax.tree.map(lambda a: a.astype(precision) if a.dtype in pixels else a, x)


def _penalty(parameters: Any, hyper: Hyper) -> Array:
    kept = DECAY.apply(parameters, strict=False)
    weights = [p for p, keep in zip(jax.tree.leaves(parameters), jax.tree.leaves(kept), strict=True) if keep]
    signs = [jnp.sign(jax.lax.stop_gradient(w)) for w in weights]  # jnp.abs has slope one at zero
    l1 = sum(((w * sign).sum() for w, sign in zip(weights, signs, strict=True)), jnp.zeros(()))
    l2 = sum(((w**2).sum() for w in weights), jnp.zeros(()))
    return hyper["l1"] * l1 + 0.5 * hyper["l2"] * l2


def _gradient(program: Program, model: Any, batch: Any, key: Array, hyper: Hyper) -> tuple[Any, Any, Any]:
    """Return (loss, gradient of the trained part, statistics seen by the taps)."""
    parameters, rest = partition(model)

    def loss_of(parameters: Any) -> tuple[Array, Any]:
        network = combine(_cast(parameters, program.precision), rest)
        inputs = {**batch, "x": _cast_inputs(batch["x"], program.precision)}
        losses = functools.partial(batch_losses, program.task, key=key)
        parts, seen = observe(losses, "*running_*", strict=False)(network, inputs)
        loss = sum((part[0] for part in parts.values()), jnp.zeros(()))
        return loss + (_penalty(parameters, hyper) if program.penalized else 0.0), seen

    (loss, seen), gradient = jax.value_and_grad(loss_of, has_aux=True)(parameters)
    return loss, gradient, seen


def _accumulated(program: Program, model: Any, batch: Any, key: Array, hyper: Hyper) -> tuple[Any, Any, Any]:
    """Return the same as `_gradient`, from equal parts of the batch one after another."""
    parts = program.accumulate
    if parts == 1:
        return _gradient(program, model, batch, key, hyper)
    cut = jax.tree.map(lambda a: a.reshape(parts, a.shape[0] // parts, *a.shape[1:]), batch)
    keys = hashed_keys(key, parts)
    first = jax.tree.map(lambda a: a[0], cut)
    total = jax.tree.map(
        lambda a: jnp.zeros(a.shape, a.dtype),
        jax.eval_shape(lambda: _gradient(program, model, first, keys[0], hyper)),
    )

    def body(total: Any, part: Any) -> tuple[Any, None]:
        found = _gradient(program, model, part[0], part[1], hyper)
        return jax.tree.map(lambda a, b: a + (b / parts).astype(a.dtype), total, found), None

    return jax.lax.scan(body, total, (cut, keys))[0]


def train_step(program: Program, state: TrainState, batch: Any, hyper: Hyper) -> tuple[TrainState, Array]:
    """Take one step; a step whose loss or gradient is not finite changes nothing but a counter.

    Args:
        program: what is fixed while compiling.
        state: before the step.
        batch: ``{"x", "y", "weight"}``, rows first; with their numbers, ``row``, where images are mirrored
            in turn.
        hyper: ``lr, weight_decay, momentum, beta2, clip, l1, l2, ema, total, epoch_steps, warmup …``

    Returns:
        The state after the step, and the loss.
    """
    key = hashed_key(state.key, state.step)
    if program.augmentation is not None:
        if program.augmentation.alternates:
            epoch = state.step // hyper["epoch_steps"].astype(jnp.int32)
            batch = {**batch, "mirrored": mirrored_now(batch["row"], state.key, epoch)}
        batch = program.augmentation(batch, hashed_key(key, jnp.array(_AUGMENTS, jnp.uint32)))
    loss, gradient, seen = _accumulated(program, state.model, batch, key, hyper)
    gradient, finite = _checked(program, loss, gradient, hyper)
    step = state.step.astype(jnp.float32)
    lr = factor(program.schedule, step, hyper["total"], hyper["warmup"]) * hyper["lr"] * state.lr_scale
    parameters, rest = partition(state.model)
    rule = make_optimizer(program, lr, hyper, state.model)
    new, opt_state = rule.step(gradient, state.optimizer, parameters, finite)
    average = state.average
    if average is not None:
        decay = jnp.minimum(hyper["ema"], (step + 1) / (step + 10))
        average = jax.tree.map(lambda a, p: a * decay + p * (1 - decay), average, new)
        average = where_finite(finite, average, state.average)
    rest = where_finite(finite, _with_statistics(rest, seen), rest)
    after = state._replace(model=combine(new, rest), optimizer=opt_state, average=average)
    bad = (~finite).astype(jnp.int32)
    return after._replace(
        step=state.step + 1,
        skipped=state.skipped + bad,
        skipped_in_row=(state.skipped_in_row + bad) * bad,
    ), loss


def _checked(program: Program, loss: Array, gradient: Any, hyper: Hyper) -> tuple[Any, Array]:
    """Clip the gradient if asked, and say whether it and the loss are finite."""
    leaves = jax.tree.leaves(gradient)
    if not program.clipped:
        return gradient, all_finite([loss, *leaves])
    norm = jnp.sqrt(jnp.stack([jnp.vdot(g, g) for g in leaves]).sum())
    scale = jnp.minimum(1.0, hyper["clip"] / jnp.maximum(norm, 1e-12))
    return jax.tree.map(lambda g: g * scale, gradient), jnp.isfinite(loss) & jnp.isfinite(norm)


def _with_statistics(model: Any, seen: dict[str, Array]) -> Any:
    """Write tapped running statistics back into the buffers of the same path."""
    written: set[str] = set()

    def after(path: str, array: Any, is_buffer: bool) -> Any:
        if not is_buffer or path not in seen:
            return array
        written.add(path)
        return seen[path].astype(array.dtype)

    changed = map_arrays(model, after)
    if lost := sorted(seen.keys() - written):
        raise ConfigError(
            "running statistics have no place in the model",
            where=lost[0],
            expected="a buffer of the same path",
            fix="make the module that taps them a field of the model, and the array a buffer()",
        )
    return changed


def train_chunk(
    program: Program, state: TrainState, data: Any, order: Array, count: Array, hyper: Hyper
) -> tuple[TrainState, Array]:
    """Take ``count`` steps over the batches ``order[i]`` of resident ``data``.

    Args:
        program: what is fixed while compiling.
        state: before the chunk.
        data: ``{"x", "y", "weight"}`` of all rows.
        order: (steps, batch) row numbers.
        count: how many of the steps to take, so that a shorter last chunk compiles nothing.
        hyper: numbers of the run.

    Returns:
        The state after the chunk and the mean loss of its finite steps, NaN if there are none.
    """

    def body(index: Array, carry: tuple[TrainState, Array, Array]) -> tuple[TrainState, Array, Array]:
        state, total, counted = carry
        key = hashed_key(hashed_key(state.key, state.step), jnp.array(_PICKS, jnp.uint32))
        batch = program.task.pick(data, order[index], key=key)
        state, loss = train_step(program, state, batch, hyper)
        finite = jnp.isfinite(loss)
        return state, total + jnp.where(finite, loss, 0), counted + finite.astype(jnp.float32)

    state, total, counted = jax.lax.fori_loop(0, count, body, (state, jnp.zeros(()), jnp.zeros(())))
    return state, total / counted


def evaluate_model(program: Program, model: Any, data: Any, key: Any = 0) -> dict[str, Any]:
    """Return the weighted means of the objective's values over ``data``, (batches, batch, ...) each.

    Args:
        program: what is fixed while compiling.
        model: the model to judge.
        data: batches, the last filled up with examples of weight zero.
        key: random key, for objectives that draw; batch ``i`` gets the ``i``-th of its keys.
    """
    model = _cast(model, program.precision)

    def sums_of(batch: Any, key: Array) -> dict[str, Any]:
        cast = {**batch, "x": _cast(batch["x"], program.precision)} if "x" in batch else batch
        return program.task.evaluate(model, cast, key=key)

    def body(total: Any, one: Any) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, sums_of(*one)), None

    keys = hashed_keys(key, len(jax.tree.leaves(data)[0]))
    first = jax.tree.map(lambda a: a[0], data)
    zero = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), jax.eval_shape(sums_of, first, keys[0]))
    sums, _ = jax.lax.scan(body, zero, (data, keys))
    return {name: value / sums["weight"] for name, value in sums.items() if name != "weight"}


def kept_model(program: Program, state: TrainState) -> Any:
    """Return the model that would be kept now: the average where there is one."""
    parameters, rest = partition(state.model)
    if state.average is not None:
        return combine(state.average, rest)
    return combine(averaged_parameters(program.optimizer, state.optimizer, parameters), rest)


def end_epoch(
    program: Program, state: TrainState, valid: Any, epoch: Array, hyper: Hyper
) -> tuple[TrainState, dict[str, Array]]:
    """Evaluate, keep the best, count the patience, lower the rate on a plateau.

    Returns:
        The state, and the metrics with ``lr``, the rate of the epoch's last step.
    """
    model = kept_model(program, state)
    last = jnp.maximum(state.step - 1, 0).astype(jnp.float32)
    rate = factor(program.schedule, last, hyper["total"], hyper["warmup"]) * hyper["lr"] * state.lr_scale
    if valid is None:  # nothing to judge by: the newest is the best
        return state._replace(best=model, best_epoch=epoch), {"lr": rate}
    key = hashed_key(state.key, jnp.array(_EVALUATES, jnp.uint32))
    metrics = {**evaluate_model(program, model, valid, key), "lr": rate}
    value = metrics[program.monitor]
    value = -value if program.task.monitor.get(program.monitor, False) else value
    better = (value < state.best_value) & ~state.stopped
    kept = better if program.early_stopping else jnp.ones_like(better)
    plateau = jnp.where(better, 0, state.plateau + 1)
    stale = jnp.where(better, 0, state.stale + 1)
    lower = (plateau >= hyper["plateau_patience"].astype(plateau.dtype)) & (program.schedule == "plateau")
    out_of_patience = (stale >= hyper["patience"].astype(stale.dtype)) & program.early_stopping
    state = state._replace(
        best=jax.tree.map(lambda new, old: jnp.where(kept, new, old), model, state.best),
        best_value=jnp.where(better, value, state.best_value),
        best_epoch=jnp.where(kept, epoch, state.best_epoch),
        stale=stale,
        stopped=state.stopped | out_of_patience,
        lr_scale=jnp.where(lower, state.lr_scale * hyper["plateau_factor"], state.lr_scale),
        plateau=jnp.where(lower, 0, plateau),
    )
    return state, metrics


@functools.partial(jax.jit, static_argnums=(0, 4))
def jit_first_state(program: Program, model: Any, key: Array, hyper: Hyper, averaged: bool) -> TrainState:
    """Return the state before the first step, every array with memory of its own."""
    optimizer = make_optimizer(program, jnp.zeros(()), hyper, model)
    return first_state(model, optimizer, key, averaged=averaged)


@functools.partial(jax.jit, static_argnums=(0, 4))
def jit_first_population(program: Program, model: Any, key: Array, hyper: Hyper, averaged: bool) -> Any:
    """Return the states of all members before the first step, stacked."""

    def first(model: Any, key: Array, hyper: Hyper) -> TrainState:
        optimizer = make_optimizer(program, jnp.zeros(()), hyper, model)
        return first_state(model, optimizer, key, averaged=averaged)

    return jax.vmap(first)(model, key, hyper)


jit_chunk = jax.jit(train_chunk, static_argnums=0, donate_argnums=1)
jit_end = jax.jit(end_epoch, static_argnums=0, donate_argnums=1)
jit_evaluate = jax.jit(evaluate_model, static_argnums=0)


@functools.partial(jax.jit, static_argnums=(0, 5), donate_argnums=1)
def jit_chunk_population(
    program: Program, state: Any, data: Any, order: Array, count: Array, shared_order: bool, hyper: Hyper
) -> tuple[Any, Array]:
    """Run `train_chunk` for every member at once; the order of rows is shared or each its own."""
    axes = (0, None, None if shared_order else 0, None, 0)
    return jax.vmap(functools.partial(train_chunk, program), in_axes=axes)(state, data, order, count, hyper)


@functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
def jit_end_population(
    program: Program, state: Any, valid: Any, epoch: Array, hyper: Hyper
) -> tuple[Any, dict[str, Array]]:
    """Run `end_epoch` for every member at once."""
    function = functools.partial(end_epoch, program)
    return jax.vmap(function, in_axes=(0, None, None, 0))(state, valid, epoch, hyper)
