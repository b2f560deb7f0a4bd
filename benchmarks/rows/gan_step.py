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

import numpy as np

from benchmarks import loss_rows

SHAPE = {"side": 32, "channels": 3, "width": 64, "latent": 64}
RECIPE = {"optimizer": "adam", "lr": 2e-4, "momentum": 0.0, "beta2": 0.99, "batch_size": 64, "penalty": 1.0}
QUALITY_STEPS, TOLERANCE = 50, 0.1  # of the critic's loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loss", choices=("relativistic", "hinge"), default="relativistic")
    parser.add_argument("--steps", type=int, default=5, help="in a turn (default %(default)s)")
    parser.add_argument(
        "--variants", nargs="*", metavar="VARIANT", help="of PyTorch (default: all there are)"
    )
    loss_rows.add_arguments(parser)
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


def main() -> None:
    arguments, batch = parse(), int(RECIPE["batch_size"])
    row = loss_rows.LossRow(
        "gan_step",
        "gan",
        SHAPE,
        RECIPE,
        agree=lambda ours, theirs: abs(ours - theirs) < TOLERANCE,
        precisions=("float32",),
        options={"loss": arguments.loss},
        note=f"{arguments.loss}, ",
    )
    loss_rows.measure(
        row,
        arguments,
        turn={"x": images(batch * arguments.steps)},
        quality={"x": images(batch * (2 if arguments.quick else QUALITY_STEPS))},
        gflops=step_flops(arguments.loss) * batch / 1e9,
        steps=arguments.steps,
    )


if __name__ == "__main__":
    main()
