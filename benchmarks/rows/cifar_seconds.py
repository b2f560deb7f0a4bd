"""Row "CIFAR-10 in seconds": the whole set in the memory of one GPU, trained over many seeds.

Two recipes of `airbench`, for 94 % and for 96 %, in bfloat16. Seconds count from the images on the host,
whose mean, std and covariance of patches are known, and a network still to be built to the trained
weights on the host. The programs are compiled by a first run that is not counted (its seconds are
``first``; both recipes compile at once). How many epochs fit ``--seconds`` is read off two short runs that
are not counted either. The accuracy is that of all test images, averaged over six views of each;
``--valid-only`` takes 5,000 training images instead, for tuning.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, pictorial, record, spread

ROW = "cifar_seconds"
FIRST_SEED = 1000  # of runs that are not counted


@dataclass(frozen=True)
class Recipe:
    """How one goal is trained for; keys found with the smaller network on validation images (docs/log.md).

    Args:
        size: channels of the first group of `airbench`.
        depth: convolutions of a group.
        augment: changes of the training images.
        epochs: passes over the images, where no seconds are asked for.
        keys: further keys of `TrainConfig`.
    """

    size: int
    depth: int
    augment: tuple[str, ...]
    epochs: int
    keys: tuple[tuple[str, Any], ...] = (
        ("batch_size", 1000),
        ("optimizer", "muon-all"),
        ("lr", 0.025),
        ("momentum", 0.7),
        ("weight_decay", 0.4),
        ("schedule", "linear"),
        ("warmup", 0.1),
        ("precision", "bfloat16"),
        ("early_stopping", False),
    )


RECIPES = {
    "94": Recipe(64, 2, ("alternate-flip", "shift:2"), epochs=13),
    "96": Recipe(128, 3, ("alternate-flip", "shift:4", "cutout:12"), epochs=62),
}
SMOOTHING = 0.2
TEST_TIME_AUGMENTATIONS = "flip-shift"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cifar", type=Path, required=True, help="what `python -m benchmarks.cifar` writes")
    parser.add_argument("--goals", nargs="+", choices=tuple(RECIPES), default=list(RECIPES))
    parser.add_argument("--seconds", nargs="+", type=float, help="of a run, one number a goal")
    parser.add_argument("--seeds", type=int, default=10, help="counted runs a goal (default %(default)s)")
    parser.add_argument("--stop-after", type=float, default=float("inf"), metavar="SECONDS",
                        help="begin no run that would end later")  # fmt: skip
    parser.add_argument("--valid-only", action="store_true", help="leave the test images alone")
    parser.add_argument("--quick", action="store_true", help="few images, one seed: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.seconds and len(arguments.seconds) != len(arguments.goals):
        parser.error("--seconds: one number a goal")
    return arguments


def read(arguments: argparse.Namespace) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the rows that train and those that judge."""
    parts, judge = pictorial.read_cifar(pictorial.source("cifar10", arguments.cifar)), "test"
    if arguments.valid_only:
        parts, judge = pictorial.with_valid(parts, seed=0), "valid"
    most = 2000 if arguments.quick else None
    return tuple(
        {"x": parts[f"x_{part}"][:most], "y": parts[f"y_{part}"][:most].astype(np.int32),
         "weight": np.ones(len(parts[f"x_{part}"][:most]), np.float32)}
        for part in ("train", judge)
    )  # fmt: skip


