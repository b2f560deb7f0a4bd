"""Going on with a run that was interrupted or killed."""

from __future__ import annotations

import dataclasses
import os
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamina.core.errors import ArtifactError, DataError
from lamina.data.readers.registry import reading_keys
from lamina.data.source import read_beside
from lamina.network.plan import Plan
from lamina.network.prepare import prepare
from lamina.runs.console import Console
from lamina.runs.first_lines import print_first_lines
from lamina.runs.folder import RunFolder, clear_leftovers
from lamina.runs.record import Record, check_config, check_unchanged, check_versions, read_record
from lamina.runs.run import Finished, Job, run_job

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable


def resume(
    path: str | Path,
    *,
    console: Console | None = None,
    began: float | None = None,
    accept_versions: bool = False,
) -> Finished | None:
    """Go on with a run that was interrupted or killed, from its last checkpoint.

    It ends with the weights of the run that was never stopped, bit for bit, on the same
    machine and versions.

    Args:
        path: the run folder.
        console: says the lines of the run; silent without.
        began: when this began (``time.perf_counter``).
        accept_versions: go on though Lamina, JAX or NumPy are not those the run began with.

    Returns:
        The finished run, or None where nothing was left to do.

    Raises:
        ArtifactError: it is no run folder, or what it holds is damaged.
        ConfigError: the configuration is not that of the checkpoint, or versions changed.
        DataError: the data are not there any more, or others.
        RunLockedError: another process is using it.
    """
    began = time.perf_counter() if began is None else began
    console = console or Console()
    record = read_record(Path(path) / "config.toml")
    with RunFolder(path) as folder:
        console.keep_in(folder.log)
        if folder.network.is_dir() and folder.report.is_file():
            console.field("run", f"{path} has ended: nothing is left to do")
            return None
        clear_leftovers(folder)
        console.record(shlex.join(["lamina", "resume", str(path)]))
        check_versions(record, lambda text: console.print(f"warning: {text}"), accept=accept_versions)
        keys = reading_keys(record.given)
        table = _read_again(record.data, keys)
        test_table = None if record.test_data is None else _read_again(record.test_data, keys)
        plan = _planned_again(record, table, test_table)
        config = plan.config.to_json()
        open_keys = {name for variant in plan.variants for name in variant}
        settled = {name: value for name, value in config.items() if name not in open_keys}
        check_config(record.config, settled, folder.config)
        record = dataclasses.replace(record, config=config)
        print_first_lines(console, plan)
        console.field("run", str(folder.path))
        return run_job(Job(folder, plan, record, console, began), ())


def _read_again(stored: Mapping[str, Any], keys: Mapping[str, Any]) -> AbstractTable:
    """Read the data of a run once more, from where they were then, and with the same keys."""
    source = str(stored["source"])
    if "path" not in stored:
        raise DataError(
            "the data came from memory or standard input, so the run cannot go on by itself",
            where=source,
            fix="begin anew with `lamina fit`",
        )
    is_there = os.path.isfile(source) and os.path.samefile(source, stored["path"])
    table = read_beside(source if is_there else stored["path"], keys)
    check_unchanged(stored, table)
    return table


def _planned_again(record: Record, table: AbstractTable, test_table: AbstractTable | None) -> Plan:
    from lamina.models import MODELS

    if record.config.get("model") not in MODELS:
        raise ArtifactError(
            f"'{record.config.get('model')}' is a model of your own, which no folder holds",
            fix="begin anew with lamina.fit(..., model=your model)",
        )
    return prepare(table, target=record.target, keys=record.given, test_table=test_table)
