"""The loop around the compiled step: epochs, evaluation, callbacks, time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lamina.core import runtime
from lamina.core.errors import ArtifactError
from lamina.train.config import TrainConfig
from lamina.train.loop.callbacks import Callback
from lamina.train.loop.clock import Clock
from lamina.train.loop.engine import AbstractEngine
from lamina.train.loop.feed import (
    TOGETHER,
    Rows,
    Visits,
    classes_of,
    evaluation_batches,
    evaluation_size,
    fits,
    make_feed,
    row_count,
)
from lamina.train.loop.means import EpochMeans, plain
from lamina.train.loop.plan import batch_size_of, make_hyper
from lamina.train.loop.states import States
from lamina.train.safeguard.budget import check_memory, needed_mib
from lamina.train.safeguard.checkpoint import Snapshot
from lamina.train.safeguard.rollback import Rollback
from lamina.train.step.state import TrainState

INTERRUPTED = ("interrupted",)  # endings that leave the epoch open for a resumed run


class Loop:
    """One training run; `train` and `train_population` are the doors to it.

    It is what callbacks see: ``history``, ``info``, ``states``, `stop`, `scale_lr`, `current_model`.

    Args:
        make_engine: ``hyper -> engine``.
        data: training examples.
        valid: validation examples, or None.
        config: keys of the run.
        callbacks: called at the events of `Callback`.
        should_stop: asked after every chunk; a text ends the run with that reason.
        clock: measures the run and its steps.
    """

    def __init__(
        self,
        make_engine: Callable[[dict[str, np.ndarray]], AbstractEngine],
        data: Rows,
        valid: Rows | None,
        config: TrainConfig,
        *,
        callbacks: Sequence[Callback] = (),
        should_stop: Callable[[], str | None] = lambda: None,
        clock: Clock | None = None,
    ):
        runtime.start()
        self.clock = clock or Clock(config.time_limit)
        self.config, self.callbacks, self.should_stop = config, tuple(callbacks), should_stop
        self.rows = row_count(data)
        self.batch_size = batch_size_of(config, self.rows)
        self.visits = Visits(self.rows, self.batch_size, classes_of(data), config.steps_per_epoch)
        self.steps_per_epoch = self.visits.steps
        self.total_steps = self.steps_per_epoch * max(1, config.epochs)
        self.engine = make_engine(make_hyper(config, total_steps=self.total_steps))
        _check_memory(self.engine, data, config)
        self.feed = make_feed(data, device_memory=config.device_memory)
        size = 0 if valid is None else evaluation_size(valid, batch_size=self.batch_size)
        self.valid = None if valid is None else evaluation_batches(valid, batch_size=size)
        self.states = States(self.engine)
        self.means = EpochMeans(self.engine.program.objective.parts)
        self.history: dict[str, list[Any]] = {}
        self.info: dict[str, Any] = {
            "rows": self.rows,
            "batch_size": self.batch_size,
            "steps_per_epoch": self.steps_per_epoch,
            "epochs": config.epochs,
        }
        self.epoch, self.done, self.ended = 0, 0, ""  # epochs that ended, steps of the next, why it ends
        self.rollback = Rollback(most=config.rollbacks, patience=config.finite_patience)

    @property
    def state(self) -> TrainState:
        """The state of all models as one tree."""
        return self.states.whole

    @state.setter
    def state(self, state: TrainState) -> None:
        self.states.whole = state

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped from outside, to be resumed."""
        return self.ended in INTERRUPTED

    def stop(self, reason: str) -> None:
        """End the run after this epoch."""
        self.ended = self.ended or reason

    def scale_lr(self, factor: float) -> None:
        """Multiply the learning rate from now on."""
        self.states.scale_lr(factor)

    def current_model(self) -> Any:
        """Return a host copy of the model as it is now."""
        return self.states.model()

    def snapshot(self) -> Snapshot:
        """Return the whole state of the run, to be written as a checkpoint."""
        place = {
            "epoch": self.epoch,
            "done": self.done,
            "means": self.means.to_place(),
            "step": self.states.step,
            "spent": self.clock.spent,
            "step_seconds": self.clock.step_seconds,
            "history": {name: list(values) for name, values in self.history.items()},
            "rollbacks": self.rollback.count,
        }
        return Snapshot(self.states.arrays(), place, self.rollback.good_before(place))

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of a run with the same data and config.

        Raises:
            ArtifactError: its arrays are not those of this run, or it is of a version before parts.
        """
        if "means" not in snapshot.place:
            raise ArtifactError("checkpoint of an earlier version", fix="start a new run")
        self._take(snapshot)
        self.rollback.restore(snapshot)
        self.clock.resume(snapshot.place["spent"], snapshot.place["step_seconds"])
        self.ended = "early stopping" if self.states.is_stopped else ""

    def run(self) -> None:
        """Train until the epochs, the patience or the time are used up."""
        if self.rollback.is_empty:
            self.rollback.keep(self.snapshot())
        self._call("on_train_begin")
        while self.epoch < self.config.epochs and not self.ended:
            self._call("on_epoch_begin", self.epoch + 1)
            began = self.clock.now()
            finished = self._take_steps()
            if self.interrupted:
                break  # the epoch is resumed where it stands
            if finished:
                self._end_epoch(began)
        if not self.history and self.config.epochs == 0:
            self.state = self.state._replace(best=self.state.model)
        self._call("on_train_end")

    def _take_steps(self) -> bool:
        """Take the steps of one epoch, cut short when the time is used up; False where it rolled back."""
        for count, ids, coming, width in self._chunks():
            # The schedule ends inside the time limit, as far as the pace is known by now.
            taken = self.epoch * self.steps_per_epoch + self.done
            self.engine.shorten(
                self.clock.share_that_fits(taken, self.total_steps, epoch=self.steps_per_epoch)
            )
            began, fresh = self.clock.now(), self.clock.compile_seconds
            padded = _padded_steps(ids, width)
            data = self.feed.chunk(padded)
            self.feed.ahead(coming)
            means = self.states.chunk(*data, padded, count)
            self.means.add(means, step=taken, count=count)
            if self.clock.compile_seconds == fresh:
                self.clock.took(count, self.clock.now() - began)
            self.done += count
            skipped = int(self.states.value("skipped_in_row").min())  # of a population, all must be stuck
            stuck = skipped >= self.rollback.patience
            if stuck:
                why = f"{skipped} steps in a row had a loss or gradient that is not finite"
                self._roll_back(why, ids[..., -1, :])
            if reason := self.should_stop():
                self.stop(reason)
            self._call("on_chunk_end", self.states.step)
            if stuck:
                return False
        return True

    def _chunks(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, int]]:
        """Yield what is left of the epoch: steps to take, their examples, the next ones, and the width."""
        order = self.engine.order(lambda seed: self.visits.order(seed, self.epoch))
        stops, steps = self.visits.stops(self.epoch), order.shape[-2]
        together = steps if self.visits.classes is None else TOGETHER
        width = min(self.config.chunk, self.feed.width(together))
        while self.done < steps and not self.ended:
            count = self.clock.steps_that_fit(min(width, int(stops[self.done]) - self.done))
            if count == 0:
                self.stop("time limit")
                return
            stop = self.done + count
            yield count, order[..., self.done : stop, :], order[..., stop : stop + count, :], width

    def _end_epoch(self, began: float) -> None:
        before, fresh = self.clock.now(), self.clock.compile_seconds
        self.epoch += 1
        metrics = {name: plain(value) for name, value in self.states.end(self.valid, self.epoch).items()}
        lr = metrics.pop("lr")
        logs = {**self.means.logs(), **{f"valid_{name}": value for name, value in metrics.items()}, "lr": lr}
        if self.clock.compile_seconds == fresh:
            self.clock.end_seconds = self.clock.now() - before
        logs["seconds"] = self.clock.now() - began
        for name, value in {"epoch": float(self.epoch), **logs}.items():
            self.history.setdefault(name, []).append(value)
        if self.states.is_stopped:
            self.stop("early stopping")
        self.info["best_epoch"] = plain(self.states.value("best_epoch"))
        self.info["best_value"] = plain(self.states.value("best_value"))
        self.done = 0
        self.means.clear()
        is_due = self.ended or self.epoch >= self.config.epochs or self.rollback.is_due(self.states.step)
        if is_due and not self.rollback.keep(self.snapshot()):
            self._roll_back("the weights are not finite", np.empty(0, np.int32))
            return
        self._call("on_epoch_end", self.epoch, logs)

    def _roll_back(self, why: str, ids: np.ndarray) -> None:
        """Go on from the last good state with a lower learning rate, or give up."""
        snapshot, factor = self.rollback.back(epoch=self.epoch + 1, step=self.states.step, why=why, rows=ids)
        self._take(snapshot)
        self.scale_lr(factor)
        self.ended = ""
        self.info["rollbacks"] = self.rollback.count
        self._call("on_rollback", why)

    def _take(self, snapshot: Snapshot) -> None:
        """Make state, place and history those of a snapshot, which stays as it is."""
        self.states.restore(snapshot.arrays)
        place = snapshot.place
        self.epoch, self.done = place["epoch"], place["done"]
        self.means.restore(place["means"])
        self.history = {name: list(values) for name, values in place["history"].items()}

    def _call(self, event: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(*args, self)


def _check_memory(engine: AbstractEngine, data: Rows, config: TrainConfig) -> None:
    resident = fits(data, device_memory=config.device_memory)
    averaged = config.ema > 0
    need = needed_mib(engine.models, data, optimizer=config.optimizer, averaged=averaged, resident=resident)
    check_memory(*need)


def _padded_steps(ids: np.ndarray, width: int) -> np.ndarray:
    """Return the batches of a chunk, filled up to the width of the program by steps that are not taken."""
    first = np.repeat(ids[..., :1, :], width - ids.shape[-2], axis=-2)  # of the same length class
    return np.concatenate([ids, first], axis=-2).astype(np.int32)