class Goal:
    """One recipe, ready to run.

    Args:
        recipe: the recipe.
        rows: training images.
        judge: images that it is judged by.
    """

    def __init__(self, recipe: Recipe, rows: dict[str, np.ndarray], judge: dict[str, np.ndarray]):
        from lamina.data import read as read_table
        from lamina.modalities.image.encoder import ImageEncoder
        from lamina.objectives import MulticlassObjective
        from lamina.train.loop.feed import evaluation_batches

        table = read_table(rows["x"], y=rows["y"])
        self.inputs = ImageEncoder.fit(table, "image").inputs
        self.recipe, self.rows = recipe, rows
        self.task = MulticlassObjective(10, smoothing=SMOOTHING)
        self.judge = evaluation_batches(judge, batch_size=1000)

    def run(self, seed: int, epochs: int) -> tuple[float, float]:
        """Train once; return the seconds and the accuracy."""
        import jax

        from lamina.modalities.image.augment import Augmentation
        from lamina.models import build
        from lamina.nn.augmented import Augmented
        from lamina.train import TrainConfig, train
        from lamina.train.loop.plan import make_program
        from lamina.train.step.compiled import jit_evaluate

        recipe = self.recipe
        config = TrainConfig(seed=seed, epochs=epochs, **dict(recipe.keys))
        changes = Augmentation.of(recipe.augment)
        began = time.perf_counter()
        options = {"size": recipe.size, "depth": recipe.depth, "seed": seed}
        model = build("airbench", inputs=self.inputs, outputs=10, **options)
        found = train(model, self.task, self.rows, config=config, augment=changes).model
        seconds = time.perf_counter() - began
        views = jax.device_put(Augmented(found, kind=TEST_TIME_AUGMENTATIONS))
        judged = jit_evaluate(make_program(self.task, config), views, self.judge)
        return seconds, float(judged["accuracy"])

    def epochs_within(self, seconds: float) -> int:
        """Return how many epochs fit, by two short runs: what every run costs is not an epoch's."""
        few = max(2, self.recipe.epochs // 10)
        short, long = (self.run(FIRST_SEED, epochs)[0] for epochs in (few, 2 * few))
        epoch = max(1e-6, (long - short) / few)
        return max(1, min(10 * self.recipe.epochs, math.floor((seconds - short) / epoch) + few))


def counted(goal: Goal, name: str, epochs: int, arguments: argparse.Namespace) -> list[tuple[float, float]]:
    """Run the seeds until the time is used up; say each."""
    found: list[tuple[float, float]] = []
    for seed in range(1 if arguments.quick else arguments.seeds):
        longest = max((run[0] for run in found), default=0.0)
        if found and time.perf_counter() + longest > arguments.stop_after:
            break
        found.append(goal.run(seed, epochs))
        machine.say(
            f"  {name} seed {seed}: {found[-1][0]:.3f} s, accuracy {found[-1][1]:.4f}, {epochs} epochs"
        )
    return found


def line(
    name: str, recipe: Recipe, epochs: int, first: float, runs: Sequence[tuple[float, float]], kind: str
) -> record.Line:
    """Return the line of a goal."""
    import jax

    from lamina.core.runtime import describe_device, versions

    seconds, accuracies = zip(*runs, strict=True)
    mean, std = spread.mean_and_deviation(accuracies)
    return record.Line(
        ROW, "lamina", f"{name} %, {jax.default_backend()}", "s",
        **record.timed(spread.spread(seconds)), first=first, quality=mean, quality_deviation=std,
        seeds=str(len(runs)), versions=" ".join(f"{n}={v}" for n, v in versions().items()),
        note=f"{describe_device()}; airbench size {recipe.size} depth {recipe.depth}, {epochs} epochs, "
             f"bfloat16, mean {np.mean(seconds):.3f} s; quality: accuracy of {kind} images, "
             f"{TEST_TIME_AUGMENTATIONS}",
    )  # fmt: skip


def main() -> None:
    arguments = parse()
    arguments.stop_after += time.perf_counter()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    watch = machine.Watch()
    rows, judge = read(arguments)
    recipes = {name: RECIPES[name] for name in arguments.goals}
    if arguments.quick:
        recipes = {n: dataclasses.replace(r, size=8, epochs=1, keys=(*r.keys, ("precision", "float32")))
                   for n, r in recipes.items()}  # fmt: skip
    goals = {name: Goal(recipe, rows, judge) for name, recipe in recipes.items()}
    with ThreadPoolExecutor(len(goals)) as pool:
        firsts = dict(
            zip(goals, pool.map(lambda goal: goal.run(FIRST_SEED, 1)[0], goals.values()), strict=True)
        )
    machine.say(f"  compiled: {firsts}")
    lines = []
    for number, (name, goal) in enumerate(goals.items()):
        epochs = goal.recipe.epochs
        if arguments.seconds:
            epochs = goal.epochs_within(arguments.seconds[number])
        runs = counted(goal, name, epochs, arguments)
        kind = "5,000 validation" if arguments.valid_only else "all test"
        lines.append(line(name, goal.recipe, epochs, firsts[name], runs, kind))
        record.show(lines[-1:])
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
