"""Row "two commits": whether this checkout is slower than another one, on whole processes of `lamina fit`.

Three commands, each in a process of its own, both checkouts in turn: ``cold start`` (digits as a table, one
epoch of an MLP: import, reading, compiling, saving, report), ``tables`` (wine, ``preset=balanced``) and
``CNN step`` (2,000 images of CIFAR-10, `airbench`; the median of the epochs after the first, out of
metrics.csv). The ratio is this checkout's time ÷ the other's, round by round.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import datasets, machine, record, spread
from benchmarks.contest import ROOT

ROW = "two_commits"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round: does it run?")
    parser.add_argument("--only", nargs="+", choices=("cold start", "tables", "CNN step"))
    record.add_arguments(parser)
    return parser.parse_args()


def sources(folder: Path) -> dict[str, list[str]]:
    """Write the data; return the words of each command after ``lamina fit``."""
    digits = datasets.digits()
    table = np.column_stack([digits["x_train"], digits["y_train"]])
    names = [*(f"p{i}" for i in range(64)), "digit"]
    with (folder / "digits.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([*(round(float(v), 4) for v in row[:-1]), f"d{int(row[-1])}"] for row in table)
    images = datasets.load(str(Path(os.environ["LAMINA_DATA"]) / "cifar10_subset" / "cifar10_10k_2k.npz"))
    np.savez(folder / "images.npz", x=images["x_train"][:2000], y=images["y_train"][:2000])
    return {
        "cold start": [str(folder / "digits.csv"), "--target", "digit", "model=mlp", "epochs=1"],
        "tables": [str(ROOT / "examples" / "data" / "wine.csv"), "--target", "quality"],
        "CNN step": [str(folder / "images.npz"), "model=airbench", "size=32", "epochs=4"],
    }


def run(checkout: Path, words: list[str], out: Path) -> tuple[float, float]:
    """Fit in a new process; return its seconds and those of a middle epoch."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-m", "lamina", "fit", *words, "--out", str(out), "--seed", "0"]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{checkout}: {done.stderr}")
    with (out / "metrics.csv").open(newline="") as file:
        epochs = [float(row["seconds"]) for row in csv.DictReader(file)]
    return seconds, statistics.median(epochs[1:] or epochs)


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, words in sources(folder).items():
            if arguments.only and what not in arguments.only:
                continue
            times: dict[Path, list[float]] = {arguments.other.resolve(): [], ROOT: []}
            counted = 1 if arguments.quick else arguments.rounds
            for turn in range(1 + counted):  # the first fills the caches of compilation
                for checkout, found in times.items():
                    whole, epoch = run(checkout, words, folder / f"{what} {turn} {checkout.name}")
                    if turn:
                        found.append(epoch if what == "CNN step" else whole)
            before, after = times.values()
            ratio = spread.ratio(after, before)
            middle = [f"{statistics.median(found):.3f} s" for found in (before, after)]
            machine.say(f"{what}: {middle[0]} before, {middle[1]} now, ratio {ratio.median:.3f}")
            now = {**record.timed(spread.spread(after)), **record.compared(ratio)}
            lines.append(record.Line(ROW, "before", what, "s", **record.timed(spread.spread(before))))
            lines.append(record.Line(ROW, "now", what, "s", **now))
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
