"""What the rows of whole `lamina.fit` runs share: a run in a process of its own, a line each, means."""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import contest, machine, record, spread
from benchmarks.contest import Contender

Key = tuple[str, str, int]  # set, preset, seed
Line = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every such row asks for."""
    parser.add_argument("--valid-only", action="store_true", help="no test rows, no test metric: for tuning")
    parser.add_argument(
        "--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of lamina.fit"
    )
    parser.add_argument("--resume", action="store_true", help="skip runs that the CSV has from this commit")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run? nothing is recorded")
    parser.add_argument("--results", type=Path, help="folder of the CSV (default: benchmarks/results)")
    parser.add_argument("--lamina-python", default=sys.executable, metavar="PATH", help="default: this one")


def whole_run(data: Path, keys: Mapping[str, Any], arguments: argparse.Namespace) -> contest.WholeRun:
    """Fit once in a process of its own, the person's further keys added."""
    own = dict(pair.split("=", 1) for pair in arguments.keys)
    chosen = {**keys, **own, **({"epochs": 1} if arguments.quick else {})}
    options = {"data": str(data), "keys": chosen}
    return contest.whole_run(Contender("lamina", data.stem, arguments.lamina_python, "table", options))


def described(run: contest.WholeRun, arguments: argparse.Namespace, *, load: float) -> dict[str, Any]:
    """Return what every line says of a run besides its metrics."""
    return {
        "seconds": round(run.seconds, 2),
        "cpu_seconds": round(run.cpu_seconds, 2),
        "peak_mib": round(run.peak_mib),
        "load_before": round(load, 2),
        **{key: run.answer[key] for key in ("model", "parameters", "epochs", "best_epoch", "ended")},
        "keys": " ".join(arguments.keys),
        "versions": run.answer["versions"],
        **record.origin(),
    }


def load() -> float:
    """Return the load of the last minute."""
    return os.getloadavg()[0]


def rounded(value: float | None) -> float | str:
    """Return five digits of a metric, nothing where there is none."""
    return "" if value is None else float(f"{value:.5g}")


def in_words(line: Line) -> str:
    """Return a run in one line for a person."""
    test = "" if line["test"] == "" else f"test {line['test']:<9}"
    where = f"{line['set']:16s}{line['preset']:10s}seed {line['seed']}"
    epochs = f"{line['epochs']} epochs, best {line['best_epoch']}"
    asked = f"asked {line['asked']:<7}" if "asked" in line else ""
    return f"{where}  valid {line['valid']:<9} {test} {asked} {line['seconds']:7.1f} s  {epochs}"


def recorded(path: Path, arguments: argparse.Namespace) -> dict[Key, Line]:
    """Return the lines that the CSV has from this commit with these keys."""
    if not (arguments.resume and path.exists()):
        return {}
    same = {"commit": record.commit(), "keys": " ".join(arguments.keys)}
    with path.open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if all(row[name] == value for name, value in same.items())
        ]
    lines = [{name: _number(value) for name, value in row.items()} for row in rows]
    return {(line["set"], line["preset"], line["seed"]): line for line in lines}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def show_means(lines: Sequence[Line]) -> None:
    """Print mean and std over the seeds of every set and preset."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line["set"], line["preset"]), []).append(line)
    print(
        f"{'set':16s}{'preset':10s}{'metric':10s}{'seeds':>5s}{'valid':>18s}{'test':>18s}{'asked':>9s}{'seconds':>9s}"
    )
    for (name, preset), own in groups.items():
        cells = []
        for part in ("valid", "test"):
            values = [line[part] for line in own if line[part] != ""]
            cells.append("{:.5g} ± {:.2g}".format(*spread.mean_and_deviation(values)) if values else "")
        seconds = sum(line["seconds"] for line in own) / len(own)
        asked = own[0].get("asked", "")
        print(
            f"{name:16s}{preset:10s}{own[0]['metric']:10s}{len(own):5d}{cells[0]:>18s}{cells[1]:>18s}{asked:>9}{seconds:9.1f}"
        )


def run_all(row: str, fit: Callable[[str, str, int], Line], arguments: argparse.Namespace) -> None:
    """Fit every preset, set and seed; each run is a line of the row's CSV as soon as it ends."""
    path = (arguments.results or record.RESULTS) / f"{row}{'_valid' if arguments.valid_only else ''}.csv"
    wanted = [(s, p, seed) for p in arguments.presets for s in arguments.sets for seed in arguments.seeds]
    before, lines = recorded(path, arguments), []
    try:
        for key in wanted:
            if key in before:
                machine.say("{} {} seed {}: recorded before".format(*key))
                lines.append(before[key])
                continue
            line = fit(*key)
            lines.append(line)
            if not arguments.quick or arguments.results:
                record.append(path, [dict(line)])
            print(in_words(line), flush=True)
    finally:
        if lines:
            show_means(lines)
