"""What a config fixes before the first step: batch size, compiled program, numbers it takes."""

from __future__ import annotations

import numpy as np

from lamina.core.errors import ConfigError, suggest
from lamina.objectives.base import AbstractObjective
from lamina.train.config import TrainConfig
from lamina.train.step.program import Augment, Program


def default_batch_size(rows: int) -> int:
    """Return a batch size that suits the number of training rows.

    Example:
        >>> default_batch_size(500), default_batch_size(13_000), default_batch_size(10**6)
        (32, 256, 1024)
    """
    for limit, size in ((1_000, 32), (4_000, 64), (10_000, 128), (50_000, 256), (200_000, 512)):
        if rows <= limit:
            return size
    return 1024


def batch_size_of(config: TrainConfig, rows: int) -> int:
    """Return the rows of a batch: as asked or by rule, a multiple of its microbatches.

    Raises:
        ConfigError: it has more microbatches than rows.
    """
    size = min(config.batch_size or default_batch_size(rows), rows)
    size -= size % config.accumulate
    if size < 1:
        raise ConfigError("accumulate is larger than the batch", received=config.accumulate)
    return size


def monitored(objective: AbstractObjective, name: str) -> str:
    """Return the value that decides what is best: as asked, or where ``loss`` is not measured the first.

    Raises:
        ConfigError: the objective measures no such value.
    """
    known = tuple(objective.monitor)
    if name in known:
        return name
    if name == TrainConfig.monitor and known:
        return known[0]
    raise ConfigError(
        f"monitor is out of range{suggest(name, known)}",
        expected="one of " + ", ".join(known),
        received=repr(name),
    )


def make_program(
    objective: AbstractObjective, config: TrainConfig, augment: Augment | None = None
) -> Program:
    """Return what is fixed while compiling."""
    return Program(
        objective=objective,
        optimizer=config.optimizer,
        schedule=config.schedule,
        precision=config.precision,
        accumulate=config.accumulate,
        clipped=config.clip is not None,
        penalized=config.l1 > 0 or config.l2 > 0,
        early_stopping=config.early_stopping,
        monitor=monitored(objective, config.monitor),
        augment=augment,
    )


def make_hyper(config: TrainConfig, *, total_steps: int) -> dict[str, np.ndarray]:
    """Return what of a config is an argument of the compiled program."""
    values = {
        "lr": 1e-3 if config.lr is None else config.lr,
        "weight_decay": config.weight_decay or 0.0,
        "momentum": config.momentum,
        "beta2": config.beta2,
        "clip": config.clip or 1.0,
        "l1": config.l1,
        "l2": config.l2,
        "ema": config.ema,
        "total": total_steps,
        "epoch_steps": total_steps / max(1, config.epochs),
        "warmup": round(config.warmup * total_steps),
        "patience": config.patience,
        "plateau_factor": config.plateau_factor,
        "plateau_patience": config.plateau_patience,
    }
    return {name: np.asarray(value, np.float32) for name, value in values.items()}
