"""Row "MNIST to 98 and 99 %": seconds from before a process starts until its test accuracy is reached.

The network of `cnn_step` with 16-32-64 channels and a head that sees every place (with the mean over space
five epochs end below 99 %), 60,000 training images, batch 125, Adam with a rate that falls to zero over the
epochs; all 10,000 test images are looked at after every sixth of an epoch. Imports, reading the file,
compiling and looking are counted. Lamina by its public `train`, with the compile cache of an earlier run and
with none (its convolution kernels are then compiled too); PyTorch channels last with fused Adam, eager and
compiled with a warm cache. Interleaved; every run has another seed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import datasets, interpreters, machine, record, spread
from benchmarks.contest import Contender
from benchmarks.entrants import Entrant, take_turns
from benchmarks.rows.cold_start import versions_of

GOALS = (0.98, 0.99)
TOLERANCE = 0.1  # of an epoch, between the means until a goal is reached
BATCH, STEPS = 125, 480  # of an epoch
RECIPE = {"batch_size": BATCH, "lr": 3e-3, "every": STEPS // 6, "chunk": STEPS // 30}
QUICK_ROWS = 4000
SHAPE = {"kind": "cnn", "side": 28, "colors": 1, "channels": (16, 32, 64), "places": 7 * 7}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs each (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="until the rate is zero (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one short run each: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs = 1
        arguments.epochs = 3
    return arguments


def entrants(arguments: argparse.Namespace, data: str) -> list[Entrant]:
    """Return everyone."""
    shared = {**RECIPE, "shape": SHAPE, "data": data, "epochs": arguments.epochs, "enough": GOALS[-1]}

    def make(name: str, variant: str, **options: object) -> Contender:
        python = interpreters.of(arguments, name)
        return Contender(name, variant, python, f"mnist_{name}", {**shared, **options})

    cores = machine.cores()
    return [
        Entrant(make("lamina", "warm cache"), ("LAMINA_CACHE",)),
        Entrant(make("lamina", "cold cache"), ("LAMINA_CACHE",), cold=True),
        Entrant(make("torch", "eager fused", threads=cores, compiled=False)),
        Entrant(
            make("torch", "compiled, warm cache", threads=cores, compiled=True), ("TORCHINDUCTOR_CACHE_DIR",)
        ),
    ]


def reached(found: Sequence[Sequence[float]], goal: float) -> tuple[float, float] | None:
    """Return epochs and seconds until the accuracy is first reached; None if it never is."""
    for step, accuracy, seconds in found:
        if accuracy >= goal:
            return step / STEPS, seconds
    return None


def lines(entrants: Sequence[Entrant], versions: Mapping[str, str]) -> list[record.Line]:
    """Return a line an entrant and goal; seconds of the runs, with the epochs they took as quality."""
    found = []
    for goal in GOALS:
        ways = [[reached(run.answer["found"], goal) for run in entrant.runs] for entrant in entrants]
        for entrant, own in zip(entrants, ways, strict=True):
            found.append(line(entrant, goal, own, ways[0], versions[entrant.contender.name]))
    return found


def line(
    entrant: Entrant, goal: float, own: Sequence[Any], ours: Sequence[Any], versions: str
) -> record.Line:
    """Return the line of one entrant and one goal; without numbers of time if a run never got there."""
    name, variant = entrant.contender.name, entrant.contender.variant
    shared = {"row": "mnist_time", "contender": name, "variant": f"{goal:.0%}, {variant}", "unit": "s"}
    failed = sum(way is None for way in own)
    if failed or None in ours:
        note = f"{failed} of {len(own)} runs did not reach it" if failed else "Lamina did not always reach it"
        return record.Line(**shared, median=float("nan"), versions=versions, note=note)
    epochs, seconds = zip(*own, strict=True)
    mean, std = spread.mean_and_deviation(epochs)
    return record.Line(
        **shared,
        **record.timed(spread.spread(seconds)),
        **record.compared(spread.ratio(seconds, [way[1] for way in ours])),
        quality=mean,
        quality_deviation=std,
        quality_agrees=spread.agree([way[0] for way in ours], epochs, tolerance=TOLERANCE),
        seeds=str(len(own)),
        versions=versions,
        note="quality: epochs until then",
    )


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = str(folder / "mnist.npz")
        pixels = datasets.mnist_pixels()
        if arguments.quick:  # it looks once an epoch or less; no goal need be reached
            pixels = {key: array[:QUICK_ROWS] for key, array in pixels.items()}
        np.savez(data, **pixels)
        found = entrants(arguments, data)
        quiet = take_turns(found, folder, runs=arguments.runs, warm=not arguments.quick)
    versions = versions_of(arguments, ("lamina", "torch"))
    record.keep(lines(found, versions), arguments, idle=idle and quiet)


if __name__ == "__main__":
    main()
