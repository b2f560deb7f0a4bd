"""The beginning of a run: audit, resolve, make the folder, say what will happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.core import storage
from lamina.network.prepare import prepare
from lamina.runs.console import Console
from lamina.runs.first_lines import print_first_lines
from lamina.runs.folder import check_free, make_folder, make_numbered_folder, run_name
from lamina.runs.record import command_of, make_record
from lamina.runs.run import CHECKPOINT_EVERY, Finished, Job, read_every, run_job
from lamina.train.safeguard.budget import check_disk, needed_disk_mib
from lamina.train.safeguard.checkpoint import KEEP

if TYPE_CHECKING:
    from lamina.core.module import Module
    from lamina.data.table import AbstractTable
    from lamina.network.plan import Plan
    from lamina.train.loop.callbacks import Callback

RUNS = "runs"  # where runs lie that nobody gave a place


def start_run(
    table: AbstractTable,
    *,
    target: str | Sequence[str],
    keys: Mapping[str, Any],
    model: Module | None = None,
    test_table: AbstractTable | None = None,
    out: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
    began: float | None = None,
    console: Console | None = None,
    warn: Callable[[str], None] = lambda text: None,
    command: str | None = None,
    guessed: bool = False,
) -> Finished:
    """Train a network and write its run folder.

    Nothing is written before the data are audited and every key is resolved.

    Args:
        table: the data.
        target: column or columns to be predicted.
        keys: flat keys, as values or texts.
        model: a model of your own, or None.
        test_table: test data of their own.
        out: the folder to make; without, the next free ``runs/<data>-<model>-<n>``.
        callbacks: called at the events of training.
        began: when the run began (``time.perf_counter``).
        console: prints the lines of the run; silent without.
        warn: is told each warning of the audit.
        command: what was typed.
        guessed: whether the target was guessed.

    Raises:
        DataError: the data cannot be learned from.
        ConfigError: a key is wrong, the folder exists, or the disk cannot hold the run.
        RunError: training could not go on.
        Interrupted: stopped on request, after a checkpoint.
    """
    began = time.perf_counter() if began is None else began
    console = console or Console()
    if out is not None:
        check_free(out)
    given = {"checkpoint_every": CHECKPOINT_EVERY, **keys}
    read_every(given["checkpoint_every"])
    plan = prepare(table, target=target, keys=given, model=model, test_table=test_table, warn=warn)
    _check_space(plan, RUNS if out is None else out)
    source = None if test_table is None else test_table.source
    command = command or command_of(table.source, plan.data.schema.targets, keys, source)
    record = make_record(plan, given, (table, test_table), command)
    name = run_name(table.source, plan.config.run.model)
    with make_folder(out) if out is not None else make_numbered_folder(RUNS, name) as folder:
        storage.write_file(folder.config, record.to_bytes())  # first, so that there is a run to go on with
        console.record(command)
        print_first_lines(console, plan, guessed=guessed)
        console.keep_in(folder.log)
        console.field("run", str(folder.path))
        return run_job(Job(folder, plan, record, console, began), callbacks)


def _check_space(plan: Plan, place: str | Path) -> None:
    """Refuse a run that its disk cannot hold, before anything is written."""
    config = plan.config.training
    checkpoints, network = needed_disk_mib(
        plan.models,
        optimizer=config.optimizer,
        averaged=config.ema > 0,
        trainings=plan.trainings,
        keep=KEEP,
    )
    check_disk(place, checkpoints=checkpoints, network=network)
