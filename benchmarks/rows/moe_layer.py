"""Row "MoE layer": 4,096 tokens of 256 features, 8 experts of 1,024, of which each token passes 2.

Lamina: `lamina.nn.MixtureOfExperts`. PyTorch: the same places in batched products, and expert by expert over
exactly its tokens, as the package transformers does. Milliseconds of a call, forward alone and with all
gradients. The router is even, so that few tokens fall through. Quality: the mean size of the output; whether
those of the inputs' gradient agree too. The percentage of the limit counts no empty places.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from benchmarks import contest, interpreters, limits, machine, peers, record, spread
from benchmarks.contest import Contender

SIZES = {"rows": 4096, "width": 256, "hidden": 1024, "experts": 8, "top_k": 2}
PASSES = ("forward", "forward and backward")
FORMS = ("batched", "looped")  # of PyTorch
TURN_FLOPS = 5e10
AGREE = {"float32": 2e-3, "bfloat16": 2e-2}  # of the mean size; the loop drops nothing


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--precision", choices=tuple(AGREE), default="float32")
    parser.add_argument("--quick", action="store_true", help="few tokens, two turns: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    arguments.sizes = {**SIZES, "rows": 256} if arguments.quick else SIZES
    arguments.turns = 2 if arguments.quick else arguments.turns
    arguments.turn_flops = 0.0 if arguments.quick else TURN_FLOPS
    return arguments


def flops(sizes: dict[str, int], which: str) -> float:
    """Return multiplications and additions of a call: thrice with gradients."""
    forward = 4.0 * sizes["rows"] * sizes["top_k"] * sizes["width"] * sizes["hidden"]
    return forward * (1 if which == "forward" else 3)


def lines(which: str, arguments: argparse.Namespace, limit: float) -> tuple[list[record.Line], bool]:
    """Return a line a contender, and whether nobody else used the machine."""
    work = flops(arguments.sizes, which)
    shared = {
        **arguments.sizes, "pass": which, "precision": arguments.precision, "mode": "race",
        "calls": max(1, round(arguments.turn_flops / work)), "threads": machine.cores(),
    }  # fmt: skip
    all_of_them = [
        Contender("lamina", "experts", interpreters.of(arguments, "lamina"), "lamina_experts", shared)
    ]
    all_of_them += [
        Contender("torch", name, interpreters.of(arguments, "torch"), "torch_experts", {**shared, **own})
        for name, own in peers.ways(FORMS, precision=arguments.precision)
    ]
    race = contest.race(all_of_them, turns=arguments.turns)
    ours, found = race.best("lamina"), []
    sizes = {
        (c.name, c.variant): contest.answer(replace(c, options={**c.options, "mode": "quality"}))["quality"]
        for c in all_of_them
    }
    pairs = list(zip(*sizes.values(), strict=True))
    agrees = all(max(own) - min(own) < AGREE[arguments.precision] * max(own) for own in pairs)
    suffix = "" if arguments.precision == "float32" else "_bf16"
    for timing in race.timings:
        taken = spread.spread(timing.seconds).scaled(1000 / shared["calls"])
        who = timing.contender
        found.append(record.Line(
            row=f"moe_layer{suffix}", contender=who.name, variant=f"{who.variant}, {which}", unit="ms",
            first=timing.first, **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / 1e9 / (taken.median / 1000) / limit,
            quality=sizes[who.name, who.variant][0], quality_agrees=agrees, versions=timing.versions,
        ))  # fmt: skip
    return found, race.quiet


def main() -> None:
    arguments = parse()
    idle, found = machine.is_idle(force=arguments.force, wait=arguments.wait), []
    limit = limits.matmul_limit(arguments, precision=arguments.precision)
    for which in PASSES:
        own, quiet = lines(which, arguments, limit)
        found, idle = [*found, *own], idle and quiet
    record.keep(found, arguments, idle=idle)


if __name__ == "__main__":
    main()
