"""What is fixed while compiling, and what the hooks of a step are told."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from lamina.core.hashing import hashed_key
from lamina.objectives.base import AbstractObjective, Batch, Losses, Part
from lamina.train.optimizers.registry import DECAY, OPTIMIZERS, Hyper
from lamina.train.optimizers.rule import Rule
from lamina.train.optimizers.schedules import factor

MIXED = "mixed"


class StepContext(NamedTuple):
    """What an augmentation is told of the step.

    Args:
        key: random key of this step's changes.
        run_key: random key of the run, the same at every step.
        ids: numbers of the examples among the training examples, (batch,).
        epoch: number of the epoch, from 0.
    """

    key: Any
    run_key: Any
    ids: Any
    epoch: Any


Augment = Callable[[Any, StepContext], Any]


class AbstractAugmentation(abc.ABC):
    """An augmentation that changes the losses as well as the batch, as mixing examples does.

    Whatever changes the batch alone may be any hashable callable ``(batch, context) -> batch``.
    """

    @abc.abstractmethod
    def __call__(self, batch: Batch, context: StepContext) -> Batch:
        """Return the changed batch."""

    @property
    @abc.abstractmethod
    def mixes_examples(self) -> bool:
        """Whether an example may become a mixture of two."""

    @abc.abstractmethod
    def losses(self, objective: AbstractObjective, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the objective's losses of a batch that was changed."""


@dataclass(frozen=True)
class BlockAugmentation:
    """Changes of some blocks of inputs, each of them as if it were all of the inputs.

    Args:
        changes: block name → its change, in pairs.
    """

    changes: tuple[tuple[str, Augment], ...]

    def __call__(self, batch: Batch, context: StepContext) -> dict[str, Any]:
        """Return the batch with each block changed that is there, by random numbers of its own."""
        x = dict(batch["x"])
        for place, (name, change) in enumerate(self.changes):
            if name in x:
                key = hashed_key(context.key, jnp.array(place, jnp.uint32))  # type: ignore[arg-type]
                x[name] = change({**batch, "x": x[name]}, context._replace(key=key))["x"]
        return {**batch, "x": x}


@dataclass(frozen=True)
class Program:
    """What is fixed while compiling: the objective and which mechanisms take part.

    Args:
        objective: losses, their parts, and metrics.
        optimizer: name in `OPTIMIZERS`.
        schedule: name in `SCHEDULES`.
        precision: ``"float32"``; ``"bfloat16"``; or ``"mixed"``, where parameters and activations are float32
            and dense products may round their operands to bfloat16 (Micikevicius et al. Mixed precision
            training. ICLR 2018).
        accumulate: microbatches a batch is cut into.
        clipped: clip the gradient of each part by its norm.
        penalized: add L1 and L2 penalties.
        early_stopping: stop after ``patience`` epochs and keep the best.
        monitor: name of the validation value that decides.
        augment: random changes of the training batch, hashable, or None.
    """

    objective: AbstractObjective
    optimizer: str = "adamw"
    schedule: str = "constant"
    precision: str = "float32"
    accumulate: int = 1
    clipped: bool = False
    penalized: bool = False
    early_stopping: bool = True
    monitor: str = "loss"
    augment: Augment | None = None

    def losses(self, model: Any, batch: Batch, *, key: Any) -> Losses:
        """Return the objective's losses, by way of the augmentation where that changes them too."""
        if isinstance(self.augment, AbstractAugmentation):
            return self.augment.losses(self.objective, model, batch, key=key)
        return self.objective.losses(model, batch, key=key)


def make_rule(program: Program, part: Part, lr: Array, hyper: Hyper, parameters: Any) -> Rule:
    """Return the rule of one step for the parameters of one part."""
    decayed = DECAY.apply(parameters, strict=False)
    return OPTIMIZERS[program.optimizer](lr * part.lr, hyper, decayed)


def learning_rate(program: Program, step: Array, lr_scale: Array, hyper: Hyper) -> Array:
    """Return the learning rate of a step: schedule, warm-up, and what plateaus and rollbacks left of it."""
    return factor(program.schedule, step, hyper["total"], hyper["warmup"]) * hyper["lr"] * lr_scale


def arithmetic(precision: str) -> contextlib.AbstractContextManager[Any]:
    """Return the context in which a model is traced, which says whether products may round operands."""
    return jax.default_matmul_precision("bfloat16") if precision == MIXED else contextlib.nullcontext()


def cast(tree: Any, precision: str, *, kinds: tuple[Any, ...] = (jnp.float32,)) -> Any:
    """Return the tree with arrays of these types in the arithmetic of the run."""
    if precision in ("float32", MIXED):
        return tree
    return jax.tree.map(lambda a: a.astype(precision) if a.dtype in kinds else a, tree)


def cast_inputs(batch: Any, precision: str, *, kinds: tuple[Any, ...] = (jnp.float32,)) -> Any:
    """Return the batch with its inputs ``x`` in the arithmetic of the run."""
    return {**batch, "x": cast(batch["x"], precision, kinds=kinds)} if "x" in batch else batch
