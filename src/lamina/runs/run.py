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
from lamina.network.artifact import to_files
from lamina.network.fit import Fitted, run
from lamina.network.plan import Plan
from lamina.runs.console import Console
from lamina.runs.folder import RunFolder
from lamina.runs.interruption import Interruption
from lamina.runs.last_lines import print_last_lines, print_metrics
from lamina.runs.metrics_file import MetricsFile
from lamina.runs.outcome import Intervals
from lamina.runs.previews import Previews
from lamina.runs.progress import Bar, Lines, Watch
from lamina.runs.record import Record
from lamina.runs.reporting import write_report
from lamina.runs.shown import ShownMetric
from lamina.tasks.preview import Preview
from lamina.train.loop.clock import compile_counter
from lamina.train.safeguard.checkpoint import Checkpoints

if TYPE_CHECKING:
    from lamina.train.loop.callbacks import Callback

CHECKPOINT_EVERY = "60s"
# Of a time limit, what is kept for evaluation, network and report, measured on two busy cores.
RESERVE_SHARE, RESERVE_MOST = 0.4, 8.0
COSTLY_SECONDS, REPORT_SECONDS, IMAGE_SECONDS = 3.0, 4.0, 2.0


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
        plan: data, model and keys.
        record: what ``config.toml`` holds.
        console: says its lines.
        began: when it began (``time.perf_counter``).
    """

    folder: RunFolder
    plan: Plan
    record: Record
    console: Console
    began: float

    @property
    def ends(self) -> float | None:
        """When the time limit is over (``time.perf_counter``), or None."""
        limit = self.plan.config.training.time_limit
        return None if limit is None else self.began + limit


def run_job(job: Job, callbacks: Sequence[Callback]) -> Finished:
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
            fitted, previews = _trained(job, callbacks, interruption)
            intervals = _intervals(fitted)
            fitted = _with_intervals(fitted, intervals)
            storage.write_folder(job.folder.network, to_files(fitted.network), overwrite=True)
            job = _settled(job, fitted)
            print_metrics(job.console, fitted, intervals)
            compiled = compile_counter().seconds - compiled
            _report(job, fitted, intervals, compiled, previews)
    except LaminaError as error:
        _log_failure(job, f"{type(error).__name__}: {error}")
        raise _with_how_to_resume(error, job) from error
    except Exception as error:
        _log_failure(job, traceback.format_exc())
        error.add_note(str(job.folder.log))
        raise
    seconds = time.perf_counter() - job.began
    print_last_lines(job.console, fitted, job.folder.path, seconds=seconds, compiled=compiled)
    return Finished(job.folder.path, fitted, intervals, seconds, compiled)


def _trained(
    job: Job, callbacks: Sequence[Callback], interruption: Interruption
) -> tuple[Fitted, Mapping[int, Preview]]:
    """Return what training gave, and what was seen of the network on its way."""
    limit = job.plan.config.training.time_limit
    reserve = 0.0 if limit is None else min(RESERVE_SHARE * limit, RESERVE_MOST)
    networks = job.plan.trainings
    fingerprint, every = job.record.fingerprint(), read_every(job.plan.config.run.checkpoint_every)

    def checkpoints(index: int) -> Checkpoints:
        place = job.folder.checkpoints if networks == 1 else job.folder.checkpoints / f"network-{index + 1}"
        return Checkpoints(place, every=every, fingerprint=fingerprint)

    with _watched(job) as watch:
        previews = Previews.of(job.plan, watch.say, began=job.began)
        fitted = run(
            job.plan,
            callbacks=[watch, MetricsFile(job.folder.metrics, networks=networks), previews, *callbacks],
            should_stop=interruption.reason,
            test_table=job.plan.data.test_table,
            began=job.began,
            checkpoints=checkpoints,
            reserve=reserve,
            warn=lambda text: job.console.print(f"warning: {text}"),
        )
        return fitted, previews.found


@contextlib.contextmanager
def _watched(job: Job) -> Iterator[Watch]:
    kind = Bar if job.console.is_terminal else Lines
    metric = ShownMetric.of(job.plan)
    monitor, networks = job.plan.config.training.monitor, job.plan.trainings
    watch = kind(job.console, metric, monitor=monitor, networks=networks, ends=job.ends)
    try:
        yield watch
    finally:
        watch.close()


def _settled(job: Job, fitted: Fitted) -> Job:
    """Return the job with the keys that were settled by trying, and write them down."""
    config = fitted.plan.config.to_json()
    if config == job.record.config:
        return job
    record = dataclasses.replace(job.record, config=config)
    storage.write_file(job.folder.config, record.to_bytes())
    return dataclasses.replace(job, record=record)


def _intervals(fitted: Fitted) -> dict[str, Intervals]:
    """Return the intervals of the metrics of every split."""
    objective = fitted.network.objective
    return {
        name: objective.intervals(judged.decoded, judged.targets, judged.weights)
        for name, judged in fitted.evaluated.items()
    }


def _with_intervals(fitted: Fitted, intervals: Mapping[str, Intervals]) -> Fitted:
    """Return the network with the intervals of the rows that judge it among its facts."""
    network, found = fitted.network, intervals.get(fitted.judged[0], {})
    info = dataclasses.replace(network.info, intervals=found)
    return dataclasses.replace(fitted, network=dataclasses.replace(network, info=info))


def _report(
    job: Job,
    fitted: Fitted,
    intervals: Mapping[str, Intervals],
    compiled: float,
    previews: Mapping[int, Preview],
) -> None:
    """Write the report; the network is safe by now, so a fault of the report only costs the report."""
    left = float("inf") if job.ends is None else job.ends - time.perf_counter()
    try:
        write_report(
            job.folder,
            fitted,
            job.record,
            intervals=intervals,
            seconds=(time.perf_counter() - job.began, compiled),
            costly_seconds=max(0.0, min(COSTLY_SECONDS, left - REPORT_SECONDS)),
            images=left > IMAGE_SECONDS,
            previews=previews,
        )
    except LaminaError:
        raise
    except Exception as error:
        job.console.record(traceback.format_exc())
        job.console.print(
            f"warning: the report could not be made ({type(error).__name__}: {error}); see log.txt"
        )


def _log_failure(job: Job, text: str) -> None:
    """Write to the log what went wrong; that a full disk has no room for it is not what went wrong."""
    with contextlib.suppress(LaminaError):
        job.console.record(text)


def _with_how_to_resume(error: LaminaError, job: Job) -> LaminaError:
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
