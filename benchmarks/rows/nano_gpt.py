"""Row "nano GPT": nanoGPT's small configuration for a CPU from a text file to a trained network.

tiny-shakespeare by characters, first 90 %; 4 blocks of width 128, context 64, batches of 12, 2,000 steps of
AdamW. Lamina: `lamina.fit` with these keys, in float32, by its own choice (``mixed``), and with its own
optimizer. PyTorch: the same blocks, eager and compiled, with float32 products as they are and rounded, and by
autocast. Seconds of a whole process: import, reading of the text, compilation, training and test; processes
are interleaved. Quality: loss on the last 10 %, nats a character; it chooses nothing.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks import interpreters, machine, nano, peers, record
from benchmarks.contest import Contender
from benchmarks.entrants import Entrant, take_turns

ROW = "nano_gpt"
VARIANTS = ("eager", "compiled", "eager, autocast", "compiled, autocast")  # of PyTorch
QUICK = {"epochs": 1, "steps_per_epoch": 5}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="of each contender (default %(default)s)")
    parser.add_argument("--variants", nargs="*", help="part of a name: only these")
    parser.add_argument("--quick", action="store_true", help="one run of few steps: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    return parser.parse_args()


def contenders(arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return who takes part."""
    steps = QUICK["steps_per_epoch"] if arguments.quick else nano.STEPS  # of torch
    shared, found = {"folder": folder}, []
    for name, keys in {
        "float32": {"precision": "float32"},
        "mixed": {"precision": "mixed"},
        "mixed, Muon": {"precision": "mixed", "optimizer": "muon", "lr": 3e-3},
    }.items():
        given = {**shared, "keys": {**keys, **(QUICK if arguments.quick else {})}}
        found.append(Contender("lamina", name, interpreters.of(arguments, "lamina"), "nano_lamina", given))
    for name, own in peers.ways(VARIANTS):
        python = interpreters.of(arguments, "torch")
        found.append(Contender("torch", name, python, "nano_torch", {**shared, **own, "steps": steps}))
    wanted = arguments.variants
    return [one for one in found if not wanted or any(part in one.label for part in wanted)]


def line_of(entrant: Entrant) -> record.Line:
    """Return the line of a contender."""
    who, answers = entrant.contender, [run.answer for run in entrant.runs]
    return record.Line(
        ROW, who.name, who.variant, "s", statistics.median(run.seconds for run in entrant.runs),
        runs=len(answers), quality=statistics.mean(answer["loss"] for answer in answers),
        seeds=" ".join(map(str, range(len(answers)))), versions=answers[0]["versions"],
        note=f"{answers[0]['parameters']} parameters",
    )  # fmt: skip


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    text, cut = nano.shakespeare()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "input.txt").write_text(text[:20_000] if arguments.quick else text[:cut])
        (Path(folder) / "test.txt").write_text(text[cut : cut + 5_000] if arguments.quick else text[cut:])
        found = [Entrant(contender) for contender in contenders(arguments, folder)]
        runs = 1 if arguments.quick else arguments.runs
        quiet = take_turns(found, Path(folder), runs=runs, warm=False)
    lines = [line_of(entrant) for entrant in found]
    record.keep(lines, arguments, idle=idle and quiet)


if __name__ == "__main__":
    main()
