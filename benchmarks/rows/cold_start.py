"""Row "cold start": a process from its start to a trained network on 1,797 digits, and its end.

Twenty epochs, hidden width 100, batch 200, Adam 1e-3, no early stopping, 1,437 rows to train
on and 360 held out, for all. Lamina and Keras with a warm compile cache and with none.
Interleaved; whole-process seconds, peak memory, held-out accuracy over the runs' seeds.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender
from benchmarks.entrants import Entrant, take_turns

TOLERANCE = 0.01  # of test accuracy: 360 rows
PACKAGES = {"lamina": ("jax", "jaxlib", "numpy"), "torch": ("torch",), "sklearn": ("scikit-learn", "numpy"),
            "keras": ("keras", "jax")}  # fmt: skip


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="counted runs each (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="one run each: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs = 1
    return arguments


def entrants(arguments: argparse.Namespace, data: str) -> list[Entrant]:
    """Return everyone, each in the settings that may be its best."""
    shared, cores = {"data": data, "epochs": arguments.epochs}, machine.cores()

    def make(
        name: str, variant: str, environment: Mapping[str, str] | None = None, **options: object
    ) -> Contender:
        python, own = interpreters.of(arguments, name), {**shared, **options}
        return Contender(name, variant, python, f"cold_{name}", own, environment or {})

    keras_cache = ("JAX_COMPILATION_CACHE_DIR",)
    every = {
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return [
        Entrant(make("lamina", "warm cache"), ("LAMINA_CACHE",)),
        Entrant(make("lamina", "cold cache"), ("LAMINA_CACHE",), cold=True),
        Entrant(make("sklearn", "as it comes")),
        Entrant(make("sklearn", "1 thread", one_thread)),
        Entrant(make("torch", "eager fused, 1 thread", one_thread, threads=1)),
        Entrant(make("torch", f"eager fused, {cores} threads", threads=cores)),
        Entrant(make("keras", "as it comes", steps=1)),
        Entrant(make("keras", "warm cache", every, steps=1), keras_cache),
        Entrant(make("keras", "warm cache, 8 steps a call", every, steps=8), keras_cache),
    ]


def lines(found: list[Entrant], versions: Mapping[str, str]) -> list[record.Line]:
    """Return one line an entrant; ratios against Lamina with a warm cache."""
    ours = found[0]
    seconds = {id(entrant): [run.seconds for run in entrant.runs] for entrant in found}
    accuracies = {id(entrant): [run.answer["accuracy"] for run in entrant.runs] for entrant in found}

    def line(entrant: Entrant) -> record.Line:
        mean, std = spread.mean_and_deviation(accuracies[id(entrant)])
        return record.Line(
            row="cold_start",
            contender=entrant.contender.name,
            variant=entrant.contender.variant,
            unit="s",
            **record.timed(spread.spread(seconds[id(entrant)])),
            **record.compared(spread.ratio(seconds[id(entrant)], seconds[id(ours)])),
            quality=mean,
            quality_deviation=std,
            quality_agrees=spread.agree(accuracies[id(ours)], accuracies[id(entrant)], tolerance=TOLERANCE),
            seeds=str(len(entrant.runs)),
            cpu_seconds=statistics.median(run.cpu_seconds for run in entrant.runs),
            peak_mib=max(run.peak_mib for run in entrant.runs),
            versions=versions[entrant.contender.name],
        )

    return [line(entrant) for entrant in found]


def versions_of(arguments: argparse.Namespace, names: Iterable[str] = tuple(PACKAGES)) -> dict[str, str]:
    """Return each interpreter's versions of the packages that it is measured for."""
    found = {}
    for name in names:
        code = f"from benchmarks.worker import versions; print(versions(*{PACKAGES[name]}))"
        command = [interpreters.of(arguments, name), "-c", code]
        done = subprocess.run(command, cwd=contest.ROOT, capture_output=True, text=True, check=True)
        found[name] = done.stdout.strip()
    return found


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = str(folder / "digits.npz")
        python = interpreters.of(arguments, "sklearn")
        subprocess.run([python, "-m", "benchmarks.datasets", "digits", data], cwd=contest.ROOT, check=True)
        found = entrants(arguments, data)
        quiet = take_turns(found, folder, runs=arguments.runs)
    record.keep(lines(found, versions_of(arguments)), arguments, idle=idle and quiet)


if __name__ == "__main__":
    main()
