"""A whole run in a folder: audit, training, network, report; and going on with one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.core import runtime, storage
from lamina.core.errors import ArtefactError, ConfigError, DataError, Interrupted, LaminaError, RunError
from lamina.core.wording import duration
from lamina.data.source import read
from lamina.network.artefact import to_files
from lamina.network import Fitted, Prepared, prepare, run
from lamina.network.config import read_seconds
from lamina.runs.closing import metric_table, next_command
from lamina.runs.folder import RunFolder, check_free, clear_leftovers, make_folder, make_numbered_folder, run_name
from lamina.runs.interruption import Interruption
from lamina.runs.opening import say_opening
from lamina.runs.metric import ShownMetric
from lamina.runs.metrics_file import MetricsFile
from lamina.runs.progress import Bar, Lines, Watch
from lamina.runs.record import Record, check_config, check_unchanged, check_versions, command_of, origin, read_record
from lamina.runs.reporting import Intervals, intervals_of, write_report
from lamina.runs.voice import Voice
from lamina.train.checkpoint import Checkpoints
from lamina.train.clock import compile_counter

if TYPE_CHECKING:
    from lamina.core.module import Module
    from lamina.data.table import AbstractTable
    from lamina.train.callbacks import Callback

RUNS = "runs"  # where runs lie that nobody gave a place
CHECKPOINT_EVERY = "60s"
# Of a time limit, what is kept for evaluation, network and report, measured on two busy cores.
RESERVE_SHARE, RESERVE_MOST = 0.4, 8.0
IMPORTANCE_SECONDS, REPORT_SECONDS = 3.0, 4.0


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
class _Job:
    """What a run works with from its folder on."""

    folder: RunFolder
    prepared: Prepared
    record: Record
    voice: Voice
    test_table: AbstractTable | None
    began: float

    @property
    def ends(self) -> float | None:
        """When the time limit is over."""
        limit = self.prepared.config.time_limit
        return None if limit is None else self.began + limit


def fit_in_folder(
    table: AbstractTable,
    *,
    target: str | Sequence[str],
    keys: Mapping[str, Any],
    model: Module | None = None,
    test_table: AbstractTable | None = None,
    out: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
    began: float | None = None,
    voice: Voice | None = None,
    warn: Callable[[str], None] = lambda text: None,
    command: str | None = None,
    guessed: bool = False,
) -> Finished:
    """Train a network and write its run folder.

    Nothing is written before the data are audited and every key is resolved.

    Args:
        table: the data.
        target: column or columns to be predicted.
        keys: keys of `FitConfig`, as values or texts.
        model: a model of your own, or None.
        test_table: test data of their own.
        out: the folder to make; without, the next free ``runs/<data>-<model>-<n>``.
        callbacks: called at the events of training.
        began: when the run began (``time.perf_counter``).
        voice: says the lines of the run; silent without.
        warn: is told each warning of the audit.
        command: what was typed.
        guessed: whether the target was guessed.

    Raises:
        DataError: the data cannot be learned from.
        ConfigError: a key is wrong, or the folder exists.
        RunError: training could not go on.
        Interrupted: stopped on request, after a checkpoint.
    """
    began = time.perf_counter() if began is None else began
    voice = voice or Voice()
    if out is not None:
        check_free(out)
    given = {"checkpoint_every": CHECKPOINT_EVERY, **keys}
    read_every(given["checkpoint_every"])
    prepared = prepare(table, target=target, keys=given, model=model, test_table=test_table, warn=warn)
    source = None if test_table is None else test_table.source
    command = command or command_of(table.source, prepared.schema.targets, keys, source)
    record = _record(prepared, given, test_table, command)
    name = run_name(table.source, prepared.config.model)
    with make_folder(out) if out is not None else make_numbered_folder(RUNS, name) as folder:
        voice.record(command)
        say_opening(voice, prepared, test_table=test_table, guessed=guessed)
        storage.write_file(folder.config, record.to_bytes())
        voice.keep_in(folder.log)
        voice.field("run", str(folder.path))
        return _carried_out(_Job(folder, prepared, record, voice, test_table, began), callbacks)


def resume(path: str | Path, *, voice: Voice | None = None, began: float | None = None) -> Finished | None:
    """Go on with a run that was interrupted or killed, from its last checkpoint.

    It ends with the weights of the run that was never stopped, bit for bit, on the same
    machine and versions.

    Args:
        path: the run folder.
        voice: says the lines of the run; silent without.
        began: when this began (``time.perf_counter``).

    Returns:
        The finished run, or None where nothing was left to do.

    Raises:
        ArtefactError: it is no run folder, or what it holds is damaged.
        ConfigError: the configuration is not that of the checkpoint.
        DataError: the data are not there any more, or others.
        RunLockedError: another process is using it.
    """
    began = time.perf_counter() if began is None else began
    voice = voice or Voice()
    record = read_record(Path(path) / "config.toml")
    with RunFolder(path) as folder:
        voice.keep_in(folder.log)
        if folder.network.is_dir() and folder.report.is_file():
            voice.field("run", f"{path} has ended: nothing is left to do")
            return None
        clear_leftovers(folder)
        voice.record(shlex.join(["lamina", "resume", str(path)]))
        check_versions(record, lambda text: voice.say(f"warning: {text}"))
        table = _read_again(record.data)
        test_table = None if record.test_data is None else _read_again(record.test_data)
        prepared = _prepared_again(record, table, test_table)
        config = prepared.config.to_json()
        check_config(record.config, config, folder.config)
        record = dataclasses.replace(record, config=config)
        say_opening(voice, prepared, test_table=test_table)
        voice.field("run", str(folder.path))
        return _carried_out(_Job(folder, prepared, record, voice, test_table, began), ())


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
            "checkpoint_every cannot be read", expected="a number of epochs, or a time as 60s or 5m", received=repr(value)
        )
    return f"{seconds}s"


def _record(
    prepared: Prepared, given: Mapping[str, Any], test_table: AbstractTable | None, command: str
) -> Record:
    return Record(
        config=prepared.config.to_json(),
        given=given,
        target=prepared.schema.targets,
        command=command,
        reason=prepared.choice.reason,
        data=origin(prepared.table),
        test_data=None if test_table is None else origin(test_table),
        versions=runtime.versions(),
    )


def _read_again(stored: Mapping[str, Any]) -> AbstractTable:
    """Read the data of a run once more, from where they were then."""
    source = str(stored["source"])
    if "path" not in stored:
        raise DataError(
            "the data came from memory or standard input, so the run cannot go on by itself",
            where=source,
            mend="begin anew with `lamina fit`",
        )
    table = read(source if os.path.isfile(source) and os.path.samefile(source, stored["path"]) else stored["path"])
    check_unchanged(stored, table)
    return table


def _prepared_again(record: Record, table: AbstractTable, test_table: AbstractTable | None) -> Prepared:
    from lamina.models import MODELS

    if record.config.get("model") not in MODELS:
        raise ArtefactError(
            f"'{record.config.get('model')}' is a model of your own, which no folder holds",
            mend="begin anew with lamina.fit(..., model=your model)",
        )
    return prepare(table, target=record.target, keys=record.given, test_table=test_table)


def _carried_out(job: _Job, callbacks: Sequence[Callback]) -> Finished:
    """Train, put the network down, then the report."""
    compiled = compile_counter().seconds
    try:
        with Interruption() as interruption:
            fitted = _trained(job, callbacks, interruption)
            intervals = _intervals(job, fitted)
            network = fitted.network
            storage.write_folder(job.folder.network, to_files(network), overwrite=True)
            job = _settled(job, fitted)
            _say_metrics(job, fitted, intervals)
            compiled = compile_counter().seconds - compiled
            _report(job, fitted, intervals, compiled)
    except LaminaError as error:
        job.voice.record(f"{type(error).__name__}: {error}")
        raise _with_way_on(error, job.folder) from error
    except Exception as error:
        job.voice.record(traceback.format_exc())
        error.add_note(str(job.folder.log))
        raise
    seconds = time.perf_counter() - job.began
    _say_end(job, fitted, seconds, compiled)
    return Finished(job.folder.path, fitted, intervals, seconds, compiled)


def _settled(job: _Job, fitted: Fitted) -> _Job:
    """Return the job with the keys that were settled by trying, and write them down."""
    config = fitted.prepared.config.to_json()
    if config == job.record.config:
        return job
    record = dataclasses.replace(job.record, config=config)
    storage.write_file(job.folder.config, record.to_bytes())
    return dataclasses.replace(job, record=record)


def _trained(job: _Job, callbacks: Sequence[Callback], interruption: Interruption) -> Fitted:
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
        )


@contextlib.contextmanager
def _watched(job: _Job) -> Iterator[Watch]:
    kind = Bar if job.voice.is_terminal else Lines
    metric = ShownMetric.of(job.prepared)
    monitor, networks = job.prepared.config.monitor, job.prepared.trainings
    watch = kind(job.voice, metric, monitor=monitor, networks=networks, ends=job.ends)
    try:
        yield watch
    finally:
        watch.close()


def _intervals(job: _Job, fitted: Fitted) -> dict[str, Intervals]:
    """Return the intervals of every part, and give those of the last one to the network."""
    parts = {"valid": (fitted.valid, _valid_table), "test": (fitted.test, _test_table)}
    found = {}
    for name, (part, table_of) in parts.items():
        if part is not None:
            _, weights = fitted.network.truth(table_of(job))
            found[name] = intervals_of(fitted.network, *part, weights)
    if found:
        fitted.network.info["intervals"] = found["test" if "test" in found else "valid"]
    if job.test_table is not None:
        fitted.network.info["rows"]["test"] = job.test_table.height
    return found


def _valid_table(job: _Job) -> AbstractTable:
    import numpy as np

    return job.prepared.table.take(np.concatenate([rows for _, rows in job.prepared.folds]))


def _test_table(job: _Job) -> AbstractTable:
    return job.test_table if job.test_table is not None else job.prepared.table.take(job.prepared.split.test)


def _report(job: _Job, fitted: Fitted, intervals: Mapping[str, Intervals], compiled: float) -> None:
    """Write the report; the network is safe by now, so a fault of the report only costs the report."""
    left = float("inf") if job.ends is None else job.ends - time.perf_counter()
    table = None
    if fitted.test is not None or fitted.valid is not None:
        table = _test_table(job) if fitted.test is not None else _valid_table(job)
    try:
        write_report(
            job.folder,
            fitted,
            job.record,
            intervals=intervals.get("test", intervals.get("valid", {})),
            table=table,
            seconds=(time.perf_counter() - job.began, compiled),
            importance_seconds=max(0.0, min(IMPORTANCE_SECONDS, left - REPORT_SECONDS)),
        )
    except LaminaError:
        raise
    except Exception as error:
        job.voice.record(traceback.format_exc())
        job.voice.say(f"warning: the report could not be made ({type(error).__name__}: {error}); see log.txt")


def _say_metrics(job: _Job, fitted: Fitted, intervals: Mapping[str, Intervals]) -> None:
    info = fitted.network.info
    parts = {name: info[name] for name in ("valid", "test") if info[name]}
    if parts:
        rows = {"valid": len(fitted.valid[1]) if fitted.valid else 0, "test": len(fitted.test[1]) if fitted.test else 0}
        job.voice.say()
        job.voice.say(metric_table(parts, intervals, rows))


def _say_end(job: _Job, fitted: Fitted, seconds: float, compiled: float) -> None:
    info = fitted.network.info
    job.voice.say()
    kept = f"the weights of epoch {info['best_epoch']} of {info['epochs']}"
    if len(job.prepared.models) > 1:
        best = ", ".join(str(fold["best_epoch"]) for fold in info["folds"])
        kept = f"the weights of epochs {best} of {len(job.prepared.models)} networks"
    for trial in info.get("trials", ()):
        job.voice.field("tried", _trial(trial))
    job.voice.field("kept", f"{kept}; ended by {ended_by(info['ended'])}")
    job.voice.field("took", f"{duration(seconds)}, {duration(compiled)} of it compiling")
    job.voice.field("run", f"{job.folder.path} (report.html, network/)")
    job.voice.field("next", next_command(job.folder.path, job.prepared.table.source))


def _trial(trial: Mapping[str, Any]) -> str:
    words = [f"{name} {value:.4g}" for name, value in trial.items() if name != "chosen"]
    return ", ".join(words) + (" (kept)" if trial.get("chosen") else "")


def ended_by(ended: str) -> str:
    """Return why a training ended, as the end of "ended by …".

    Example:
        >>> ended_by("epochs")
        'the number of epochs'
    """
    return {"epochs": "the number of epochs", "time limit": "the time limit"}.get(ended, ended)


def _with_way_on(error: LaminaError, folder: RunFolder) -> LaminaError:
    """Return the error with what is kept and how to go on."""
    way = shlex.join(["lamina", "resume", str(folder.path)])
    if isinstance(error, Interrupted):
        return Interrupted("interrupted; the checkpoint is written", where=str(folder.path), mend=way)
    if not isinstance(error, RunError):
        return error
    kept = "the last checkpoint" if folder.checkpoints.is_dir() else "metrics and log"
    mend = f"{error.mend}\n  " if error.mend else ""
    mend += f"kept: {kept} in {folder.path}; to go on: {way}"
    return RunError(
        error.message, where=error.where, expected=error.expected, received=error.received, mend=mend
    )
