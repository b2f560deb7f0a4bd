"""Row "U-Net diffusion step": `denoising-unet` of 32 channels on 28 × 28 gray images, batch 64, AdamW.

Lamina: the registered model and `DiffusionObjective` by its public `train`, in float32 and ``mixed``, where
dense products and convolutions round their operands to bfloat16. PyTorch: the same network of its own
layers, channels last, eager and compiled, fused AdamW, float32 with products as they are and of medium
precision, bfloat16 by autocast; all begin with the same weights. Milliseconds of a step, levels, noise and
hidden labels included. Quality: mean training loss of the last of three epochs; noise and levels differ
between both, so that the tolerance is that of other seeds.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks import datasets, loss_rows

SHAPE = {"side": 28, "colors": 1, "labels": 10, "width": 32, "depth": 2}
RECIPE = {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.0, "batch_size": 64}
VARIANTS = ["eager", "compiled", "eager, autocast", "compiled, autocast"]
QUALITY_STEPS, TOLERANCE = 40, 0.06  # share of the loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5, help="in a turn (default %(default)s)")
    parser.add_argument("--variants", nargs="*", default=VARIANTS, metavar="VARIANT")
    loss_rows.add_arguments(parser)
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


def main() -> None:
    arguments, batch = parse(), int(RECIPE["batch_size"])
    row = loss_rows.LossRow(
        "unet_diffusion_step",
        "unet",
        SHAPE,
        RECIPE,
        agree=lambda ours, theirs: abs(ours - theirs) < TOLERANCE * theirs,
    )
    loss_rows.measure(
        row,
        arguments,
        turn=images(batch * arguments.steps),
        quality=images(batch * (2 if arguments.quick else QUALITY_STEPS)),
        gflops=3 * forward_flops() * batch / 1e9,
        steps=arguments.steps,
    )


if __name__ == "__main__":
    main()
