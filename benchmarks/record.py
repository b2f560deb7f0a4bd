"""Results as CSV, one file a row of the benchmarks; lines are only ever appended."""

from __future__ import annotations

import argparse
import csv
import datetime
import subprocess
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmarks import machine
from benchmarks.contest import ROOT
from benchmarks.spread import Spread

RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Line:
    """One contender in one contest; every number that it takes to judge it.

    Args:
        row: what was measured.
        contender: who.
        variant: how it was used.
        unit: of the next four.
        median: the middle of the runs.
        low: first quartile.
        high: third quartile.
        runs: how many were counted.
        first: the first turn, import or compilation counted, in seconds.
        ratio: median ÷ Lamina's median of the same contest: above 1, Lamina is faster.
        ratio_low: first quartile of the rounds' own ratios.
        ratio_high: third quartile.
        percent_of_limit: share of the matmul limit measured just before, in percent.
        quality: mean of what was reached, such as test accuracy.
        quality_deviation: its standard deviation over seeds or models.
        quality_agrees: whether it differs from Lamina's by no more than noise.
        seeds: seeds of the quality.
        cpu_seconds: that a whole process computed, median.
        peak_mib: largest resident memory.
        versions: packages in the contender's process.
        note: anything else.
    """

    row: str
    contender: str
    variant: str
    unit: str
    median: float
    low: float | str = ""
    high: float | str = ""
    runs: int = 1
    first: float | str = ""
    ratio: float | str = ""
    ratio_low: float | str = ""
    ratio_high: float | str = ""
    percent_of_limit: float | str = ""
    quality: float | str = ""
    quality_deviation: float | str = ""
    quality_agrees: bool | str = ""
    seeds: str = ""
    cpu_seconds: float | str = ""
    peak_mib: float | str = ""
    versions: str = ""
    note: str = ""


def timed(value: Spread) -> dict[str, float | int]:
    """Return a spread as fields of a `Line`."""
    return {"median": value.median, "low": value.low, "high": value.high, "runs": value.runs}


def compared(value: Spread) -> dict[str, float]:
    """Return the spread of a ratio as fields of a `Line`."""
    return {"ratio": value.median, "ratio_low": value.low, "ratio_high": value.high}


def commit() -> str:
    """Return the commit of the checkout, with ``+`` when source files differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", "src") else "")


def append(path: Path, rows: list[dict[str, object]]) -> None:
    """Append rows to a CSV file that gets its header when it is made.

    Raises:
        ValueError: the file has other columns; results are not mixed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        with path.open(newline="") as file:
            header = next(csv.reader(file), [])
        if header != list(rows[0]):
            raise ValueError(f"{path} has other columns; move it away first")
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        if is_new:
            writer.writeheader()
        writer.writerows(rows)


def origin() -> dict[str, object]:
    """Return when and where a result was measured."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"date": now, "machine": machine.describe(), "cores": machine.cores(), "commit": commit()}


def _rounded(value: object) -> object:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def show(lines: list[Line]) -> None:
    """Print lines as a table, columns that nothing fills left out."""
    names = [field.name for field in fields(Line) if field.name not in ("row", "versions", "note")]
    cells = [[_rounded(getattr(line, name)) for name in names] for line in lines]
    kept = [i for i in range(len(names)) if any(row[i] != "" for row in cells)]
    table = [[names[i] for i in kept], *[[str(row[i]) for i in kept] for row in cells]]
    widths = [max(len(row[i]) for row in table) for i in range(len(kept))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--results`` and what `machine` asks for."""
    parser.add_argument(
        "--results", type=Path, help="folder of CSV files; recorded there even when busy or quick"
    )
    machine.add_arguments(parser)


def keep(lines: list[Line], arguments: argparse.Namespace, *, idle: bool) -> None:
    """Print the lines; append them to the results when the machine was idle and the run was whole.

    Args:
        lines: of one row.
        arguments: with ``results``, and ``quick`` where the row has it.
        idle: whether the machine was idle from the start to the end.
    """
    show(lines)
    trusted = idle and not arguments.quick
    if not trusted and arguments.results is None:
        machine.say("not recorded: " + ("a quick run" if arguments.quick else "the machine was not idle"))
        return
    path = (arguments.results or RESULTS) / f"{lines[0].row}.csv"
    rounded = [{name: _rounded(value) for name, value in asdict(line).items()} for line in lines]
    where = origin()  # once: the lines of a contest share their date
    append(path, [{**row, **where, "trusted": trusted} for row in rounded])
    machine.say(f"recorded in {path}")
