"""The loop around the compiled step: epochs, evaluation, callbacks, time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.core import runtime
from lamina.core.tree import named_arrays, with_arrays
from lamina.objectives.base import AbstractObjective
from lamina.train.config import TrainConfig
from lamina.train.loop.callbacks import Callback
from lamina.train.loop.clock import Clock
from lamina.train.loop.engine import AbstractEngine, SingleEngine
from lamina.train.loop.feed import Rows, evaluation_batches, fits, make_feed, row_count
from lamina.train.loop.plan import batch_size_of, make_hyper, make_program
from lamina.train.safeguard.budget import check_memory, needed_mib
from lamina.train.safeguard.checkpoint import Snapshot
from lamina.train.safeguard.rollback import Rollback
from lamina.train.step.state import TrainState
from lamina.train.step.step import Program


@dataclass(frozen=True)
class TrainResult:
    """What training gives back.

    Args:
        model: the best model, arrays on the host.
        history: one list a quantity, one entry an epoch.
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


MOST_VALUES = 1 << 20  # of a batch that is evaluated: its activations are many times as much
INTERRUPTED = ("interrupted",)  # endings that leave the epoch open for a resumed run


class Loop:
    """One training run; `train` and `train_population` are the doors to it.

    It is what callbacks see: ``history``, ``info``, `stop`, `scale_lr`, `current_model`.

    Args:
        make_engine: ``(program, hyper) -> engine``.
        task: losses and metrics.
        train: training rows.
        valid: validation rows, or None.
        config: keys of the run.
        callbacks: called at the events of `Callback`.
        should_stop: asked after every chunk; a text ends the run with that reason.
    """

    def __init__(
        self,
        make_engine: Callable[[Program, dict[str, np.ndarray]], AbstractEngine],
        task: AbstractObjective,
        train: Rows,
        valid: Rows | None,
        config: TrainConfig,
        *,
        callbacks: Sequence[Callback] = (),
        should_stop: Callable[[], str | None] = lambda: None,
    ):
        runtime.start()
        self.clock = Clock(config.time_limit)
        self.config, self.callbacks, self.should_stop = config, tuple(callbacks), should_stop
        self.rows = row_count(train)
        self.batch_size = batch_size_of(config, self.rows)
        self.steps_per_epoch = -(-self.rows // self.batch_size)
        hyper = make_hyper(config, total_steps=self.steps_per_epoch * max(1, config.epochs))
        program = make_program(task, config)
        if program.augmentation is not None and program.augmentation.alternates:
            train = {**train, "row": np.arange(self.rows, dtype=np.int32)}
        self.engine = make_engine(program, hyper)
        resident = fits(train, device_memory=config.device_memory)
        averaged = config.ema > 0
        need = needed_mib(
            self.engine.models, train, optimizer=config.optimizer, averaged=averaged, resident=resident
        )
        check_memory(*need)
        self.feed = make_feed(train, device_memory=config.device_memory)
        self.valid = None if valid is None else evaluation_batches(valid, batch_size=self._evaluated(valid))
        self.parts = self.engine.first_shards()
        self.history: dict[str, list[Any]] = {}
        self.info: dict[str, Any] = {
            "rows": self.rows,
            "batch_size": self.batch_size,
            "steps_per_epoch": self.steps_per_epoch,
            "epochs": config.epochs,
        }
        self.epoch = 0
        self.done, self.total = 0, 0.0  # steps of the epoch, and the sum of their losses
        self.ended = ""
        self.rollback = Rollback(most=config.rollbacks, patience=config.finite_patience)
        self._rolled_back = False

    def _evaluated(self, valid: Rows) -> int:
        """Return how many rows are evaluated at once: of images, whose values are many, fewer."""
        values = max(math.prod(array.shape[1:]) for array in jax.tree.leaves(valid["x"]))
        most = max(64, min(4096, MOST_VALUES // max(1, values)))
        return min(most, max(1024, self.batch_size))

    @property
    def state(self) -> TrainState:
        """The state of all models as one tree; to look at single values of it costs less by `_now`."""
        return self.engine.stack_shards(self.parts)

    @state.setter
    def state(self, state: TrainState) -> None:
        self.parts = self.engine.unstack_shards(state)

    def _now(self, name: str) -> np.ndarray:
        """Return one of the state's values, of a population one a member."""
        return np.asarray(self.engine.stack_shards([getattr(part, name) for part in self.parts]))

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped from outside, to be resumed."""
        return self.ended in INTERRUPTED

    def stop(self, reason: str) -> None:
        """End the run after this epoch."""
        self.ended = self.ended or reason

    def scale_lr(self, factor: float) -> None:
        """Multiply the learning rate from now on."""
        self.state = self.state._replace(lr_scale=self.state.lr_scale * jnp.float32(factor))

    def current_model(self) -> Any:
        """Return a host copy of the model as it is now."""
        return jax.tree.map(np.asarray, self.engine.stack_shards([part.model for part in self.parts]))

    def snapshot(self) -> Snapshot:
        """Return the whole state of the run, to be written as a checkpoint."""
        place = {
            "epoch": self.epoch,
            "done": self.done,
            "total": self.total,
            "step": int(self._now("step").max()),
            "spent": self.clock.spent,
            "step_seconds": self.clock.step_seconds,
            "history": {name: list(values) for name, values in self.history.items()},
            "rollbacks": self.rollback.count,
        }
        arrays = {name: np.array(array) for name, array in named_arrays(self.state).items()}
        return Snapshot(arrays, place, self.rollback.good_before(place))

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a run with the same data and config.

        Raises:
            ArtifactError: its arrays are not those of this run.
        """
        self._take(snapshot)
        self.rollback.restore(snapshot)
        self.clock.began -= snapshot.place["spent"]
        self.clock.step_seconds = snapshot.place.get("step_seconds", 0.0)  # 0.0: not kept before 2026-11-26
        self.ended = "early stopping" if bool(self._now("stopped").all()) else ""

    def _take(self, snapshot: Snapshot) -> None:
        """Make state, place and history those of a snapshot, which stays as it is."""
        self.state = jax.device_put(with_arrays(self.state, snapshot.arrays), may_alias=False)
        place = snapshot.place
        self.epoch, self.done, self.total = place["epoch"], place["done"], place["total"]
        self.history = {name: list(values) for name, values in place["history"].items()}

    def run(self) -> None:
        """Train until the epochs, the patience or the time are used up."""
        if self.rollback.is_empty:
            self.rollback.keep(self.snapshot())
        self._call("on_train_begin")
        while self.epoch < self.config.epochs and not self.ended:
            self._call("on_epoch_begin", self.epoch + 1)
            began = time.perf_counter()
            loss = self._steps()
            if self.interrupted:
                break  # the epoch is resumed where it stands
            if not self._rolled_back:
                self._end_epoch(loss, began)
        if not self.history and self.config.epochs == 0:
            self.state = self.state._replace(best=self.state.model)
        self._call("on_train_end")

    def _steps(self) -> Any:
        """Take the steps of one epoch, cut short when the time is used up; return the mean loss."""
        self._rolled_back = False
        order = self.engine.order(self.epoch, self.rows, self.batch_size)
        steps = order.shape[-2]
        width = min(self.config.chunk, self.feed.width(steps))
        while self.done < steps and not self.ended and not self._rolled_back:
            count = self.clock.steps_that_fit(min(width, steps - self.done))
            if count == 0:
                self.stop("time limit")
                break
            self._fit_schedule()
            began, fresh = time.perf_counter(), self.clock.compile_seconds
            rows = order[..., self.done : self.done + count, :]
            self.total = self.total + count * self._chunk(rows, width, count)
            if self.clock.compile_seconds == fresh:
                self.clock.took(count, time.perf_counter() - began)
            self.done += count
            self._after_chunk(rows[..., -1, :])
        return self.total / max(1, self.done)

    def _fit_schedule(self) -> None:
        """Let the schedule come to its end inside the time limit, as far as its pace is known by now."""
        total = self.steps_per_epoch * max(1, self.config.epochs)
        taken = self.epoch * self.steps_per_epoch + self.done
        self.engine.shorten(self.clock.share_that_fits(taken, total, epoch=self.steps_per_epoch))

    def _chunk(self, rows: np.ndarray, width: int, count: int) -> Any:
        padded = np.zeros((*rows.shape[:-2], width, rows.shape[-1]), np.int32)
        padded[..., :count, :] = rows
        data, order = self.feed.chunk(padded)
        self.parts, loss = self.engine.chunk(self.parts, data, order, count)
        return plain(loss)

    def _after_chunk(self, rows: np.ndarray) -> None:
        skipped = int(self._now("skipped_in_row").min())  # of a population, all must be stuck
        if skipped >= self.rollback.patience:
            why = f"{skipped} steps in a row had a loss or gradient that is not finite"
            self._roll_back(why, rows)
        reason = self.should_stop()
        if reason:
            self.stop(reason)
        self._call("on_chunk_end", int(self._now("step").max()))

    def _end_epoch(self, loss: Any, began: float) -> None:
        before, fresh = time.perf_counter(), self.clock.compile_seconds
        self.epoch += 1
        self.parts, metrics = self.engine.end(self.parts, self.valid, self.epoch)
        lr = metrics.pop("lr")
        logs = {"train_loss": loss, **{f"valid_{n}": plain(v) for n, v in metrics.items()}, "lr": plain(lr)}
        if self.clock.compile_seconds == fresh:
            self.clock.end_seconds = time.perf_counter() - before
        logs["seconds"] = time.perf_counter() - began
        for name, value in {"epoch": float(self.epoch), **logs}.items():
            self.history.setdefault(name, []).append(value)
        if bool(self._now("stopped").all()):
            self.stop("early stopping")
        self.info["best_epoch"] = plain(self._now("best_epoch"))
        self.info["best_value"] = plain(self._now("best_value"))
        self.done, self.total = 0, 0.0
        step = int(self._now("step").max())
        is_last = self.ended or self.epoch >= self.config.epochs
        if (is_last or self.rollback.is_due(step)) and not self.rollback.keep(self.snapshot()):
            self._roll_back("the weights are not finite", np.empty(0, np.int32))
            return
        self._call("on_epoch_end", self.epoch, logs)

    def _roll_back(self, why: str, rows: np.ndarray) -> None:
        """Go on from the last good state with a lower learning rate, or give up."""
        step = int(self._now("step").max())
        snapshot, factor = self.rollback.back(epoch=self.epoch + 1, step=step, why=why, rows=rows)
        self._take(snapshot)
        self.scale_lr(factor)
        self.ended = ""
        self.info["rollbacks"] = self.rollback.count
        self._rolled_back = True
        self._call("on_rollback", why)

    def _call(self, event: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(*args, self)


def plain(value: Any) -> Any:
    """Return a Python number for a scalar, a NumPy array for a population's values."""
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array


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


def train(
    model: Any,
    task: AbstractObjective,
    data: Rows,
    valid: Rows | None = None,
    *,
    config: TrainConfig | None = None,
    augment: Any = None,
    callbacks: Sequence[Callback] = (),
    should_stop: Callable[[], str | None] = lambda: None,
    resume: Snapshot | None = None,
) -> TrainResult:
    """Train a model.

    Args:
        model: any `Module`; not changed, the trained one is in the result.
        task: losses and metrics.
        data: ``{"x": array or tree, "y": targets, "weight": (rows,)}``, rows first.
        valid: the same for validation, or None: then the last weights are kept.
        config: see `TrainConfig`.
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
    loop = Loop(
        lambda program, hyper: SingleEngine(model, program, config, hyper),
        task,
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
