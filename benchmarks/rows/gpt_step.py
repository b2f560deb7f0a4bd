"""Row "GPT step": width 256, 4 blocks, 4 heads, 128 symbols of 256 kinds, batch 16, AdamW.

Lamina: the registered ``gpt`` by its public `train`, in the precision that is asked for, and ``mixed``.
PyTorch: the same blocks written with `scaled_dot_product_attention`, eager and compiled, fused AdamW, float32
with products of medium precision, which round operands to bfloat16 as ``mixed`` does, bfloat16 by autocast;
all begin with the same weights. Milliseconds of a step. Quality: mean training loss of the last of three
epochs over texts in which a symbol depends on the one before; in the first the order of the texts decides how
long the loss stays on a plateau.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks import contest, interpreters, limits, machine, record, spread
from benchmarks.contest import Contender

SHAPE = {"symbols": 256, "time": 128, "width": 256, "depth": 4, "heads": 4}
RECIPE = {"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.0, "batch_size": 16}
QUALITY_STEPS, QUALITY_EPOCHS, TOLERANCE = 100, 3, 0.02  # of the loss


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=11, help="counted turns each (default %(default)s)")
    parser.add_argument("--steps", type=int, default=10, help="in a turn (default %(default)s)")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--variants", nargs="*", default=["eager", "compiled"], metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="two short turns, eager only: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
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
        Contender("lamina", precision, own, "lamina_gpt", {**shared, "precision": precision})
        for precision in (arguments.precision, "mixed")
    ]
    for variant in arguments.variants:
        options = {**shared, "variant": variant, "threads": machine.cores(), "matmul": "medium"}
        found.append(Contender("torch", variant, interpreters.of(arguments, "torch"), "torch_gpt", options))
    return found


def asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    with tempfile.TemporaryDirectory() as folder:
        batch = RECIPE["batch_size"]
        steps = 2 if arguments.quick else QUALITY_STEPS
        data = {"turn": texts(batch * arguments.steps), "quality": texts(batch * steps)}
        np.savez(f"{folder}/data.npz", **data)
        everyone = contenders(arguments, folder)
        parameters = asked(everyone[0], "weights")["parameters"]
        limit = limits.matmul_limit(arguments, precision=arguments.precision)
        race = contest.race(everyone, turns=arguments.turns)
        best = {name: race.best(name) for name in ("lamina", "torch")}
        losses = {name: asked(timing.contender, "quality") for name, timing in best.items()}
    if losses["torch"]["parameters"] != parameters:
        raise SystemExit(f"torch has another number of parameters than {parameters}")
    ours, work = best["lamina"], 3 * forward_flops() * batch / 1e9
    agrees = abs(losses["lamina"]["quality"][-1] - losses["torch"]["quality"][-1]) < TOLERANCE
    lines = []
    for timing in race.timings:
        name = timing.contender.name
        taken = spread.spread(timing.seconds).scaled(1000 / arguments.steps)
        quality: Any = (
            {"quality": losses[name]["quality"][-1], "quality_agrees": agrees} if timing is best[name] else {}
        )
        lines.append(record.Line(
            row="gpt_step" if arguments.precision == "float32" else "gpt_step_bf16", contender=name,
            variant=timing.contender.variant, unit="ms", first=timing.first, **record.timed(taken),
            **record.compared(spread.ratio(timing.seconds, ours.seconds)),
            percent_of_limit=100 * work / (taken.median / 1000) / limit, **quality,
            versions=timing.versions, note=f"{parameters} parameters",
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
