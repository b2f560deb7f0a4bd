"""Progress: one updating line on a terminal, plain lines elsewhere, and ``metrics.csv``."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.core import storage
from lamina.core.wording import duration
from lamina.runs.voice import Voice
from lamina.tasks.metrics import metric_number
from lamina.train.callbacks import Callback, RunView
from lamina.train.clock import compile_counter

if TYPE_CHECKING:
    from lamina.network import Prepared

MOST_LINES = 60
REFRESH_SECONDS = 0.1


class ShownMetric:
    """The one metric to watch beside the loss, from what an epoch logs.

    Accuracy for classes and labels; for numbers the RMSE, in the target's own unit if there is
    one target, else of standardized values.

    Args:
        name: what it is called.
        logged: name in the logs.
        convert: from the logged value to the one shown.
    """

    def __init__(self, name: str, logged: str, convert: Callable[[float], float] = float):
        self.name, self.logged, self.convert = name, logged, convert

    @staticmethod
    def of(prepared: Prepared) -> ShownMetric:
        """Return the metric that suits what is learned."""
        if prepared.task.kind != "regression":
            return ShownMetric("accuracy", "valid_accuracy")
        scale = prepared.target_encoder.deviation
        unit = float(scale[0]) if len(scale) == 1 else 1.0
        return ShownMetric("rmse", "valid_mse", lambda value: unit * math.sqrt(max(value, 0.0)))

    def value(self, logs: Mapping[str, float]) -> float | None:
        """Return the value of an epoch, or None where nothing validates."""
        return self.convert(logs[self.logged]) if self.logged in logs else None

    def history(self, history: Mapping[str, list[float]]) -> list[float]:
        """Return the value of every epoch."""
        return [self.convert(value) for value in history.get(self.logged, [])]


class Watch(Callback):
    """Turns what an epoch logs into one line; the two ways of showing it share this.

    Args:
        voice: says the lines.
        metric: shown beside the loss.
        monitor: the value that decides what is best.
        networks: how many are trained one after another.
        ends: when the time limit is over (``time.perf_counter``), or None.
    """

    def __init__(
        self,
        voice: Voice,
        metric: ShownMetric,
        *,
        monitor: str = "loss",
        networks: int = 1,
        ends: float | None = None,
    ):
        self.voice, self.metric, self.monitor = voice, metric, monitor
        self.networks, self.ends = networks, ends
        self.network = 0
        self.compiled: float | None = None
        self._compiled_before = 0.0

    def on_train_begin(self, run: RunView) -> None:
        """Count the networks, and say where a resumed one goes on."""
        self.network += 1
        done = len(run.history.get("epoch", ()))
        if done:
            part = f"network {self.network}/{self.networks}, " if self.networks > 1 else ""
            self.voice.field("resumed", f"{part}after epoch {done} of {run.info['epochs']}")
        self.times: list[float] = []
        self._compiled_before = self._compiled_at = compile_counter().seconds

    def on_chunk_end(self, step: int, run: RunView) -> None:
        """Say once how long compiling took."""
        if self.compiled is None:
            self.compiled = compile_counter().seconds - self._compiled_before
            self.voice.field("compiled", f"in {duration(self.compiled)}")

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""

    def line(self, epoch: int, logs: Mapping[str, float], run: RunView) -> str:
        """Return an epoch in words: losses, metric, best, time left."""
        epochs = run.info["epochs"]
        part = f"network {self.network}/{self.networks}  " if self.networks > 1 else ""
        words = [f"{part}epoch {epoch:>{len(str(epochs))}}/{epochs}", *self.numbers(epoch, logs, run)]
        left = self.time_left(epoch, logs["seconds"], epochs)
        return "  ".join([*words, f"{duration(left)} left"] if left is not None else words)

    def numbers(self, epoch: int, logs: Mapping[str, float], run: RunView) -> list[str]:
        """Return the losses and the metric in words, the best beside the one that decides."""
        words = [f"loss {metric_number(logs['train_loss'])}"]
        best = f" (best {self.best(run)})" if "best_value" in run.info else ""
        if "valid_loss" in logs:
            words.append(f"valid {metric_number(logs['valid_loss'])}" + best * (self.monitor == "loss"))
        value = self.metric.value(logs)
        if value is None:
            return words
        return [*words, f"{self.metric.name} {metric_number(value)}" + best * (self.monitor != "loss")]

    def best(self, run: RunView) -> str:
        """Return the best value so far of what decides, and its epoch."""
        value = abs(float(run.info["best_value"]))  # of the accuracy the negative is made small
        if f"valid_{self.monitor}" == self.metric.logged:
            value = self.metric.convert(value)
        return f"{metric_number(value)} at {int(run.info['best_epoch'])}"

    def time_left(self, epoch: int, seconds: float, epochs: int) -> float | None:
        """Return the seconds that the rest will take at most, from the epochs so far."""
        compiled = compile_counter().seconds
        self.times.append(max(0.0, seconds - (compiled - self._compiled_at)))
        self._compiled_at = compiled
        epochs_left = epochs - epoch + epochs * (self.networks - self.network)
        if not epochs_left:
            return None
        left = sorted(self.times)[len(self.times) // 2] * epochs_left
        if self.ends is not None:
            left = min(left, max(0.0, self.ends - time.perf_counter()))
        return left


class Lines(Watch):
    """One plain line per epoch, at most some sixty evenly spread; the last is always said."""

    def on_train_begin(self, run: RunView) -> None:
        """Decide which epochs are said."""
        super().on_train_begin(run)
        self.every = -(-run.info["epochs"] * self.networks // MOST_LINES) or 1
        self.unsaid = ""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Say the line, or keep it until it turns out to be the last."""
        line = self.line(epoch, logs, run)
        is_due = epoch == 1 or epoch % self.every == 0 or epoch == run.info["epochs"]
        if is_due:
            self.voice.say(line)
        else:
            self.voice.record(line)
        self.unsaid = "" if is_due else line

    def on_train_end(self, run: RunView) -> None:
        """Say the last line."""
        if self.unsaid:
            self.voice.say(self.unsaid)


