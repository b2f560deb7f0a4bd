"""Row "a million rows": a CSV of 1,000,000 rows and 50 columns read, audited, encoded, one epoch trained.

Numbers with missing cells, categories, dates and switches; or numbers only. Seconds from the
import of Lamina to each mark, and the process's largest resident memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender
from benchmarks.rows.cold_start import versions_of

COLUMNS = 50  # the target is one of them
MARKS = ("before training", "first epoch done", "total")
BLOCK = 20_000  # rows written at once
CATEGORIES, SWITCHES, DATES = 8, 2, 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=("mixed", "numbers"), default="mixed")
    parser.add_argument("--task", choices=("regression", "binary"), default="binary")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--file", type=Path, help="keep the table here, and take it from here when it exists")
    parser.add_argument("--quick", action="store_true", help="20,000 rows, once: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.runs = 20_000, 1
    return arguments


def write_table(path: Path, *, rows: int, kind: str, task: str) -> None:
    """Write the table; the target depends on a few columns of each sort, and on chance."""
    random = np.random.default_rng(0)
    words = np.array([f"word{i:02d}" for i in range(40)])
    others = CATEGORIES + SWITCHES + DATES if kind == "mixed" else 0
    numbers = COLUMNS - 1 - others
    names = [f"number{i}" for i in range(numbers)]
    if others:
        names += (
            [f"category{i}" for i in range(CATEGORIES)] + [f"switch{i}" for i in range(SWITCHES)] + ["day"]
        )
    with path.open("w") as file:
        file.write(",".join([*names, "target"]) + "\n")
        for start in range(0, rows, BLOCK):
            count = min(BLOCK, rows - start)
            x = random.standard_normal((count, numbers), np.float32)
            signal = x[:, 0] - 0.5 * x[:, 1] * x[:, 2] + 0.5 * random.standard_normal(count, np.float32)
            cells = np.char.mod("%.5g", x)
            if others:
                cells[random.random(x.shape) < 0.01] = ""
                codes = random.integers(0, 40, (count, CATEGORIES))
                switches = random.integers(0, 2, (count, SWITCHES))
                days = np.datetime64("2015-01-01") + random.integers(0, 3650, count)
                signal = signal + 0.05 * (codes[:, 0] - 20) + 0.3 * switches[:, 0]
                truths = np.where(switches == 1, "true", "false")
                cells = np.concatenate([cells, words[codes], truths, days.astype(str)[:, None]], axis=1)
            target = np.where(signal > 0, "yes", "no") if task == "binary" else np.char.mod("%.5g", signal)
            file.writelines(
                ",".join((*row, last)) + "\n" for row, last in zip(cells.tolist(), target, strict=True)
            )


def main() -> None:
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder) / "million.csv"
        if not path.exists():
            machine.say(f"writing {arguments.rows:,} rows to {path}")
            write_table(path, rows=arguments.rows, kind=arguments.kind, task=arguments.task)
        megabytes = os.path.getsize(path) / 1e6
        idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
        options = {"data": str(path), "keys": {"task": arguments.task, "seed": 0}}
        contender = Contender(
            "lamina", arguments.kind, interpreters.of(arguments, "lamina"), "million", options
        )
        watch = machine.Watch()
        runs = [contest.whole_run(contender) for _ in range(arguments.runs)]
        quiet = watch.is_quiet()
    versions = versions_of(arguments, ["lamina"])["lamina"]
    metric, value = next(iter(runs[0].answer["valid"].items()))
    note = (
        f"{runs[0].answer['model']}, {arguments.task}, {arguments.rows:,} rows, {megabytes:.0f} MB, {metric}"
    )
    lines = [
        record.Line(
            row="million_rows",
            contender="lamina",
            variant=f"{arguments.kind}: {mark}",
            unit="s",
            **record.timed(
                spread.spread([run.seconds if mark == "process" else run.answer[mark] for run in runs])
            ),
            quality=value,
            cpu_seconds=spread.spread([run.cpu_seconds for run in runs]).median,
            peak_mib=max(run.peak_mib for run in runs),
            versions=versions,
            note=note,
        )
        for mark in (*MARKS, "process")
    ]
    record.keep(lines, arguments, idle=idle and quiet)


if __name__ == "__main__":
    main()
