"""Row "selective copying": what networks remember of a long sequence, on two tasks of Mamba's paper.

*Selective copying*: 16 symbols of 14 kinds stand at random places among blanks; behind them 16 markers ask
for them in their order. A network without selection knows how far back a symbol lies only if it counts the
blanks. *Induction heads* (``--task``): a marker stands somewhere in random symbols, and once more at the
end; asked is the symbol behind the first. Accuracy is the share of right symbols in new sequences; chance
is 7 and 7 %.

Every model of the registry that says what comes next takes part by its name (``--models``), all with the
same size, depth, examples and steps. Sequences grow from stage to stage (``--stages length:batch:steps``),
since two cores cannot run the 400,000 steps at length 4,096 of the paper.

Reference: Gu, Dao. Mamba: linear-time sequence modeling with selective state spaces. 2023, section 4.1.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks import contest, interpreters, machine, record
from benchmarks.contest import Contender

ROW = "selective_copying"
MODELS = ("mamba", "s4d", "lstm", "gpt")
SHARED = ("task", "size", "depth", "rate", "stages", "lengths", "examples")
Stage = tuple[int, int, int]
STAGES: dict[str, tuple[Stage, ...]] = {
    "selective copying": (
        (32, 64, 4000),
        (64, 32, 500),
        (256, 16, 800),
        (1024, 8, 500),
        (4096, 4, 300),
    ),
    "induction heads": ((32, 64, 1500), (64, 64, 1000), (256, 32, 1000)),
}
LENGTHS = {"selective copying": (256, 1024, 4096), "induction heads": (256, 1024, 4096)}


def stage(text: str) -> Stage:
    """Return length, examples of a batch and steps of ``256:32:1000``."""
    length, batch, steps = map(int, text.split(":"))
    return length, batch, steps


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=list(STAGES), default="selective copying")
    parser.add_argument("--models", nargs="+", default=MODELS, help="by name (default %(default)s)")
    parser.add_argument("--size", type=int, default=64, help="features of a symbol (default %(default)s)")
    parser.add_argument("--depth", type=int, default=2, help="layers (default %(default)s)")
    parser.add_argument("--rate", type=float, default=3e-3, help="learning rate (default %(default)s)")
    parser.add_argument("--stages", nargs="+", type=stage, help="length:batch:steps, one after another")
    parser.add_argument("--lengths", nargs="+", type=int, help="lengths to test at")
    parser.add_argument("--examples", type=int, default=256, help="sequences of a test (default %(default)s)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--quick", action="store_true", help="few steps: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    arguments.stages = arguments.stages or STAGES[arguments.task]
    arguments.lengths = arguments.lengths or LENGTHS[arguments.task]
    if arguments.quick:
        arguments.stages, arguments.lengths, arguments.examples = [(32, 4, 5), (64, 2, 5)], [64], 4
    return arguments


def learned(contender: Contender) -> tuple[dict[str, Any], str]:
    """Return what a contender found, and the versions in its process, telling how far it is meanwhile."""
    worker = contest.Worker(contender)
    try:
        versions = worker.hear()["versions"]
        worker.tell(do="answer")
        message = worker.hear()
        while "progress" in message:
            machine.say(f"  {contender.variant}: {message['progress']}")
            message = worker.hear()
        return message, versions
    finally:
        worker.close()


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    shared = {name: getattr(arguments, name) for name in SHARED}
    told = " ".join(":".join(map(str, one)) for one in arguments.stages)
    lines, watch = [], machine.Watch()
    for seed in arguments.seeds:
        for model in arguments.models:
            options = {**shared, "model": model, "seed": seed}
            python = interpreters.of(arguments, "lamina")
            try:
                found, versions = learned(Contender("lamina", model, python, "long_tasks", options))
            except RuntimeError as error:
                machine.say(f"  left out: {error}")
                continue
            for length, accuracy in found["accuracy"].items():
                machine.say(f"{model}, seed {seed}: {accuracy:.4f} at length {length}")
                note = f"{arguments.task}, rate {arguments.rate:g}, stages {told}"
                lines.append(record.Line(
                    ROW, "lamina", f"{model}, length {length}", "s", found["seconds"], quality=accuracy,
                    seeds=str(seed), versions=versions, note=note,
                ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
