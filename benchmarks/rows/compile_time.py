"""Row "compile time": seconds to trace, lower and compile the training step of ResNet-18 and ViT-tiny.

Batch 64, images of 224 x 224 x 3, float32, AdamW (``--optimizers`` for others), 2 cores; asked are at most
8 seconds each. Every run finds an empty cache. The kernels in C++, compiled once a machine, are counted
apart, in the note. Nothing is executed.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Sequence
from typing import Any

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender

MODELS = {"resnet": 18, "vit": 192}  # and their sizes
ASKED = 8.0  # seconds
PARTS = ("trace", "lower", "compile")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs each (default %(default)s)")
    parser.add_argument("--models", nargs="+", choices=tuple(MODELS), default=list(MODELS))
    parser.add_argument("--sides", nargs="+", type=int, default=[224], help="pixels (default %(default)s)")
    parser.add_argument("--optimizers", nargs="+", default=["adamw"], metavar="NAME")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--quick", action="store_true", help="one run each: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.runs = 1
    return arguments


def entrants(arguments: argparse.Namespace) -> list[Contender]:
    """Return one contender a model, side and optimizer."""
    found = []
    for model, side, optimizer in itertools.product(arguments.models, arguments.sides, arguments.optimizers):
        options = {"model": model, "size": MODELS[model], "side": side, "batch": 64,
                   "optimizer": optimizer, "precision": arguments.precision}  # fmt: skip
        variant = f"{model} {MODELS[model]}, {side} x {side}, {optimizer}, {arguments.precision}"
        python = interpreters.of(arguments, "lamina")
        found.append(Contender("lamina", variant, python, "compile_lamina", options))
    return found


def run(contender: Contender) -> dict[str, Any]:
    """Compile once with an empty cache of programs and kernels."""
    with tempfile.TemporaryDirectory() as cache:
        return contest.whole_command(contender.command(), {"LAMINA_CACHE": cache}, contender.label).answer


def line(contender: Contender, answers: Sequence[dict[str, Any]]) -> record.Line:
    """Return the line of one model."""
    seconds = [sum(answer["seconds"][part] for part in PARTS) for answer in answers]
    cpu_seconds = [sum(answer["cpu_seconds"][part] for part in PARTS) for answer in answers]
    middle = {part: spread.spread([a["seconds"][part] for a in answers]).median for part in PARTS}
    parts = ", ".join(f"{part} {value:.2f}" for part, value in middle.items())
    kernels = spread.spread([answer["seconds"]["kernels"] for answer in answers]).median
    size = f"{answers[0]['lines']} lines, {answers[0]['parameters']} parameters"
    return record.Line(
        row="compile_time",
        contender=contender.name,
        variant=contender.variant,
        unit="s",
        **record.timed(spread.spread(seconds)),
        cpu_seconds=spread.spread(cpu_seconds).median,
        versions=answers[0]["versions"],
        note=f"asked {ASKED:g}; {parts}; {size}; kernels once {kernels:.1f}",
    )


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    found = entrants(arguments)
    answers: list[list[dict[str, Any]]] = [[] for _ in found]
    watch = machine.Watch()
    for _, (contender, own) in itertools.product(
        range(arguments.runs), list(zip(found, answers, strict=True))
    ):
        own.append(run(contender))
    quiet = watch.is_quiet()
    result = [line(contender, own) for contender, own in zip(found, answers, strict=True)]
    for one in result:
        machine.say(f"{one.variant}: {one.note}")
    record.keep(result, arguments, idle=idle and quiet)


if __name__ == "__main__":
    main()
