"""Row "decoding": tokens a second that GPT-2 writes, against the package `transformers`.

6 blocks, width 512, 8 heads, a vocabulary of 1,024, the same random weights on both sides; a prompt of 32
tokens, 256 new ones, always the likeliest, float32, with a cache of keys and values. Lamina: what `lamina
generate` runs. transformers: its `generate` with either cache, and a loop of its own model compiled by
`torch.compile`. The limit is memory, since every weight is read once a step: the note says how fast.
Quality: share of equal tokens.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender

SHAPE = {"symbols": 1024, "time": 512, "width": 512, "depth": 6, "heads": 8}
VARIANTS = ("dynamic", "static", "compiled", "frozen")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=9, help="counted turns each (default %(default)s)")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8], help="texts written at once")
    parser.add_argument("--prompt", type=int, default=32, help="tokens (default %(default)s)")
    parser.add_argument("--tokens", type=int, default=256, help="to write (default %(default)s)")
    parser.add_argument("--variants", nargs="*", default=VARIANTS, choices=VARIANTS, metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="two short turns, not compiled: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.tokens, arguments.variants = 2, 8, ["static"]
    return arguments


def prompts(batch: int, length: int) -> list[list[int]]:
    """Return random tokens to go on from."""
    return np.random.default_rng(1).integers(0, SHAPE["symbols"], (batch, length)).tolist()


def contenders(arguments: argparse.Namespace, weights: str, batch: int) -> list[Contender]:
    """Return Lamina and the ways of transformers."""
    shared = {
        "weights": weights, "shape": SHAPE, "tokens": arguments.tokens, "mode": "race",
        "prompts": prompts(batch, arguments.prompt),
    }  # fmt: skip
    found = [Contender("lamina", "generate", interpreters.of(arguments, "lamina"), "lamina_decoding", shared)]
    for variant in arguments.variants:
        options = {**shared, "variant": variant, "threads": machine.cores()}
        python = interpreters.of(arguments, "torch")
        found.append(Contender("transformers", variant, python, "torch_decoding", options))
    return found


def asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def measured(arguments: argparse.Namespace, weights: str, batch: int) -> tuple[list[record.Line], bool]:
    """Return the lines of one number of texts, and whether the machine was quiet."""
    everyone = contenders(arguments, weights, batch)
    parameters = asked(everyone[0], "weights")["parameters"]
    race = contest.race(everyone, turns=arguments.turns)
    own = np.array(asked(everyone[0], "texts")["texts"])
    ours, lines = race.best("lamina"), []
    for timing in race.timings:
        texts = np.array(asked(timing.contender, "texts")["texts"])
        rates = spread.spread([batch * arguments.tokens / seconds for seconds in timing.seconds])
        read = rates.median / batch * 4 * parameters / 1e9
        lines.append(record.Line(
            row="decoding", contender=timing.contender.name,
            variant=f"{timing.contender.variant}, batch {batch}",
            unit="tokens/s", first=timing.first, **record.timed(rates),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            quality=float((texts == own).mean()), quality_agrees=bool((texts == own).all()),
            versions=timing.versions, note=f"{parameters} parameters, read at {read:.1f} GB/s",
        ))  # fmt: skip
    return lines, race.quiet


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines: list[record.Line] = []
    with tempfile.TemporaryDirectory() as folder:
        for batch in arguments.batches:
            found, quiet = measured(arguments, f"{folder}/weights.npz", batch)
            lines, idle = lines + found, idle and quiet
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
