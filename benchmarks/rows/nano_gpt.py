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

from benchmarks import contest, interpreters, machine, nano, peers, record
from benchmarks.contest import Contender

ROW = "nano_gpt"
VARIANTS = ("eager", "compiled", "eager, autocast", "compiled, autocast")  # of PyTorch
QUICK = {"epochs": 1, "steps_per_epoch": 5}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3, help="of each contender (default %(default)s)")
    parser.add_argument("--variants", nargs="*", help="part of a name: only these")
    parser.add_argument("--quick", action="store_true", help="one run, few steps of Lamina: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    return parser.parse_args()


def contenders(arguments: argparse.Namespace, folder: str, run: int) -> list[Contender]:
    """Return who takes part in a run; its number is the seed."""
    shared, found = {"folder": folder, "seed": run}, []
    for name, keys in {
        "float32": {"precision": "float32"},
        "mixed": {"precision": "mixed"},
        "mixed, Muon": {"precision": "mixed", "optimizer": "muon", "lr": 3e-3},
    }.items():
        given = {**shared, "keys": {**keys, **(QUICK if arguments.quick else {})}}
        found.append(Contender("lamina", name, interpreters.of(arguments, "lamina"), "nano_lamina", given))
    for name, own in peers.ways(VARIANTS):
        python = interpreters.of(arguments, "torch")
        found.append(Contender("torch", name, python, "nano_torch", {**shared, **own}))
    wanted = arguments.variants
    return [one for one in found if not wanted or any(part in one.label for part in wanted)]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    text, cut = nano.shakespeare()
    seconds: dict[str, list[float]] = {}
    losses: dict[str, list[float]] = {}
    versions: dict[str, str] = {}
    known: dict[str, Contender] = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "input.txt").write_text(text[:20_000] if arguments.quick else text[:cut])
        (Path(folder) / "test.txt").write_text(text[cut : cut + 5_000] if arguments.quick else text[cut:])
        for run in range(1 if arguments.quick else arguments.runs):
            for contender in contenders(arguments, folder, run):
                try:
                    found = contest.whole_run(contender)
                except RuntimeError as error:
                    machine.say(f"  left out: {error}")
                    continue
                known[contender.label] = contender
                versions[contender.label] = found.answer["versions"]
                seconds.setdefault(contender.label, []).append(found.seconds)
                losses.setdefault(contender.label, []).append(found.answer["loss"])
                machine.say(f"  {contender.label}, run {run}: {found.seconds:.1f} s, {found.answer}")
    lines = [
        record.Line(ROW, one.name, one.variant, "s", statistics.median(seconds[label]),
                    runs=len(seconds[label]), quality=statistics.mean(losses[label]),
                    seeds=" ".join(map(str, range(len(seconds[label])))), versions=versions[label])
        for label, one in known.items()
    ]  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
