"""Row "GPT step": width 256, 4 blocks, 4 heads, 128 symbols of 256 kinds, batch 16, AdamW.

Lamina: the registered ``gpt`` by its public `train`, in the precision that is asked for, and ``mixed``.
PyTorch: the same blocks written with `scaled_dot_product_attention`, eager and compiled, fused AdamW, float32
with products as they are and of medium precision, which round operands to bfloat16 as ``mixed`` does,
bfloat16 by autocast;
all begin with the same weights. Milliseconds of a step. Quality: mean training loss of the last of three
epochs over texts in which a symbol depends on the one before; in the first the order of the texts decides how
long the loss stays on a plateau.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks import loss_rows

SHAPE = {"symbols": 256, "time": 128, "width": 256, "depth": 4, "heads": 4}
RECIPE = {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.0, "batch_size": 16}
QUALITY_STEPS, TOLERANCE = 100, 0.02  # of the loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10, help="in a turn (default %(default)s)")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variants", nargs="*", default=["eager", "compiled"], metavar="VARIANT")
    loss_rows.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.steps, arguments.variants = 2, 2, ["eager"]
    return arguments


def texts(count: int) -> np.ndarray:
    """Return texts of one symbol more than are read; each symbol has four likely followers."""
    random = np.random.default_rng(0)
    followers = random.integers(0, SHAPE["symbols"], (SHAPE["symbols"], 4))
    found = np.empty((count, SHAPE["time"] + 1), np.int32)
    found[:, 0] = random.integers(0, SHAPE["symbols"], count)
    for at in range(SHAPE["time"]):
        found[:, at + 1] = followers[found[:, at], random.integers(0, 4, count)]
    return found


def forward_flops() -> float:
    """Return the multiplications and additions of one text's products, attention by its causal half."""
    time, width = SHAPE["time"], SHAPE["width"]
    block = 12 * time * width**2 + time**2 * width
    return 2.0 * (SHAPE["depth"] * block + time * width * SHAPE["symbols"])


def main() -> None:
    arguments, batch = parse(), int(RECIPE["batch_size"])
    row = loss_rows.LossRow(
        "gpt_step" if arguments.precision == "float32" else "gpt_step_bf16",
        "gpt",
        SHAPE,
        RECIPE,
        agree=lambda ours, theirs: abs(ours - theirs) < TOLERANCE,
        precisions=(arguments.precision, "mixed"),
    )
    loss_rows.measure(
        row,
        arguments,
        turn={"x": texts(batch * arguments.steps)},
        quality={"x": texts(batch * (2 if arguments.quick else QUALITY_STEPS))},
        gflops=3 * forward_flops() * batch / 1e9,
        steps=arguments.steps,
    )


if __name__ == "__main__":
    main()
