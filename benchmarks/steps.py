"""What the rows "one training step of a network for images" share: contenders, quality, lines.

All contenders begin with the very same weights, which Lamina's contender writes; they must have the
same number of parameters. A turn is a fixed number of steps. In the quality check the learning rate falls to
zero: at a constant one, rounding alone moves the test accuracy of so short a run by several hundredths.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks import contest, datasets, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender, Timing

BATCH = 128


@dataclass(frozen=True)
class StepRow:
    """One row.

    Args:
        name: of the row.
        shape: of the network, as the contenders' ``make`` takes it.
        recipe: keys of training: optimizer, lr, weight_decay.
        flops: multiplications and additions of the forward pass of an image.
        variants: of PyTorch.
        steps: in a turn.
        rows: images of the quality check.
        keras: whether Keras takes part.
        tolerance: of test accuracy.
    """

    name: str
    shape: Mapping[str, Any]
    recipe: Mapping[str, Any]
    flops: float
    variants: tuple[str, ...]
    steps: int
    rows: int
    keras: bool = False
    tolerance: float = 0.01


def parse(row: StepRow, description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--steps", type=int, default=row.steps, help="in a turn (default %(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="of the quality check (default %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="of the quality check (default %(default)s)")
    parser.add_argument("--rows", type=int, default=row.rows, help="of the quality check")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument(
        "--variants", nargs="*", default=list(row.variants), choices=row.variants, metavar="VARIANT"
    )
    parser.add_argument("--without-keras", action="store_true", help="leave Keras out")
    parser.add_argument("--quick", action="store_true", help="two short turns, eager only: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.steps, arguments.seeds, arguments.epochs = 2, 1, 1, 1
        arguments.rows = 2 * BATCH
        arguments.variants = [name for name in arguments.variants if name == "fused"]
    return arguments


def contenders(row: StepRow, arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return Lamina, PyTorch's variants and, where it takes part, Keras."""
    recipe = {**row.recipe, "batch_size": BATCH}
    shared = {"folder": folder, "shape": dict(row.shape), "recipe": recipe, "mode": "race",
              "precision": arguments.precision}  # fmt: skip
    found = [Contender("lamina", "train", interpreters.of(arguments, "lamina"), "lamina_images", shared)]
    for variant in arguments.variants:
        both = variant == "fused" and not arguments.quick
        for matmul in ("highest", "medium") if both else ("medium",):
            options = {**shared, "variant": variant, "threads": machine.cores(), "matmul": matmul}
            python = interpreters.of(arguments, "torch")
            found.append(Contender("torch", f"{variant}, {matmul}", python, "torch_images", options))
    if row.keras and not arguments.without_keras:
        options = {**shared, "steps": arguments.steps}
        python = interpreters.of(arguments, "keras")
        found.append(Contender("keras", f"{arguments.steps} steps a call", python, "keras_images", options))
    return found


def asked(contender: Contender, arguments: argparse.Namespace, mode: str) -> dict[str, Any]:
    """Return a contender's answer in another mode than the race."""
    options = {"mode": mode, "seeds": list(range(arguments.seeds)), "epochs": arguments.epochs}
    return contest.answer(replace(contender, options={**contender.options, **options}))


def write_data(row: StepRow, arguments: argparse.Namespace, folder: str) -> None:
    """Write the images: those of a turn, and those of the quality check."""
    data = datasets.colored(row.shape["side"], rows=arguments.rows, test=250 if arguments.quick else 2000)
    count = arguments.steps * BATCH
    fill = np.resize(np.arange(len(data["x_train"])), count)
    turn = {f"{name}_turn": data[f"{name}_train"][fill] for name in ("x", "y")}
    np.savez(f"{folder}/data.npz", **data, **turn)


def lines(
    row: StepRow, race: contest.Race, arguments: argparse.Namespace, *, parameters: int, limit: float
) -> list[record.Line]:
    """Return one line a contender; of each library its best with its quality.

    Raises:
        SystemExit: a network has another number of parameters.
    """
    ours = race.best("lamina")
    names = dict.fromkeys(timing.contender.name for timing in race.timings)
    bests = [race.best(name) for name in names]
    answers = {id(timing): asked(timing.contender, arguments, "quality") for timing in bests}
    for timing in bests:
        if answers[id(timing)]["parameters"] != parameters:
            raise SystemExit(f"{timing.contender.label} has another number of parameters than {parameters}")
    work = 3 * row.flops * BATCH / 1e9

    def line(timing: Timing) -> record.Line:
        taken, extra = spread.spread(timing.seconds).scaled(1000 / arguments.steps), {}
        if id(timing) in answers:
            found = answers[id(timing)]["quality"]
            mean, std = spread.mean_and_deviation(found)
            agrees = spread.agree(answers[id(ours)]["quality"], found, tolerance=row.tolerance)
            extra = {"quality": mean, "quality_deviation": std, "quality_agrees": agrees}
        return record.Line(
            row=row.name if arguments.precision == "float32" else f"{row.name}_bf16",
            contender=timing.contender.name,
            variant=timing.contender.variant,
            unit="ms",
            first=timing.first,
            **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / (taken.median / 1000) / limit,
            **extra,
            seeds=str(arguments.seeds),
            versions=timing.versions,
            note=f"{parameters} parameters",
        )

    return [line(timing) for timing in race.timings]


def run(row: StepRow, description: str) -> None:
    """Measure the row."""
    arguments = parse(row, description)
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        write_data(row, arguments, folder)
        everyone = contenders(row, arguments, folder)
        parameters = asked(everyone[0], arguments, "weights")["parameters"]
        machine.say(f"{row.name}: {parameters} parameters")
        limit = limits.matmul_limit(arguments, precision=arguments.precision)
        race = contest.race(everyone, turns=arguments.turns)
        found = lines(row, race, arguments, parameters=parameters, limit=limit)
    record.keep(found, arguments, idle=idle and race.quiet)
