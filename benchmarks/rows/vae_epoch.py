"""Row "VAE epoch": 784-500-500-50-500-500-784, black-or-white MNIST, batch 128, Adam 1e-3, 60,000 images.

Lamina: the registered ``vae`` with dense layers by its public `train`, in the precision that is asked for,
and ``mixed``. PyTorch: the same network, eager and compiled, fused Adam, float32 with products of medium
precision, which round operands to bfloat16 as ``mixed`` does, bfloat16 by autocast; all begin with the same
weights, images lie in memory. Ratio: torch's fastest variant ÷ Lamina's. Quality: the mean loss of the third
epoch in nats; the draws of codes differ.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import contest, datasets, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender

SHAPE = {"side": 28, "hidden": 500, "depth": 2, "latent": 50}
RECIPE = {"optimizer": "adam", "lr": 1e-3, "batch_size": 128}
QUALITY_EPOCHS, TOLERANCE = 3, 1.0  # nats
QUICK_ROWS = 2_560


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11, help="counted epochs each (default %(default)s)")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variants", nargs="*", default=["eager", "compiled"], metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="few images, two turns, eager: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.variants = 2, ["eager"]
    return arguments


def images(count: int) -> np.ndarray:
    """Return images whose pixels are drawn once, -1 or 1, with their gray as probability of 1."""
    gray = datasets.mnist()["x_train"][:count].clip(0, 1)
    white = np.random.default_rng(0).random(gray.shape, np.float32) < gray
    return np.where(white, np.float32(1), np.float32(-1)).reshape(-1, SHAPE["side"], SHAPE["side"], 1)


def sizes() -> tuple[list[int], list[int]]:
    """Return the widths of encoder and decoder."""
    pixels, hidden = SHAPE["side"] ** 2, [SHAPE["hidden"]] * SHAPE["depth"]
    return [pixels, *hidden, 2 * SHAPE["latent"]], [SHAPE["latent"], *hidden, pixels]


def contenders(arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return Lamina and PyTorch's variants."""
    shared = {
        "folder": folder,
        "shape": SHAPE,
        "recipe": RECIPE,
        "precision": arguments.precision,
        "epochs": QUALITY_EPOCHS,
        "mode": "race",
    }
    own = interpreters.of(arguments, "lamina")
    found = [
        Contender("lamina", precision, own, "lamina_vae", {**shared, "precision": precision})
        for precision in (arguments.precision, "mixed")
    ]
    for variant in arguments.variants:
        options = {**shared, "variant": variant, "threads": machine.cores(), "matmul": "medium"}
        found.append(Contender("torch", variant, interpreters.of(arguments, "torch"), "torch_vae", options))
    return found


def asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        x = images(QUICK_ROWS if arguments.quick else 60_000)
        np.savez(f"{folder}/data.npz", x=x)
        everyone = contenders(arguments, folder)
        parameters = asked(everyone[0], "weights")["parameters"]
        limit = limits.matmul_limit(arguments, precision=arguments.precision)
        race = contest.race(everyone, turns=arguments.turns)
        best = {name: race.best(name) for name in ("lamina", "torch")}
        losses = {name: asked(timing.contender, "quality") for name, timing in best.items()}
    if (
        losses["torch"]["parameters"] + 1 != parameters
    ):  # ours has the scale of a likelihood, which has none here
        raise SystemExit(f"torch has another number of parameters than {parameters - 1}")
    ours, work = best["lamina"], sum(limits.training_flops(own, len(x)) for own in sizes()) / 1e9
    agrees = abs(losses["lamina"]["quality"][-1] - losses["torch"]["quality"][-1]) < TOLERANCE
    lines = []
    for timing in race.timings:
        name = timing.contender.name
        taken = spread.spread(timing.seconds)
        quality: Any = (
            {"quality": losses[name]["quality"][-1], "quality_agrees": agrees} if timing is best[name] else {}
        )
        lines.append(record.Line(
            row="vae_epoch" if arguments.precision == "float32" else "vae_epoch_bf16", contender=name,
            variant=timing.contender.variant, unit="s", first=timing.first, **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / taken.median / limit, **quality,
            versions=timing.versions, note=f"{parameters} parameters",
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
