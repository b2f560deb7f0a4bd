"""Row "small MLP epoch": 784-256-256-10, batch 128, Adam 1e-3, one epoch of 60,000 rows in memory.

Lamina by its public `train`, torch in every variant that may be its best. Ratio: torch's
fastest variant ÷ Lamina. Quality: test accuracy after three epochs, three seeds.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import contest, datasets, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender, Timing

SIZES = (784, 256, 256, 10)
VARIANTS = ("plain", "foreach", "fused", "compiled loss", "compiled step", "compiled 4 steps")
TOLERANCE = 0.002  # of test accuracy


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=15, help="counted epochs each (default %(default)s)")
    parser.add_argument(
        "--seeds", type=int, default=3, help="seeds of the quality check (default %(default)s)"
    )
    parser.add_argument(
        "--epochs", type=int, default=3, help="epochs of the quality check (default %(default)s)"
    )
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=VARIANTS, metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="few rows, two turns, eager only: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.seeds, arguments.epochs = 2, 1, 1
        arguments.variants = [name for name in arguments.variants if "compiled" not in name]
    return arguments


def contenders(arguments: argparse.Namespace, data: str) -> list[Contender]:
    """Return Lamina and torch's variants."""
    shared = {"data": data, "precision": arguments.precision, "mode": "race"}
    found = [Contender("lamina", "train", interpreters.of(arguments, "lamina"), "lamina_mlp", shared)]
    for variant in arguments.variants:
        for matmul in ("highest", "medium") if variant == "fused" else ("medium",):
            options = {**shared, "variant": variant, "threads": machine.cores(), "matmul": matmul}
            name = f"{variant}, {matmul}"
            found.append(Contender("torch", name, interpreters.of(arguments, "torch"), "torch_mlp", options))
    return found


def quality(contender: Contender, arguments: argparse.Namespace) -> list[float]:
    """Return the test accuracy of every seed."""
    options = {
        **contender.options,
        "mode": "quality",
        "seeds": list(range(arguments.seeds)),
        "epochs": arguments.epochs,
    }
    asked = Contender(contender.name, contender.variant, contender.python, contender.module, options)
    return contest.answer(asked)["quality"]


def lines(race: contest.Race, arguments: argparse.Namespace, *, rows: int, limit: float) -> list[record.Line]:
    """Return one line a contender; Lamina and torch's best with their quality."""
    ours, best = race.best("lamina"), race.best("torch")
    reached = {id(timing): quality(timing.contender, arguments) for timing in (ours, best)}
    work = limits.training_flops(SIZES, rows) / 1e9

    def line(timing: Timing) -> record.Line:
        taken = spread.spread(timing.seconds)
        found = reached.get(id(timing))
        extra = {}
        if found is not None:
            mean, std = spread.mean_and_deviation(found)
            agrees = spread.agree(reached[id(ours)], found, tolerance=TOLERANCE)
            extra = {"quality": mean, "quality_deviation": std, "quality_agrees": agrees}
        return record.Line(
            row="small_mlp_epoch" if arguments.precision == "float32" else "small_mlp_epoch_bf16",
            contender=timing.contender.name,
            variant=timing.contender.variant,
            unit="s",
            first=timing.first,
            **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / taken.median / limit,
            **extra,
            seeds=str(arguments.seeds),
            versions=timing.versions,
            note="torch's best" if timing is best else "",
        )

    return [line(timing) for timing in race.timings]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    data = datasets.mnist()
    if arguments.quick:
        data = {name: array[:6000] for name, array in data.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "mnist.npz")
        np.savez(path, **data)
        limit = limits.matmul_limit(arguments, precision=arguments.precision)
        race = contest.race(contenders(arguments, path), turns=arguments.turns)
        found = lines(race, arguments, rows=len(data["x_train"]), limit=limit)
    record.keep(found, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
