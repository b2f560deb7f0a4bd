"""What training gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from lamina.train.loop.loop import Loop
from lamina.train.safeguard.checkpoint import Snapshot
from lamina.train.step.state import TrainState


@dataclass(frozen=True)
class TrainResult:
    """What training gives back.

    Args:
        model: the best model, arrays on the host.
        history: one list a quantity, one entry an epoch: ``train_loss``, ``valid_<name>``, ``lr``,
            ``seconds``; of an objective with several parts also ``train_<part>_<name>``.
        best_epoch: the epoch the model comes from, from 1.
        epochs: epochs begun.
        steps: steps taken.
        seconds: whole time.
        compile_seconds: of which tracing and compiling.
        skipped: steps skipped because they were not finite.
        ended: why it ended: ``"epochs"``, ``"early stopping"``, ``"time limit"`` or a callback's words.
        state: the last state.
        snapshot: of an interrupted run, to go on from.
    """

    model: Any
    history: dict[str, list[float]]
    best_epoch: int
    epochs: int
    steps: int
    seconds: float
    compile_seconds: float
    skipped: int
    ended: str
    state: TrainState | None = field(default=None, repr=False, compare=False)
    snapshot: Snapshot | None = field(default=None, repr=False, compare=False)


def make_result(loop: Loop, state: TrainState, snapshot: Snapshot | None) -> TrainResult:
    """Return the result of one model from its last state, with the snapshot of an interrupted run."""
    return TrainResult(
        model=jax.tree.map(np.asarray, state.best),
        history=loop.history,
        best_epoch=int(state.best_epoch),
        epochs=loop.epoch,
        steps=int(state.step),
        seconds=loop.clock.spent,
        compile_seconds=loop.clock.compile_seconds,
        skipped=int(state.skipped),
        ended=loop.ended or "epochs",
        state=state,
        snapshot=snapshot,
    )