class Bar(Watch):
    """One line on a terminal that is updated in place."""

    def on_train_begin(self, run: RunView) -> None:
        """Nothing is drawn before the first chunk, so that compiling is not taken for standing still."""
        super().on_train_begin(run)
        self.bar: Any = None
        self.text, self.seen = "", 0.0

    def _draw(self, step: int, run: RunView) -> None:
        total = run.info["epochs"] * run.info["steps_per_epoch"]
        if self.bar is None:
            self.bar = _rich_bar(self.voice.stream)
            self.bar.start()
            self.task = self.bar.add_task("", total=total)
        self.bar.update(self.task, completed=min(step, total), description=self.text)
        self.bar.refresh()
        self.seen = time.perf_counter()

    def on_chunk_end(self, step: int, run: RunView) -> None:
        """Move the bar."""
        super().on_chunk_end(step, run)
        self.step = step
        if time.perf_counter() - self.seen > REFRESH_SECONDS:
            self._draw(step, run)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Renew the numbers."""
        self.text = self.line(epoch, logs, run)
        self.voice.record(self.text)
        if time.perf_counter() - self.seen > REFRESH_SECONDS:
            self._draw(self.step, run)

    def on_train_end(self, run: RunView) -> None:
        """Leave the last numbers standing."""
        if self.text:
            self._draw(self.step, run)
        self.close()

    def close(self) -> None:
        """Give the terminal back."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def _rich_bar(stream: Any) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    text = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    console = Console(file=stream, highlight=False)
    return Progress(text, BarColumn(bar_width=None), console=console, auto_refresh=False, expand=False)


class MetricsFile(Callback):
    """A row per epoch in a CSV file, there as soon as the epoch is over.

    A resumed run writes the file anew from its history, then goes on.

    Args:
        path: the file.
        networks: how many are trained one after another; if several, each row says which.
    """

    def __init__(self, path: Path, *, networks: int = 1):
        self.path, self.networks = path, networks
        self.network = 0
        self.rows: list[str] = []

    def on_train_begin(self, run: RunView) -> None:
        """Write what the history holds already."""
        self.network += 1
        columns = list(run.history)
        if not columns and self.network > 1:
            return
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*run.history.values(), strict=True)]
        self.rows += [self._row(row) for row in rows]
        head = [self._head(columns)] if columns else []
        storage.write_file(self.path, "".join([*head, *self.rows]).encode())

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: RunView) -> None:
        """Add the row, the first time with its header."""
        row = self._row({"epoch": epoch, **logs})
        head = "" if self.rows else self._head(["epoch", *logs])
        self.rows.append(row)
        storage.append_file(self.path, (head + row).encode())

    def _head(self, columns: list[str]) -> str:
        return ",".join([*(["network"] if self.networks > 1 else []), *columns]) + "\n"

    def _row(self, values: Mapping[str, float]) -> str:
        cells = [str(self.network)] if self.networks > 1 else []
        for name, value in values.items():
            cells.append(str(int(value)) if name == "epoch" else repr(float(value)))
        return ",".join(cells) + "\n"
