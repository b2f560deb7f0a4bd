"""Row "VAE epoch": 784-500-500-50-500-500-784, black-or-white MNIST, batch 128, Adam 1e-3, 60,000 images.

Lamina: the registered ``vae`` with dense layers by its public `train`, in the precision that is asked for,
and ``mixed``. PyTorch: the same network, eager and compiled, fused Adam, float32 with products as they are
and of medium precision, which round operands to bfloat16 as ``mixed`` does, bfloat16 by autocast; all begin
with the same weights, images lie in memory. Ratio: torch's fastest variant ÷ Lamina's. Quality: the mean loss
of the third epoch in nats; the draws of codes differ.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks import datasets, limits, loss_rows

SHAPE = {"side": 28, "hidden": 500, "depth": 2, "latent": 50}
RECIPE = {"optimizer": "adam", "lr": 1e-3, "batch_size": 128}
TOLERANCE = 1.0  # nats
QUICK_ROWS = 2_560


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variants", nargs="*", default=["eager", "compiled"], metavar="VARIANT")
    loss_rows.add_arguments(parser, turns="epochs")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.variants = 2, ["eager"]
    return arguments


def images(count: int) -> np.ndarray:
    """Return bytes of images whose pixels are drawn once, black or white, gray the probability of white."""
    gray = datasets.mnist()["x_train"][:count].clip(0, 1)
    white = np.random.default_rng(0).random(gray.shape, np.float32) < gray
    return np.where(white, 255, 0).astype(np.uint8).reshape(-1, SHAPE["side"], SHAPE["side"], 1)


def sizes() -> tuple[list[int], list[int]]:
    """Return the widths of encoder and decoder."""
    pixels, hidden = SHAPE["side"] ** 2, [SHAPE["hidden"]] * SHAPE["depth"]
    return [pixels, *hidden, 2 * SHAPE["latent"]], [SHAPE["latent"], *hidden, pixels]


def main() -> None:
    arguments = parse()
    x = images(QUICK_ROWS if arguments.quick else 60_000)
    row = loss_rows.LossRow(
        "vae_epoch" if arguments.precision == "float32" else "vae_epoch_bf16",
        "vae",
        SHAPE,
        RECIPE,
        agree=lambda ours, theirs: abs(ours - theirs) < TOLERANCE,
        precisions=(arguments.precision, "mixed"),
        unit="s",
        more=1,  # the scale of a likelihood, which has none here
    )
    gflops = sum(limits.training_flops(own, len(x)) for own in sizes()) / 1e9
    loss_rows.measure(row, arguments, turn={"x": x}, quality={"x": x}, gflops=gflops)


if __name__ == "__main__":
    main()
