"""Row "causal attention": 8 heads of 64 features, 512, 2048 and 8192 positions, forward and backward.

Lamina: `lamina.ops.causal_attention.attend`. PyTorch: `scaled_dot_product_attention` with ``is_causal``,
heads before positions, as suits it best. Milliseconds of a call. Quality: the mean size of the output;
whether those of all gradients agree too.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from benchmarks import contest, interpreters, limits, machine, peers, record, spread
from benchmarks.contest import Contender

HEADS, WIDTH, LENGTHS = 8, 64, (512, 2048, 8192)
TURN_FLOPS = 5e10
AGREE = {"float32": 1e-4, "bfloat16": 2e-2}  # of the mean size


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--lengths", type=int, nargs="*", default=list(LENGTHS), metavar="POSITIONS")
    parser.add_argument("--precision", choices=tuple(AGREE), default="float32")
    parser.add_argument("--quick", action="store_true", help="the shortest, two turns: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.lengths = 2, [min(arguments.lengths)]
    return arguments


def flops(length: int) -> float:
    """Return multiplications and additions of a call: seven products, their causal halves."""
    return 7 * length**2 * WIDTH * HEADS


def lines(length: int, arguments: argparse.Namespace, limit: float) -> tuple[list[record.Line], bool]:
    """Return a line a contender, and whether nobody else used the machine."""
    shared = {
        "shape": [1, length, HEADS, WIDTH], "precision": arguments.precision, "mode": "race",
        "calls": max(1, round(TURN_FLOPS / flops(length))), "threads": machine.cores(),
    }  # fmt: skip
    everyone = [Contender("lamina", "", interpreters.of(arguments, "lamina"), "lamina_attention", shared)]
    everyone += [
        Contender("torch", name, interpreters.of(arguments, "torch"), "torch_attention", {**shared, **own})
        for name, own in peers.ways([""], precision=arguments.precision)
    ]
    race = contest.race(everyone, turns=arguments.turns)
    ours, found = race.best("lamina"), []
    sizes = {
        (c.name, c.variant): contest.answer(replace(c, options={**c.options, "mode": "quality"}))["quality"]
        for c in everyone
    }
    found_by_all = list(zip(*sizes.values(), strict=True))
    agrees = all(max(own) - min(own) < AGREE[arguments.precision] * max(own) for own in found_by_all)
    suffix = "" if arguments.precision == "float32" else "_bf16"
    for timing in race.timings:
        taken = spread.spread(timing.seconds).scaled(1000 / shared["calls"])
        who = timing.contender
        found.append(record.Line(
            row=f"causal_attention{suffix}", contender=who.name,
            variant=", ".join(filter(None, [f"{length} positions", who.variant])), unit="ms",
            first=timing.first, **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * flops(length) / 1e9 / (taken.median / 1000) / limit,
            quality=sizes[who.name, who.variant][0], quality_agrees=agrees, versions=timing.versions,
        ))  # fmt: skip
    return found, race.quiet


def main() -> None:
    arguments = parse()
    idle, found = machine.is_idle(force=arguments.force, wait=arguments.wait), []
    limit = limits.matmul_limit(arguments, precision=arguments.precision)
    for length in arguments.lengths:
        own, quiet = lines(length, arguments, limit)
        found, idle = [*found, *own], idle and quiet
    record.keep(found, arguments, idle=idle)


if __name__ == "__main__":
    main()
