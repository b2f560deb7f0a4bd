"""Row "graph aggregation": sums of the neighbors' features, 1,000,000 edges of 64 numbers, and Cora's size.

Lamina: `lamina.ops.edges.edge_sum` of two lists of nodes, which it sorts in each call. PyTorch: a CSR matrix,
sorted beforehand, times the features; PyTorch Geometric: rows gathered and scattered as its layers do without
further extensions. Milliseconds of a call, forward alone and with the gradient of the features. Edges stand
in the order of their receivers, which is CSR's, or in any. Quality: mean size of the sums; whether all agree.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from benchmarks import contest, interpreters, machine, record, spread
from benchmarks.contest import Contender

CASES = {  # nodes, edges, features
    "1M edges": {"nodes": 100_000, "edges": 1_000_000, "width": 64},
    "Cora": {"nodes": 2708, "edges": 10_556, "width": 16},
}
PASSES = ("forward", "forward and backward")
ORDERS = ("by receiver", "any order")
CONTENDERS = (("lamina", "edge_sum"), ("torch", "csr"), ("torch", "geometric"))
TURN_NUMBERS = 1.5e8  # edges × features of a turn, about
AGREE = 1e-4  # of the mean size


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="Cora alone, two turns: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    arguments.cases = {"Cora": CASES["Cora"]} if arguments.quick else CASES
    arguments.turns = 2 if arguments.quick else arguments.turns
    return arguments


def lines(case: str, order: str, which: str, arguments: argparse.Namespace) -> tuple[list[record.Line], bool]:
    """Return a line a contender, and whether nobody else used the machine."""
    sizes = arguments.cases[case]
    shared = {
        **sizes, "order": order, "pass": which, "mode": "race", "threads": machine.cores(),
        "calls": max(1, round(TURN_NUMBERS / (sizes["edges"] * sizes["width"]))),
    }  # fmt: skip
    all_of_them = [
        Contender(name, form, interpreters.of(arguments, name), f"{name}_graphs", {**shared, "form": form})
        for name, form in CONTENDERS
    ]
    race = contest.race(all_of_them, turns=arguments.turns)
    ours, found = race.best("lamina"), []
    means = {
        (c.name, c.variant): contest.answer(replace(c, options={**c.options, "mode": "quality"}))["quality"]
        for c in all_of_them
    }
    agrees = max(means.values()) - min(means.values()) < AGREE * max(means.values())
    for timing in race.timings:
        who, taken = timing.contender, spread.spread(timing.seconds).scaled(1000 / shared["calls"])
        found.append(record.Line(
            row="graph_aggregation", contender=who.name, variant=f"{who.variant}, {case}, {order}, {which}",
            unit="ms", first=timing.first, **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            quality=means[who.name, who.variant], quality_agrees=agrees, versions=timing.versions,
        ))  # fmt: skip
    return found, race.quiet


def main() -> None:
    arguments = parse()
    idle, found = machine.is_idle(force=arguments.force, wait=arguments.wait), []
    for case in arguments.cases:
        for order in ORDERS:
            for which in PASSES:
                own, quiet = lines(case, order, which, arguments)
                found, idle = [*found, *own], idle and quiet
    record.keep(found, arguments, idle=idle)


if __name__ == "__main__":
    main()
