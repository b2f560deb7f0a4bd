"""Callbacks: what a person hangs on a run, under Keras's names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from lamina.core import storage
from lamina.core.errors import RunError


class RunView(Protocol):
    """What a callback may see and do."""

    history: dict[str, list[float]]
    info: dict[str, Any]
    states: Any  # `lamina.train.loop.states.States`: the models as they are, and what would be kept of them

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped from outside, to be resumed."""
        ...

    def stop(self, reason: str) -> None:
        """End the run after this epoch."""

    def scale_lr(self, factor: float) -> None:
        """Multiply the learning rate from now on."""

    def current_model(self) -> Any:
        """Return a host copy of the model as it is now."""

    def snapshot(self) -> Any:
        """Return the whole state of the run, to be written as a checkpoint."""


class Callback:
    """Does nothing at every event; override what you need.

    Example:
        >>> class Shout(Callback):
        ...     def on_epoch_end(self, epoch, logs, run):
        ...         print(f"epoch {epoch}: {logs['train_loss']:.2f}")
    """

    def on_train_begin(self, run: RunView) -> None:
        """Before the first step."""

    def on_epoch_begin(self, epoch: int, run: RunView) -> None:
        """Before the first step of an epoch."""

    def on_chunk_end(self, step: int, run: RunView) -> None:
        """After each compiled program of many steps; ``step`` counts from the start."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """After the evaluation of an epoch; ``logs`` holds what was measured."""

    def on_rollback(self, why: str, run: RunView) -> None:
        """After the run rolled back to its last good state, with a lower learning rate."""

    def on_train_end(self, run: RunView) -> None:
        """After the last epoch."""


class EarlyStopping(Callback):
    """Stop when a logged value no longer improves.

    The training engine stops early by itself (keys ``early_stopping``, ``patience``); use
    this for a value of your own.

    Args:
        monitor: name in the logs.
        patience: epochs to wait.
        min_delta: least change that counts.
        mode: ``"min"`` or ``"max"``.
    """

    def __init__(
        self, monitor: str = "valid_loss", *, patience: int = 10, min_delta: float = 0.0, mode: str = "min"
    ):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.sign = 1.0 if mode == "min" else -1.0
        self.best, self.stale = float("inf"), 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Compare with the best so far."""
        value = self.sign * logs[self.monitor]
        self.stale = 0 if value < self.best - self.min_delta else self.stale + 1
        self.best = min(self.best, value)
        if self.stale >= self.patience:
            run.stop(f"{self.monitor} did not improve for {self.patience} epochs")


class ReduceLROnPlateau(Callback):
    """Lower the learning rate when a logged value no longer improves.

    Args:
        monitor: name in the logs, lower is better.
        factor: in (0, 1).
        patience: epochs to wait.
    """

    def __init__(self, monitor: str = "valid_loss", *, factor: float = 0.5, patience: int = 5):
        self.monitor, self.factor, self.patience = monitor, factor, patience
        self.best, self.stale = float("inf"), 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Compare with the best so far."""
        self.stale = 0 if logs[self.monitor] < self.best else self.stale + 1
        self.best = min(self.best, logs[self.monitor])
        if self.stale >= self.patience:
            run.scale_lr(self.factor)
            self.stale = 0


class CSVLogger(Callback):
    """Write one row an epoch.

    Args:
        path: the file; its folder has to exist.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.columns: list[str] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Append the row; the first one brings the header."""
        first = not self.columns
        self.columns = self.columns or ["epoch", *logs]
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, extrasaction="ignore")
        if first:
            writer.writeheader()
        writer.writerow({"epoch": epoch, **logs})
        write = storage.write_file if first else storage.append_file
        write(self.path, text.getvalue().encode())


class TerminateOnNaN(Callback):
    """End the run at the first epoch whose loss is not finite."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Look at the training loss."""
        loss = logs["train_loss"]
        if loss != loss or loss in (float("inf"), float("-inf")):
            raise RunError("the loss is not finite", where=f"epoch {epoch}", fix="lower lr, or set clip=1.0")


class LambdaCallback(Callback):
    """Call a function after every epoch.

    Args:
        on_epoch_end: ``function(epoch, logs)``.
    """

    def __init__(self, on_epoch_end: Any):
        self._function = on_epoch_end

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Hand the logs on."""
        self._function(epoch, dict(logs))
