"""Progress: one updating line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from lamina.core.wording import duration
from lamina.objectives.metrics import metric_number
from lamina.runs.console import Console
from lamina.runs.shown import ShownMetric
from lamina.train.loop.callbacks import Callback, RunView
from lamina.train.loop.clock import compile_counter

MOST_LINES = 60
REFRESH_SECONDS = 0.1
BAR_FROM = 100  # columns of a terminal that has room for a bar beside the numbers


class Watch(Callback):
    """Turns what an epoch logs into one line; the two ways of showing it share this.

    Args:
        console: says the lines.
        metric: shown beside the loss.
        monitor: the value that decides what is best.
        networks: how many are trained one after another.
        ends: when the time limit is over (``time.perf_counter``), or None.
    """

    def __init__(
        self,
        console: Console,
        metric: ShownMetric,
        *,
        monitor: str = "loss",
        networks: int = 1,
        ends: float | None = None,
    ):
        self.console, self.metric, self.monitor = console, metric, monitor
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
            self.console.field("resumed", f"{part}after epoch {done} of {run.info['epochs']}")
        self.times: list[float] = []
        self._compiled_before = self._compiled_at = compile_counter().seconds

    def on_rollback(self, why: str, run: RunView) -> None:
        """Say that the run rolled back."""
        done = len(run.history.get("epoch", ()))
        self.console.print(f"warning: {why}: back to the end of epoch {done} with half the learning rate")

    def on_chunk_end(self, step: int, run: RunView) -> None:
        """Say once how long compiling took."""
        if self.compiled is None:
            self.compiled = compile_counter().seconds - self._compiled_before
            self.console.field("compiled", f"in {duration(self.compiled)}")

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""

    def say(self, text: str) -> None:
        """Print a line in the midst of training, below what was said so far."""
        self.close()
        self.console.print(text)

    def line(self, epoch: int, logs: Mapping[str, float], run: RunView) -> str:
        """Return an epoch in words: losses, metric, best, time left."""
        epochs = run.info["epochs"]
        part = f"network {self.network}/{self.networks}  " if self.networks > 1 else ""
        words = [f"{part}epoch {epoch:>{len(str(epochs))}}/{epochs}", *self.numbers(logs, run, metric_number)]
        self.left = self.time_left(epoch, logs["seconds"], epochs)
        return "  ".join([*words, f"{duration(self.left)} left"] if self.left is not None else words)

    def numbers(self, logs: Mapping[str, float], run: RunView, number: Callable[[float], str]) -> list[str]:
        """Return losses and metric in words, the best after the one that decides."""
        words = [f"loss {number(logs['train_loss'])}"]
        if "valid_loss" not in logs:
            return words
        best = [self.best(run, number)] if "best_value" in run.info else []
        words.append(f"valid {number(logs['valid_loss'])}")
        words += best if self.monitor == "loss" else []
        value = self.metric.value(logs)
        if value is not None:
            words.append(f"{self.metric.name} {number(value)}")
        return words if self.monitor == "loss" else words + best

    def best(self, run: RunView, number: Callable[[float], str]) -> str:
        """Return the best value so far of what decides, and its epoch."""
        value = abs(float(run.info["best_value"]))  # of the accuracy the negative is made small
        if f"valid_{self.monitor}" == self.metric.logged:
            value = self.metric.convert(value)
        return f"best {number(value)} at {int(run.info['best_epoch'])}"

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
            self.console.print(line)
        else:
            self.console.record(line)
        self.unsaid = "" if is_due else line

    def on_train_end(self, run: RunView) -> None:
        """Say the last line."""
        if self.unsaid:
            self.console.print(self.unsaid)


class Bar(Watch):
    """One line on a terminal that is updated in place; nothing is drawn before the first chunk."""

    bar: Any = None
    text, seen, step = "", 0.0, 0

    def on_train_begin(self, run: RunView) -> None:
        """Begin with an empty line."""
        super().on_train_begin(run)
        self.text, self.seen = "", 0.0

    def _draw(self, step: int, run: RunView) -> None:
        total = run.info["epochs"] * run.info["steps_per_epoch"]
        if self.bar is None:
            self.bar = _rich_bar(self.console.stream)
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
        self.console.record(self.line(epoch, logs, run))
        part = [f"{self.network}/{self.networks}"] if self.networks > 1 else []
        words = [*part, f"epoch {epoch}/{run.info['epochs']}", *self.numbers(logs, run, short_number)]
        self.text = "  ".join(words if self.left is None else [*words, f"{clock(self.left)} left"])
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


def short_number(value: float) -> str:
    """Return a number with three digits, which is enough for a line that changes all the time.

    Example:
        >>> short_number(0.47843), short_number(1.0), short_number(49823.1)
        ('0.478', '1.00', '49,823')
    """
    return f"{value:#.3g}".rstrip(".") if 1e-3 <= abs(value) < 1e3 else metric_number(value)


def clock(seconds: float) -> str:
    """Return seconds as on a clock.

    Example:
        >>> clock(84.2), clock(3723)
        ('1:24', '1:02:03')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _rich_bar(stream: Any) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    console = Console(file=stream, highlight=False)
    whole = Column(no_wrap=True, overflow="ellipsis")
    columns = [TextColumn("{task.description}", markup=False, table_column=whole)]
    columns += [BarColumn(bar_width=16)] if console.width >= BAR_FROM else []
    return Progress(*columns, console=console, auto_refresh=False)
