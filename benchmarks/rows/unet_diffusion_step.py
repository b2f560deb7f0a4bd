"""Row "U-Net diffusion step": `denoising-unet` of 32 channels on 28 × 28 gray images, batch 64, AdamW.

Lamina: the registered model and `DiffusionObjective` by its public `train`, in float32 and ``mixed``, where
dense products and convolutions round their operands to bfloat16. PyTorch: the same network by hand, channels
last, eager and compiled, fused AdamW, float32 with products of medium precision, bfloat16 by autocast; all
begin with the same weights. Milliseconds of a step, levels, noise and hidden labels included. Quality: mean
training loss of the last of three epochs; noise and levels differ between both, so that the tolerance is that
of other seeds.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import contest, datasets, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender

SHAPE = {"side": 28, "colors": 1, "labels": 10, "width": 32, "depth": 2}
RECIPE = {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.0, "batch_size": 64}
VARIANTS = ["eager", "compiled", "eager, autocast", "compiled, autocast"]
QUALITY_STEPS, QUALITY_EPOCHS, TOLERANCE = 40, 3, 0.06  # share of the loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--steps", type=int, default=5, help="in a turn (default %(default)s)")
    parser.add_argument("--variants", nargs="*", default=VARIANTS, metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="two short turns, eager only: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.steps, arguments.variants = 2, 1, ["eager", "eager, autocast"]
    return arguments


def images(count: int) -> dict[str, np.ndarray]:
    """Return noisy prototypes of ten classes in 28 × 28 pixels, and their classes."""
    data = datasets.synthetic_digits(rows=count, test=1)
    x = np.rint(255 * data["x_train"]).astype(np.uint8).reshape(count, SHAPE["side"], SHAPE["side"], 1)
    return {"x": x, "y": data["y_train"].astype(np.int32)}


def forward_flops() -> float:
    """Return the multiplications and additions of one image's convolutions and weighted sums."""
    side, width, depth = SHAPE["side"], SHAPE["width"], SHAPE["depth"]
    total = 0.0
    for level in range(depth + 1):
        places, channels = (side >> level) ** 2, width * min(2**level, 4)
        blocks = 2 if level == depth else 4
        total += places * blocks * 2 * 9 * channels**2
        if level < depth:
            coarse = width * min(2 ** (level + 1), 4)
            total += places * (2 * channels**2 + 2 * channels * coarse)  # joined, shrunk and grown
        else:
            total += places * (4 * channels**2 + 2 * places * channels)  # attention
    return 2.0 * (total + side**2 * 2 * 9 * SHAPE["colors"] * width)


def contenders(arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return Lamina in both precisions and PyTorch's variants."""
    shared = {"folder": folder, "shape": SHAPE, "recipe": RECIPE, "epochs": QUALITY_EPOCHS, "mode": "race"}
    own = interpreters.of(arguments, "lamina")
    found = [
        Contender("lamina", precision, own, "lamina_unet", {**shared, "precision": precision})
        for precision in ("float32", "mixed")
    ]
    for variant in arguments.variants:
        options = {**shared, "variant": variant, "threads": machine.cores(), "matmul": "medium"}
        found.append(Contender("torch", variant, interpreters.of(arguments, "torch"), "torch_unet", options))
    return found


def asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        batch = RECIPE["batch_size"]
        steps = 2 if arguments.quick else QUALITY_STEPS
        np.savez(f"{folder}/turn.npz", **images(batch * arguments.steps))
        np.savez(f"{folder}/quality.npz", **images(batch * steps))
        everyone = contenders(arguments, folder)
        parameters = asked(everyone[0], "weights")["parameters"]
        limit = limits.matmul_limit(arguments, precision="float32")
        race = contest.race(everyone, turns=arguments.turns)
        best = {name: race.best(name) for name in ("lamina", "torch")}
        losses = {name: asked(timing.contender, "quality") for name, timing in best.items()}
    if losses["torch"]["parameters"] != parameters:
        raise SystemExit(f"torch has another number of parameters than {parameters}")
    ours, work = best["lamina"], 3 * forward_flops() * batch / 1e9
    mine, theirs = (losses[name]["quality"][-1] for name in ("lamina", "torch"))
    agrees = abs(mine - theirs) < TOLERANCE * theirs
    lines = []
    for timing in race.timings:
        name = timing.contender.name
        taken = spread.spread(timing.seconds).scaled(1000 / arguments.steps)
        quality: Any = (
            {"quality": losses[name]["quality"][-1], "quality_agrees": agrees} if timing is best[name] else {}
        )
        lines.append(record.Line(
            row="unet_diffusion_step", contender=name, variant=timing.contender.variant, unit="ms",
            first=timing.first, **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / (taken.median / 1000) / limit, **quality,
            versions=timing.versions, note=f"{parameters} parameters",
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
