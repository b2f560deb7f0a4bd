"""Populations: many networks of one architecture trained as one program.

Seeds, ensembles, hyperparameters and architecture candidates of one shape are all
populations. `jax.vmap` over models turns hundreds of tiny products into one large one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.core.errors import ConfigError
from lamina.objectives.base import AbstractObjective
from lamina.train.config import TrainConfig
from lamina.train.loop.callbacks import Callback
from lamina.train.loop.engine import PopulationEngine, member_states
from lamina.train.loop.feed import Rows
from lamina.train.loop.loop import Loop
from lamina.train.loop.plan import make_program
from lamina.train.loop.result import TrainResult, make_result
from lamina.train.safeguard.checkpoint import Snapshot
from lamina.train.step.program import Augment


def train_population(
    models: Sequence[Any],
    objective: AbstractObjective,
    data: Rows,
    valid: Rows | None = None,
    *,
    config: TrainConfig | None = None,
    augment: Augment | None = None,
    seeds: Sequence[int] | None = None,
    sweep: Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    should_stop: Callable[[], str | None] = lambda: None,
    resume: Snapshot | None = None,
) -> list[TrainResult]:
    """Train many models at once; each ends as it would have alone, up to rounding.

    Args:
        models: untrained models of one architecture and size.
        objective: losses and metrics, shared.
        data: training rows, shared; they have to fit on the device.
        valid: validation rows, shared, or None.
        config: keys of training, shared.
        augment: random changes of each training batch, as for `train`.
        seeds: one seed a member (order of rows, dropout). All the same, as a sweep of
            hyperparameters wants it, lets the members share their batches, which is faster;
            the default is ``config.seed`` for all.
        sweep: key → one value a member: ``lr``, ``weight_decay``, ``momentum`` …
        callbacks: see arrays with one value a member in their logs.
        should_stop: asked after every chunk; a text ends the run with that reason, and
            ``"interrupted"`` leaves the epoch open, to be resumed by ``resume``.
        resume: a snapshot of the same population to go on from (`Checkpoints` writes them).

    Returns:
        One result a member; ``history`` holds the member's own values, ``snapshot`` those of all.

    Raises:
        ConfigError: no models, lengths differ, or a key can't be swept.

    Example:
        >>> from lamina.models import build
        >>> from lamina.objectives import RegressionObjective
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> rows = {"x": x, "y": 2 * x, "weight": np.ones(64, np.float32)}
        >>> models = [build("linear", inputs=(1,), outputs=1, seed=s) for s in range(3)]
        >>> config = TrainConfig(epochs=20, early_stopping=False)
        >>> rates = [1e-4, 1e-2, 1e-1]
        >>> objective = RegressionObjective()
        >>> results = train_population(models, objective, rows, config=config, sweep={"lr": rates})
        >>> bool(results[2].history["train_loss"][-1] < results[0].history["train_loss"][-1])
        True
    """
    if not models:
        raise ConfigError("a population needs at least one model")
    config, members = config or TrainConfig(), len(models)
    sweep = dict(sweep or {})
    seeds = [config.seed] * members if seeds is None else list(seeds)
    program = make_program(objective, config, augment)
    loop = Loop(
        lambda hyper: PopulationEngine(models, program, config, hyper, seeds=seeds, sweep=sweep),
        data,
        valid,
        config,
        callbacks=callbacks,
        should_stop=should_stop,
    )
    if resume is not None:
        loop.restore(resume)
    loop.run()
    snapshot = loop.snapshot() if loop.interrupted else None
    states = member_states(loop.state, members)
    return [_member(loop, state, snapshot, index) for index, state in enumerate(states)]


def _member(loop: Loop, state: Any, snapshot: Snapshot | None, index: int) -> TrainResult:
    result = make_result(loop, state, snapshot)
    own = {
        name: [value[index].item() if isinstance(value, np.ndarray) else value for value in values]
        for name, values in result.history.items()
    }
    return TrainResult(**{**vars(result), "history": own})
