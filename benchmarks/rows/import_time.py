"""Row "import time": ``import lamina`` as a whole process, less Python itself, beside the peers.

Processes are interleaved with ``python -c pass``, and the seconds of that round are taken off.
"""

from __future__ import annotations

import argparse
import time

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import WholeRun
from benchmarks.rows.cold_start import versions_of

IMPORTS = {
    "lamina": ("lamina", "import lamina"),
    "lamina and what fit needs": ("lamina", "import lamina; lamina.fit; import lamina.network.fit"),
    "sklearn": ("sklearn", "import sklearn.neural_network"),
    "torch": ("torch", "import torch"),
    "keras": ("keras", "import os; os.environ['KERAS_BACKEND'] = 'jax'; import keras"),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21, help="counted runs each (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two runs each: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs = 2
    return arguments


def measure(arguments: argparse.Namespace) -> dict[str, list[tuple[WholeRun, WholeRun]]]:
    """Return (bare Python, Python with the import) for every run of every name."""
    runs: dict[str, list[tuple[WholeRun, WholeRun]]] = {name: [] for name in IMPORTS}
    for turn in range(arguments.runs + 1):  # the first fills the page cache and writes bytecode
        for name, (package, code) in IMPORTS.items():
            python, pair = interpreters.of(arguments, package), []
            for text in ("pass", code):
                time.sleep(contest.SETTLE / 5)
                pair.append(contest.whole_command([python, "-c", text], {}, name))
            if turn:
                runs[name].append((pair[0], pair[1]))
    return runs


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    watch = machine.Watch()
    runs = measure(arguments)
    quiet = watch.is_quiet()
    versions = versions_of(arguments)
    seconds = {
        name: [loaded.seconds - bare.seconds for bare, loaded in pairs] for name, pairs in runs.items()
    }
    lines = [
        record.Line(
            row="import_time",
            contender=IMPORTS[name][0],
            variant=IMPORTS[name][1],
            unit="s more than Python",
            **record.timed(spread.spread(seconds[name])),
            peak_mib=max(loaded.peak_mib for _, loaded in runs[name]),
            cpu_seconds=spread.spread(
                [loaded.cpu_seconds - bare.cpu_seconds for bare, loaded in runs[name]]
            ).median,
            versions=versions[IMPORTS[name][0]],
        )
        for name in IMPORTS
    ]
    record.keep(lines, arguments, idle=idle and quiet)


if __name__ == "__main__":
    main()
