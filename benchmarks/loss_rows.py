"""What rows share that race a step, or an epoch, of Lamina and PyTorch on one network, judged by its loss.

All contenders begin with the weights that Lamina's writes (``weights.npz``). A turn is one pass over
``turn.npz``; quality is the mean training loss of the last of some passes over ``quality.npz``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks import contest, interpreters, limits, machine, peers, record, spread
from benchmarks.contest import Contender, Timing

Data = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class LossRow:
    """One row.

    Args:
        name: of the row.
        network: what its contenders are called after ``lamina_`` and ``torch_``.
        shape: of the network.
        recipe: keys of training.
        agree: ``(our loss, PyTorch's) -> bool``: whether they differ by no more than noise.
        precisions: of Lamina.
        epochs: passes of the quality check.
        unit: of the figure.
        more: parameters that Lamina's network has beyond PyTorch's.
        options: further options of all contenders.
        note: said of every line.
    """

    name: str
    network: str
    shape: Mapping[str, Any]
    recipe: Mapping[str, Any]
    agree: Callable[[float, float], bool]
    precisions: Sequence[str] = ("float32", "mixed")
    epochs: int = 3
    unit: str = "ms"
    more: int = 0
    options: Mapping[str, Any] | None = None
    note: str = ""


def add_arguments(parser: argparse.ArgumentParser, *, turns: str = "turns") -> None:
    """Add what every such row is asked for."""
    parser.add_argument("--turns", type=int, default=11, help=f"counted {turns} each (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two short turns, few variants: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)


def contenders(row: LossRow, arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return Lamina in each precision, and PyTorch's variants."""
    shared = {
        "folder": folder,
        "shape": dict(row.shape),
        "recipe": dict(row.recipe),
        "precision": row.precisions[0],
        "epochs": row.epochs,
        "mode": "race",
        **(row.options or {}),
    }
    own, torch = interpreters.of(arguments, "lamina"), interpreters.of(arguments, "torch")
    found = [
        Contender("lamina", precision, own, f"lamina_{row.network}", {**shared, "precision": precision})
        for precision in row.precisions
    ]
    found += [
        Contender("torch", name, torch, f"torch_{row.network}", {**shared, **own})
        for name, own in peers.ways(arguments.variants, precision=row.precisions[0])
    ]
    return found


def _asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def measure(
    row: LossRow, arguments: argparse.Namespace, *, turn: Data, quality: Data, gflops: float, steps: int = 1
) -> None:
    """Measure the row and keep its lines.

    Args:
        row: what is measured.
        arguments: turns, variants and those of `add_arguments`.
        turn: arrays of a turn.
        quality: arrays of the quality check.
        gflops: multiplications and additions of one figure, in 10⁹.
        steps: figures in a turn.

    Raises:
        SystemExit: PyTorch's network has another number of parameters.
    """
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/turn.npz", **turn)
        np.savez(f"{folder}/quality.npz", **quality)
        everyone = contenders(row, arguments, folder)
        parameters = _asked(everyone[0], "weights")["parameters"]
        limit = limits.matmul_limit(
            arguments, precision="bfloat16" if row.precisions[0] == "bfloat16" else "float32"
        )
        race = contest.race(everyone, turns=arguments.turns)
        best = {name: race.best(name) for name in ("lamina", "torch")}
        found = {name: _asked(timing.contender, "quality") for name, timing in best.items()}
    if found["torch"]["parameters"] + row.more != parameters:
        raise SystemExit(f"torch has another number of parameters than {parameters - row.more}")
    losses = {name: own["quality"][-1] for name, own in found.items()}
    agrees = row.agree(losses["lamina"], losses["torch"])
    scale = (1000 if row.unit == "ms" else 1) / steps

    def line(timing: Timing) -> record.Line:
        name, taken = timing.contender.name, spread.spread(timing.seconds).scaled(scale)
        reached: Any = {}
        if timing is best[name]:
            reached = {"quality": losses[name], "quality_agrees": agrees}
        seconds = taken.median / scale / steps
        return record.Line(
            row=row.name,
            contender=name,
            variant=timing.contender.variant,
            unit=row.unit,
            first=timing.first,
            **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, best["lamina"].seconds)),
            percent_of_limit=100 * gflops / seconds / limit,
            **reached,
            versions=timing.versions,
            note=f"{row.note}{parameters} parameters",
        )

    record.keep([line(timing) for timing in race.timings], arguments, idle=idle and race.quiet)
