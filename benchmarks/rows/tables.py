"""Quality rows: five tables, presets, seeds; `lamina.fit` on a file with a split column.

California, wine, bike and diamonds are split 64/16/20 at random by the seed; Adult has its
official test rows. The 16 % validate, except under ``best``, which cross-validates the 80 %
that are not test rows by itself. Each run is a process of its own and a line in the CSV as soon as it ends.
``--valid-only`` leaves the test rows out: for tuning.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import contest, machine, record, spread, tabular
from benchmarks.contest import Contender

PRESETS = ("fast", "balanced", "best")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=tuple(tabular.TABLES), default=list(tabular.TABLES))
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["balanced", "best"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)), metavar="SEED")
    parser.add_argument("--valid-only", action="store_true", help="no test rows, no test metric: for tuning")
    parser.add_argument(
        "--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of lamina.fit"
    )
    parser.add_argument("--resume", action="store_true", help="skip runs that the CSV has from this commit")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run? nothing is recorded")
    parser.add_argument("--results", type=Path, help="folder of the CSV (default: benchmarks/results)")
    parser.add_argument("--lamina-python", default=sys.executable, metavar="PATH", help="default: this one")
    return parser.parse_args()


def fit(name: str, preset: str, seed: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit once in a process of its own; return the line of the CSV."""
    table = tabular.TABLES[name]
    own = dict(pair.split("=", 1) for pair in arguments.keys)
    keys = {
        "target": table.target,
        "task": table.task,
        "split": "split",
        "preset": preset,
        "seed": seed,
        **own,
    }
    if arguments.quick:
        keys["epochs"] = 1
    load, marks = os.getloadavg()[0], arguments.valid_only or preset != "best"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        tabular.write_split(table, path, seed=seed, valid_only=arguments.valid_only, marks_valid=marks)
        options = {"data": str(path), "keys": keys}
        run = contest.whole_run(Contender("lamina", name, arguments.lamina_python, "table", options))
    reached = {
        part: run.answer[part] and run.answer[part][table.metric] / table.unit for part in ("valid", "test")
    }
    return {
        "set": name,
        "preset": preset,
        "seed": seed,
        "metric": table.metric,
        "valid": _rounded(reached["valid"]),
        "test": "" if arguments.valid_only else _rounded(reached["test"]),
        "asked": table.asked.get(preset, ""),
        "seconds": round(run.seconds, 2),
        "cpu_seconds": round(run.cpu_seconds, 2),
        "peak_mib": round(run.peak_mib),
        "load_before": round(load, 2),
        **{key: run.answer[key] for key in ("model", "parameters", "epochs", "best_epoch", "ended")},
        "keys": " ".join(arguments.keys),
        "versions": run.answer["versions"],
        **record.origin(),
    }


def in_words(line: Mapping[str, Any]) -> str:
    """Return a run in one line for a person."""
    test = "" if line["test"] == "" else f"test {line['test']:<9}"
    where = f"{line['set']:12s}{line['preset']:10s}seed {line['seed']}"
    epochs = f"{line['epochs']} epochs, best {line['best_epoch']}"
    asked = f"asked {line['asked']:<7}"
    return f"{where}  valid {line['valid']:<9} {test} {asked} {line['seconds']:7.1f} s  {epochs}"


def _rounded(value: float | None) -> float | str:
    return "" if value is None else float(f"{value:.5g}")


def recorded(path: Path, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the wanted lines that the CSV has from this commit with these keys."""
    if not (arguments.resume and path.exists()):
        return []
    same = {"commit": record.commit(), "keys": " ".join(arguments.keys)}
    with path.open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if all(row[name] == value for name, value in same.items())
        ]
    return [{name: _number(value) for name, value in row.items()} for row in rows]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def show_means(lines: list[Mapping[str, Any]]) -> None:
    """Print mean and deviation over the seeds of every set and preset."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        groups.setdefault((line["set"], line["preset"]), []).append(line)
    print(
        f"{'set':12s}{'preset':10s}{'metric':10s}{'seeds':>5s}{'valid':>18s}{'test':>18s}{'asked':>9s}{'seconds':>9s}"
    )
    for (name, preset), own in groups.items():
        cells = []
        for part in ("valid", "test"):
            values = [line[part] for line in own if line[part] != ""]
            cells.append("{:.5g} ± {:.2g}".format(*spread.mean_and_deviation(values)) if values else "")
        seconds = sum(line["seconds"] for line in own) / len(own)
        asked = own[0]["asked"]
        print(
            f"{name:12s}{preset:10s}{own[0]['metric']:10s}{len(own):5d}{cells[0]:>18s}{cells[1]:>18s}{asked:>9}{seconds:9.1f}"
        )


def main() -> None:
    arguments = parse()
    folder = arguments.results or record.RESULTS
    path = folder / ("tables_valid.csv" if arguments.valid_only else "tables.csv")
    before = {(line["set"], line["preset"], line["seed"]): line for line in recorded(path, arguments)}
    wanted = [(s, p, seed) for p in arguments.presets for s in arguments.sets for seed in arguments.seeds]
    lines = []
    try:
        for name, preset, seed in wanted:
            if (name, preset, seed) in before:
                machine.say(f"{name} {preset} seed {seed}: recorded before")
                lines.append(before[name, preset, seed])
                continue
            line = fit(name, preset, seed, arguments)
            lines.append(line)
            if not arguments.quick or arguments.results:
                record.append(path, [line])
            print(in_words(line), flush=True)
    finally:
        if lines:
            show_means(lines)


if __name__ == "__main__":
    main()
