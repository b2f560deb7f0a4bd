"""Row "256-model sweep": 256 MLPs 64-32-10, batch 128, Adam, learning rates and seeds differ.

Lamina by `train_population`; torch one by one (also as two processes side by side), and
torch batched by hand over the models. Microseconds of a step of one model. Quality: mean test
accuracy of all models after the same epochs, model by model.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import contest, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender, Timing

SIZES = (64, 32, 10)
ROWS, BATCH = 1437, 128
STEPS = math.ceil(ROWS / BATCH)
ONE_BY_ONE = ("plain", "foreach", "fused", "compiled loss", "compiled step", "compiled epoch")
STACKED = ("bmm eager", "wide eager", "vmap eager", "bmm compiled", "wide compiled", "vmap compiled")
TURN_EPOCHS, TURN_MODELS = 10, 8
TOLERANCE = 0.003  # of mean test accuracy


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=256)
    parser.add_argument("--turns", type=int, default=15, help="counted turns each (default %(default)s)")
    parser.add_argument(
        "--epochs", type=int, default=20, help="epochs of the quality check (default %(default)s)"
    )
    parser.add_argument(
        "--single", nargs="*", default=list(ONE_BY_ONE), choices=ONE_BY_ONE, metavar="VARIANT"
    )
    parser.add_argument("--stacked", nargs="*", default=list(STACKED), choices=STACKED, metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="32 models, two turns, eager only: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.models, arguments.turns, arguments.epochs = 32, 2, 2
        arguments.single = [name for name in arguments.single if "compiled" not in name]
        arguments.stacked = [name for name in arguments.stacked if "compiled" not in name]
    return arguments


def learning_rates(models: int) -> list[float]:
    """Return rates from 3e-4 to 3e-2, evenly in their logarithm."""
    return np.geomspace(3e-4, 3e-2, models).astype(np.float32).tolist()


def contenders(arguments: argparse.Namespace, data: str) -> list[Contender]:
    """Return Lamina and torch's variants; their names tell the ways apart, the best of each is compared."""
    shared = {
        "data": data,
        "lrs": learning_rates(arguments.models),
        "turn_epochs": TURN_EPOCHS,
        "mode": "race",
    }
    found = [
        Contender("lamina", "train_population", interpreters.of(arguments, "lamina"), "lamina_sweep", shared)
    ]
    python, cores = interpreters.of(arguments, "torch"), machine.cores()

    def torch(variant: str, *, threads: int = 1, copies: int = 1) -> Contender:
        options = {**shared, "variant": variant, "threads": threads, "turn_models": TURN_MODELS}
        label = variant + (", 1 thread" if threads == 1 else f", {threads} threads")
        return Contender(_way(variant, copies), label, python, "torch_sweep", options, copies=copies)

    found += [torch(variant) for variant in arguments.single]
    found += [torch(variant, threads=cores) for variant in arguments.single if variant == "fused"]
    side_by_side = [variant for variant in arguments.single if variant in ("fused", "compiled epoch")]
    found += [torch(variant, copies=cores) for variant in side_by_side]
    found += [torch(variant, threads=cores) for variant in arguments.stacked]
    return found


def _way(variant: str, copies: int) -> str:
    if variant in STACKED:
        return "torch by hand"
    compiled = ", compiled" if "compiled" in variant else ""
    return "torch one by one" + compiled + (f", {copies} processes" if copies > 1 else "")


def per_step(timing: Timing, models: int) -> float:
    """Return the factor that turns seconds of a turn into microseconds of a step of one model."""
    contender = timing.contender
    trained = TURN_MODELS * contender.copies if contender.options.get("variant") in ONE_BY_ONE else models
    return 1e6 / (trained * TURN_EPOCHS * STEPS)


def quality(contender: Contender, arguments: argparse.Namespace) -> list[float]:
    """Return the test accuracy of every model."""
    options = {**contender.options, "mode": "quality", "epochs": arguments.epochs}
    return contest.answer(replace(contender, options=options, copies=1))["quality"]


def _fastest(race: contest.Race, way: str, steps: dict[int, list[float]]) -> Timing:
    named = [timing for timing in race.timings if timing.contender.name == way]
    return min(named, key=lambda timing: spread.spread(steps[id(timing)]).median)


def lines(race: contest.Race, arguments: argparse.Namespace, *, limit: float) -> list[record.Line]:
    """Return one line a contender; the best of each way with the quality of its models."""
    factors = {id(timing): per_step(timing, arguments.models) for timing in race.timings}
    steps = {id(t): [s * factors[id(t)] for s in t.seconds] for t in race.timings}
    ours = race.best("lamina")
    best = [_fastest(race, way, steps) for way in {timing.contender.name for timing in race.timings}]
    reached = {id(timing): quality(timing.contender, arguments) for timing in best}
    work = limits.training_flops(SIZES, BATCH) / 1e3  # GF/s · µs = 1,000 operations

    def line(timing: Timing) -> record.Line:
        taken = spread.spread(steps[id(timing)])
        extra = {}
        if id(timing) in reached:
            mean, std = spread.mean_and_deviation(reached[id(timing)])
            agrees = spread.agree(reached[id(ours)], reached[id(timing)], tolerance=TOLERANCE, paired=True)
            extra = {"quality": mean, "quality_deviation": std, "quality_agrees": agrees}
        return record.Line(
            row="sweep_256",
            contender=timing.contender.name,
            variant=timing.contender.variant,
            unit="us a model-step",
            first=timing.first,
            **record.timed(taken),
            **record.compared(spread.ratio(steps[id(timing)], steps[id(ours)])),
            percent_of_limit=100 * work / taken.median / limit,
            **extra,
            seeds=str(arguments.models),
            versions=timing.versions,
            note="best of its way" if id(timing) in reached else "",
        )

    return [line(timing) for timing in race.timings]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "digits.npz")
        python = interpreters.of(arguments, "sklearn")
        subprocess.run([python, "-m", "benchmarks.datasets", "digits", path], cwd=contest.ROOT, check=True)
        limit = limits.matmul_limit(arguments)
        race = contest.race(contenders(arguments, path), turns=arguments.turns)
        found = lines(race, arguments, limit=limit)
    record.keep(found, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
