"""Train one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamina.objectives.base import AbstractObjective
from lamina.train.config import TrainConfig
from lamina.train.loop.callbacks import Callback
from lamina.train.loop.engine import SingleEngine
from lamina.train.loop.feed import Rows
from lamina.train.loop.loop import Loop
from lamina.train.loop.plan import make_program
from lamina.train.loop.result import TrainResult, make_result
from lamina.train.safeguard.checkpoint import Snapshot
from lamina.train.step.program import Augment


def train(
    model: Any,
    objective: AbstractObjective,
    data: Rows,
    valid: Rows | None = None,
    *,
    config: TrainConfig | None = None,
    augment: Augment | None = None,
    callbacks: Sequence[Callback] = (),
    should_stop: Callable[[], str | None] = lambda: None,
    resume: Snapshot | None = None,
) -> TrainResult:
    """Train a model.

    Args:
        model: any `Module`; not changed, the trained one is in the result.
        objective: losses and metrics.
        data: ``{"x": array or tree, "y": targets, "weight": (examples,)}``, examples first.
        valid: the same for validation, or None: then the last weights are kept.
        config: see `TrainConfig`.
        augment: random changes of each training batch, inside the compiled step: a hashable
            ``(batch, context) -> batch``; see `StepContext`.
        callbacks: called at the events of `Callback`.
        should_stop: asked after every chunk; a text ends the run with that reason, and
            ``"interrupted"`` leaves the epoch open, to be resumed by ``resume``.
        resume: a snapshot of the same run to go on from.

    Returns:
        A `TrainResult` with the best model on the host.

    Raises:
        RunError: the loss stayed not finite.

    Example:
        >>> import numpy as np
        >>> from lamina.models import build
        >>> from lamina.objectives import RegressionObjective
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> rows = {"x": x, "y": 2 * x, "weight": np.ones(64, np.float32)}
        >>> config = TrainConfig(epochs=30, lr=0.05, early_stopping=False)
        >>> model = build("linear", inputs=(1,), outputs=1)
        >>> result = train(model, RegressionObjective(), rows, config=config)
        >>> result.history["train_loss"][-1] < 0.01
        True
    """
    config = config or TrainConfig()
    program = make_program(objective, config, augment)
    loop = Loop(
        lambda hyper: SingleEngine(model, program, config, hyper),
        data,
        valid,
        config,
        callbacks=callbacks,
        should_stop=should_stop,
    )
    if resume is not None:
        loop.restore(resume)
    loop.run()
    return make_result(loop, loop.state, loop.snapshot() if loop.interrupted else None)
