"""Row "checkpoints": what one costs a run on the largest table, and what ten on disk cost a resume.

The state of `tabm-mini` on the diamonds: seconds that training waits (the copy), seconds of the
writing thread, and how long finding the newest of ten takes. As a share of a minute, for one a minute.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import machine, tabular
from lamina.core import runtime
from lamina.data.source import read
from lamina.network import prepare
from lamina.train import Callback, train
from lamina.train.safeguard.checkpoint import Checkpoints

REPEATS = 15


class Measure(Callback):
    """Takes and writes snapshots while a run is under way, and notes the seconds."""

    def __init__(self, checkpoints: Checkpoints):
        self.checkpoints = checkpoints
        self.copies: list[float] = []
        self.writes: list[float] = []

    def on_chunk_end(self, step: int, run: Any) -> None:
        if len(self.copies) >= REPEATS:
            run.stop("measured")
            return
        began = time.perf_counter()
        snapshot = run.snapshot()
        copied = time.perf_counter()
        self.checkpoints.write(snapshot)
        self.copies.append(copied - began)
        self.writes.append(time.perf_counter() - copied)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    table = tabular.TABLES["diamonds"]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "diamonds.csv"
        tabular.write_split(table, path, seed=0, valid_only=False, marks_valid=True)
        plan = prepare(read(str(path)), target=table.target, keys={"split": "split", "preset": "balanced"})
        checkpoints = Checkpoints(Path(name) / "checkpoints", keep=10)
        measure = Measure(checkpoints)
        learn, valid = plan.data.folds[0]
        train(
            plan.models[0],
            plan.coding.objective,
            plan.training_examples(learn).arrays,
            plan.examples(valid).arrays,
            config=plan.config.training,
            callbacks=[measure],
        )
        began = time.perf_counter()
        checkpoints.latest()
        found = time.perf_counter() - began
    copy, write = statistics.median(measure.copies), statistics.median(measure.writes)
    answer = {
        "copy_ms": round(copy * 1e3, 2),
        "write_ms": round(write * 1e3, 2),
        "percent_of_a_minute": round((copy + write) / 60 * 100, 3),
        "find_newest_of_ten_ms": round(found * 1e3, 2),
        "machine": machine.describe() if hasattr(machine, "describe") else "",
        "versions": runtime.versions(),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
