"""Row "GAN step": DCGAN of width 64 on 32 x 32 x 3, batch 64, Adam: the critic moves, then the generator.

``--loss relativistic`` has penalties on the critic's gradient at data and samples, hence second
derivatives; ``--loss hinge`` has none. The networks are the registered ``dcgan`` without spectral
normalization, by the public `train`. PyTorch: the same networks with the same initial weights, channels last,
fused or foreach Adam; compiled where the loss has no second derivatives, which `torch.compile` does not take.
Milliseconds of a step. Quality: mean loss of the critic over the last of three epochs of smooth images;
samples are made of other noise in each.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import contest, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender

SHAPE = {"side": 32, "channels": 3, "width": 64, "latent": 64}
RECIPE = {"optimizer": "adam", "lr": 2e-4, "momentum": 0.0, "beta2": 0.99, "batch_size": 64, "penalty": 1.0}
QUALITY_STEPS, QUALITY_EPOCHS, TOLERANCE = 50, 3, 0.1  # of the critic's loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loss", choices=("relativistic", "hinge"), default="relativistic")
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--steps", type=int, default=5, help="in a turn (default %(default)s)")
    parser.add_argument(
        "--variants", nargs="*", metavar="VARIANT", help="of PyTorch (default: all there are)"
    )
    parser.add_argument("--quick", action="store_true", help="two short turns, fused only: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    compiled = ["compiled"] if arguments.loss == "hinge" else []
    arguments.variants = arguments.variants or ["fused", "foreach", *compiled]
    if arguments.quick:
        arguments.turns, arguments.steps, arguments.variants = 2, 2, ["fused"]
    return arguments


def images(count: int) -> np.ndarray:
    """Return bytes of smooth images: noise of a quarter of the side, each value a block of pixels."""
    side, block = SHAPE["side"], 8
    coarse = np.random.default_rng(0).integers(
        0, 256, (count, side // block, side // block, SHAPE["channels"])
    )
    return coarse.repeat(block, axis=1).repeat(block, axis=2).astype(np.uint8)


def step_flops(loss: str) -> float:
    """Return the multiplications and additions of one example's products in one step.

    A pass forward through a network costs f, the gradient of its inputs f, that of its weights f. The critic
    sees an example and a sample: 3 f each, and with penalties the gradient of the inputs and its own two
    gradients, 3 f more. Then the generator's 3 f, and through the critic 2 f, for a pair of them one more.
    """
    critic, generator = network_flops()
    penalized = loss == "relativistic"
    critic_part = 2 * critic * (6 if penalized else 3) + generator
    return critic_part + 3 * generator + critic * (3 if penalized else 2)


def network_flops() -> tuple[float, float]:
    """Return the products of critic and generator for one image forward."""
    side, width = SHAPE["side"], SHAPE["width"]
    halvings = (side // 4).bit_length() - 1
    widths = [SHAPE["channels"], *(width * 2**level for level in range(halvings))]
    taps = sum(
        16 * (side // 2 ** (level + 1)) ** 2 * widths[level] * widths[level + 1] for level in range(halvings)
    )
    coarse = (side // 2**halvings) ** 2 * widths[-1]
    return 2.0 * (taps + coarse), 2.0 * (taps + SHAPE["latent"] * coarse)


def contenders(arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return Lamina and PyTorch's variants."""
    shared = {
        "folder": folder,
        "shape": SHAPE,
        "recipe": RECIPE,
        "loss": arguments.loss,
        "epochs": QUALITY_EPOCHS,
        "mode": "race",
    }
    found = [Contender("lamina", "float32", interpreters.of(arguments, "lamina"), "lamina_gan", shared)]
    for variant in arguments.variants:
        options = {**shared, "variant": variant, "threads": machine.cores(), "matmul": "medium"}
        found.append(Contender("torch", variant, interpreters.of(arguments, "torch"), "torch_gan", options))
    return found


def asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        batch = int(RECIPE["batch_size"])
        steps = 2 if arguments.quick else QUALITY_STEPS
        np.savez(f"{folder}/data.npz", turn=images(batch * arguments.steps), quality=images(batch * steps))
        everyone = contenders(arguments, folder)
        parameters = asked(everyone[0], "weights")["parameters"]
        limit = limits.matmul_limit(arguments, precision="float32")
        race = contest.race(everyone, turns=arguments.turns)
        best = {name: race.best(name) for name in ("lamina", "torch")}
        losses = {name: asked(timing.contender, "quality") for name, timing in best.items()}
    if losses["torch"]["parameters"] != parameters:
        raise SystemExit(f"torch has another number of parameters than {parameters}")
    ours, work = best["lamina"], step_flops(arguments.loss) * batch / 1e9
    agrees = abs(losses["lamina"]["quality"][-1] - losses["torch"]["quality"][-1]) < TOLERANCE
    lines = []
    for timing in race.timings:
        name = timing.contender.name
        taken = spread.spread(timing.seconds).scaled(1000 / arguments.steps)
        quality: Any = (
            {"quality": losses[name]["quality"][-1], "quality_agrees": agrees} if timing is best[name] else {}
        )
        lines.append(record.Line(
            row="gan_step", contender=name, variant=timing.contender.variant, unit="ms", first=timing.first,
            **record.timed(taken), **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / (taken.median / 1000) / limit, **quality,
            versions=timing.versions, note=f"{arguments.loss}, {parameters} parameters",
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
