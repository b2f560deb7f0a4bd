"""Row "LSTM step": 128 features to 256, 100 positions, batch 64; forward, backward and the update by SGD.

Lamina: `lamina.nn.LSTM` (or GRU, RNN), all steps of a turn in one program, in float32 and ``mixed``. PyTorch:
the layer of that name, batch first and time first, with products as they are and of medium precision, and
fused SGD. The inputs are trained too, as vectors of symbols are, so that their gradient counts. Milliseconds
of a step. Quality: the loss after the first twenty steps from equal weights. Ratio: times over Lamina's best.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import contest, interpreters, limits, machine, peers, record, spread
from benchmarks.contest import Contender

INPUTS, WIDTH, TIME, BATCH = 128, 256, 100, 64
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
PRECISIONS = ("float32", "mixed")  # of Lamina
VARIANTS = ("batch first", "time first")
QUALITY_STEPS = 20
TOLERANCE = 1e-4  # of the loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=GATES, default="LSTM", help="default %(default)s")
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--steps", type=int, default=10, help="in a turn (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two turns of two steps: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.steps = 2, 2
    return arguments


def write_data(kind: str, path: str) -> None:
    """Write inputs, goals, and the weights that all begin with, under PyTorch's names."""
    random, rows = np.random.default_rng(0), GATES[kind] * WIDTH
    shapes = {"weight_ih": (rows, INPUTS), "weight_hh": (rows, WIDTH), "bias_ih": (rows,), "bias_hh": (rows,)}
    bound = WIDTH**-0.5
    weights = {name: random.uniform(-bound, bound, shape) for name, shape in shapes.items()}
    x, goal = (random.normal(size=(BATCH, TIME, size)) for size in (INPUTS, WIDTH))
    np.savez(path, **{name: a.astype(np.float32) for name, a in {**weights, "x": x, "goal": goal}.items()})


def contenders(arguments: argparse.Namespace, path: str) -> list[Contender]:
    """Return Lamina and PyTorch's variants."""
    shared = {"data": path, "kind": arguments.kind, "steps": arguments.steps, "mode": "race"}
    own = interpreters.of(arguments, "lamina")
    ours = [
        Contender("lamina", precision, own, "lamina_recurrent", {**shared, "precision": precision})
        for precision in PRECISIONS
    ]
    torch = interpreters.of(arguments, "torch")
    theirs = [
        Contender("torch", name, torch, "torch_recurrent", {**shared, **own})
        for name, own in peers.ways(VARIANTS)
    ]
    return [*ours, *theirs]


def loss_of(contender: Contender) -> float:
    """Return a contender's loss after the first steps."""
    options: dict[str, Any] = {**contender.options, "mode": "quality", "steps": QUALITY_STEPS}
    return contest.answer(replace(contender, options=options))["loss"]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/data.npz"
        write_data(arguments.kind, path)
        limit = limits.matmul_limit(arguments, precision="float32")
        race = contest.race(contenders(arguments, path), turns=arguments.turns)
        losses = [loss_of(timing.contender) for timing in race.timings]
    ours = race.best("lamina")
    own = losses[race.timings.index(ours)]
    work = 6 * BATCH * TIME * GATES[arguments.kind] * WIDTH * (INPUTS + WIDTH) / 1e9
    lines = []
    for timing, loss in zip(race.timings, losses, strict=True):
        taken = spread.spread(timing.seconds).scaled(1000 / arguments.steps)
        lines.append(record.Line(
            row="lstm_step" if arguments.kind == "LSTM" else f"lstm_step_{arguments.kind.lower()}",
            contender=timing.contender.name, variant=timing.contender.variant, unit="ms", first=timing.first,
            **record.timed(taken), **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / (taken.median / 1000) / limit, quality=loss,
            quality_agrees=abs(loss - own) < TOLERANCE * own, versions=timing.versions,
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
