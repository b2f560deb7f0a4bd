"""A run in its folder: training under watch, then the network, then the report."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lamina.core import storage
from lamina.core.errors import ConfigError, Interrupted, LaminaError, RunError
from lamina.core.keys import read_seconds
from lamina.network import Fitted, Prepared, run
from lamina.network.artifact import to_files
from lamina.runs.closing import say_end, say_metrics
from lamina.runs.folder import RunFolder
from lamina.runs.interruption import Interruption
from lamina.runs.metric import ShownMetric
from lamina.runs.metrics_file import MetricsFile
from lamina.runs.outcome import Intervals, intervals_of
from lamina.runs.progress import Bar, Lines, Watch
from lamina.runs.record import Record
from lamina.runs.reporting import write_report
from lamina.runs.voice import Voice
from lamina.train.loop.clock import compile_counter
from lamina.train.safeguard.checkpoint import Checkpoints

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.train.loop.callbacks import Callback

CHECKPOINT_EVERY = "60s"
# Of a time limit, what is kept for evaluation, network and report, measured on two busy cores.
RESERVE_SHARE, RESERVE_MOST = 0.4, 8.0
IMPORTANCE_SECONDS, REPORT_SECONDS, IMAGE_SECONDS = 3.0, 4.0, 2.0


@dataclass(frozen=True)
class Finished:
    """A run that has ended.

    Args:
        folder: where it lies.
        fitted: the network and what the report was made from.
        intervals: 95 % intervals of the metrics, by part ("valid", "test").
        seconds: how long it took, from reading to report.
        compile_seconds: of which tracing and compiling.
    """

    folder: Path
    fitted: Fitted
    intervals: Mapping[str, Intervals]
    seconds: float
    compile_seconds: float


@dataclass(frozen=True)
class Job:
    """A run from the moment it has a folder.

    Args:
        folder: where it lies, locked.
        prepared: data, model and keys.
        record: what ``config.toml`` holds.
        voice: says its lines.
        test_table: test data of their own, or None.
        began: when it began (``time.perf_counter``).
    """

    folder: RunFolder
    prepared: Prepared
    record: Record
    voice: Voice
    test_table: AbstractTable | None
    began: float

    @property
    def ends(self) -> float | None:
        """When the time limit is over (``time.perf_counter``), or None."""
        limit = self.prepared.config.time_limit
        return None if limit is None else self.began + limit

    @property
    def valid_table(self) -> AbstractTable:
        """The validation rows, fold after fold."""
        return self.prepared.table.take(self.prepared.valid_rows)

    @property
    def held_out_table(self) -> AbstractTable:
        """The test rows."""
        if self.test_table is not None:
            return self.test_table
        return self.prepared.table.take(self.prepared.split.test)


def carry_out(job: Job, callbacks: Sequence[Callback]) -> Finished:
    """Train, write the network, then the report.

    Args:
        job: the run.
        callbacks: called at the events of training, beside those of the run.

    Raises:
        RunError: training could not go on.
        Interrupted: stopped on request, after a checkpoint.
    """
    compiled = compile_counter().seconds
    try:
        with Interruption() as interruption:
            fitted = _trained(job, callbacks, interruption)
            intervals = _intervals(job, fitted)
            network = fitted.network
            storage.write_folder(job.folder.network, to_files(network), overwrite=True)
            job = _settled(job, fitted)
            say_metrics(job.voice, fitted, intervals)
            compiled = compile_counter().seconds - compiled
            _report(job, fitted, intervals, compiled)
    except LaminaError as error:
        _put_down(job, f"{type(error).__name__}: {error}")
        raise _with_way_on(error, job) from error
    except Exception as error:
        _put_down(job, traceback.format_exc())
        error.add_note(str(job.folder.log))
        raise
    seconds = time.perf_counter() - job.began
    say_end(job.voice, fitted, job.folder.path, seconds=seconds, compiled=compiled)
    return Finished(job.folder.path, fitted, intervals, seconds, compiled)


def _trained(job: Job, callbacks: Sequence[Callback], interruption: Interruption) -> Fitted:
    config = job.prepared.config
    reserve = 0.0 if config.time_limit is None else min(RESERVE_SHARE * config.time_limit, RESERVE_MOST)
    networks = job.prepared.trainings
    fingerprint, every = job.record.fingerprint(), read_every(config.checkpoint_every)

    def checkpoints(index: int) -> Checkpoints:
        place = job.folder.checkpoints if networks == 1 else job.folder.checkpoints / f"network-{index + 1}"
        return Checkpoints(place, every=every, fingerprint=fingerprint)

    with _watched(job) as watch:
        return run(
            job.prepared,
            callbacks=[watch, MetricsFile(job.folder.metrics, networks=networks), *callbacks],
            should_stop=interruption.reason,
            test_table=job.test_table,
            began=job.began,
            checkpoints=checkpoints,
            reserve=reserve,
            warn=lambda text: job.voice.say(f"warning: {text}"),
        )


@contextlib.contextmanager
def _watched(job: Job) -> Iterator[Watch]:
    kind = Bar if job.voice.is_terminal else Lines
    metric = ShownMetric.of(job.prepared)
    monitor, networks = job.prepared.config.monitor, job.prepared.trainings
    watch = kind(job.voice, metric, monitor=monitor, networks=networks, ends=job.ends)
    try:
        yield watch
    finally:
        watch.close()


def _settled(job: Job, fitted: Fitted) -> Job:
    """Return the job with the keys that were settled by trying, and write them down."""
    config = fitted.prepared.config.to_json()
    if config == job.record.config:
        return job
    record = dataclasses.replace(job.record, config=config)
    storage.write_file(job.folder.config, record.to_bytes())
    return dataclasses.replace(job, record=record)


def _intervals(job: Job, fitted: Fitted) -> dict[str, Intervals]:
    """Return the intervals of every part, and give those of the last one to the network."""
    network, found = fitted.network, {}
    if fitted.valid is not None:
        found["valid"] = intervals_of(network, *fitted.valid, network.truth(job.valid_table)[1])
    if fitted.test is not None:
        found["test"] = intervals_of(network, *fitted.test, network.truth(job.held_out_table)[1])
    if found:
        network.info["intervals"] = found["test" if "test" in found else "valid"]
    if job.test_table is not None:
        network.info["rows"]["test"] = job.test_table.height
    return found


def _report(job: Job, fitted: Fitted, intervals: Mapping[str, Intervals], compiled: float) -> None:
    """Write the report; the network is safe by now, so a fault of the report only costs the report."""
    left = float("inf") if job.ends is None else job.ends - time.perf_counter()
    table = job.held_out_table if fitted.test is not None else job.valid_table
    try:
        write_report(
            job.folder,
            fitted,
            job.record,
            intervals=intervals.get("test", intervals.get("valid", {})),
            table=table if table.height else None,
            seconds=(time.perf_counter() - job.began, compiled),
            importance_seconds=max(0.0, min(IMPORTANCE_SECONDS, left - REPORT_SECONDS)),
            images=left > IMAGE_SECONDS,
        )
    except LaminaError:
        raise
    except Exception as error:
        job.voice.record(traceback.format_exc())
        job.voice.say(f"warning: the report could not be made ({type(error).__name__}: {error}); see log.txt")


def _put_down(job: Job, text: str) -> None:
    """Write to the log what went wrong; that a full disk has no room for it is not what went wrong."""
    with contextlib.suppress(LaminaError):
        job.voice.record(text)


def _with_way_on(error: LaminaError, job: Job) -> LaminaError:
    """Return the error with what is kept and how to go on."""
    folder = job.folder
    way = shlex.join(["lamina", "resume", str(folder.path)])
    if "path" not in job.record.data:
        way = "begin anew: the data came from memory or standard input, where they are no more"
    if isinstance(error, Interrupted):
        return Interrupted("interrupted; the checkpoint is written", where=str(folder.path), fix=way)
    if not isinstance(error, RunError):
        return error
    kept = "the last checkpoint" if folder.checkpoints.is_dir() else "metrics and log"
    fix = f"{error.fix}\n  " if error.fix else ""
    fix += f"kept: {kept} in {folder.path}; to go on: {way}"
    return RunError(
        error.message, where=error.where, expected=error.expected, received=error.received, fix=fix
    )


def read_every(value: str | int | None) -> str | int:
    """Return how often a checkpoint is written: a number of epochs, or seconds as ``"60.0s"``.

    Raises:
        ConfigError: it is neither.

    Example:
        >>> read_every("3"), read_every("2m"), read_every(None)
        (3, '120.0s', '60.0s')
    """
    text = str(CHECKPOINT_EVERY if value is None else value).strip().lower()
    if text.isdecimal() and int(text) > 0:
        return int(text)
    try:
        seconds = read_seconds(text) if text[-1:] in tuple("smh") else -1.0
    except ConfigError:
        seconds = -1.0
    if not seconds > 0:
        raise ConfigError(
            "checkpoint_every cannot be read",
            expected="a number of epochs, or a time as 60s or 5m",
            received=repr(value),
        )
    return f"{seconds}s"
