"""Row "sampling": images a second that a diffusion model draws.

`denoising-unet` as in the row "U-Net diffusion step" with random weights, DDIM, 50 evaluations of the network
an image, float32. Lamina: what `lamina sample` runs. PyTorch: the same network of its own layers with the
same weights and the same noise, channels last, eager and compiled, products as they are and of medium
precision. Quality: the root of the mean squared difference of the images from Lamina's, in units of [-1, 1];
they agree below 0.01, which is about a level of 255.

Reference: Song, Meng, Ermon. Denoising diffusion implicit models. ICLR 2021.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import contest, datasets, interpreters, machine, peers, record, spread
from benchmarks.contest import Contender
from benchmarks.rows.unet_diffusion_step import SHAPE, forward_flops

VARIANTS = ("eager", "compiled")
TOLERANCE = 1e-2


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="counted turns each (default %(default)s)")
    parser.add_argument("--images", type=int, default=64, help="drawn at once (default %(default)s)")
    parser.add_argument("--evaluations", type=int, default=50, help="of an image (default %(default)s)")
    parser.add_argument("--variants", nargs="*", default=VARIANTS, choices=VARIANTS, metavar="VARIANT")
    parser.add_argument("--quick", action="store_true", help="two short turns, not compiled: does it run?")
    interpreters.add_arguments(parser)
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.turns, arguments.images, arguments.evaluations = 2, 4, 3
        arguments.variants = ["eager"]
    return arguments


def contenders(arguments: argparse.Namespace, folder: str) -> list[Contender]:
    """Return Lamina and the ways of PyTorch."""
    shared = {
        "folder": folder, "shape": SHAPE, "images": arguments.images, "evaluations": arguments.evaluations,
        "mode": "race", "threads": machine.cores(),
    }  # fmt: skip
    python = interpreters.of(arguments, "torch")
    return [
        Contender("lamina", "float32", interpreters.of(arguments, "lamina"), "lamina_sampling", shared),
        *(
            Contender("torch", name, python, "torch_sampling", {**shared, **own})
            for name, own in peers.ways(arguments.variants)
        ),
    ]


def asked(contender: Contender, mode: str) -> dict[str, Any]:
    return contest.answer(replace(contender, options={**contender.options, "mode": mode}))


def drawn(contender: Contender, folder: str) -> np.ndarray:
    """Return the images that a contender draws."""
    asked(contender, "images")
    return datasets.load(str(Path(folder) / f"{contender.name}.npz"))["images"]


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    lines: list[record.Line] = []
    with tempfile.TemporaryDirectory() as folder:
        everyone = contenders(arguments, folder)
        asked(everyone[0], "weights")
        race = contest.race(everyone, turns=arguments.turns)
        own, ours = drawn(everyone[0], folder), race.best("lamina")
        flops = arguments.images * arguments.evaluations * forward_flops()
        for timing in race.timings:
            apart = float(np.sqrt(np.square(drawn(timing.contender, folder) - own).mean()))
            rates = spread.spread([arguments.images / seconds for seconds in timing.seconds])
            speed = flops * rates.median / arguments.images / 1e9
            lines.append(record.Line(
                row="sampling", contender=timing.contender.name,
                variant=f"{timing.contender.variant}, {arguments.images} at once",
                unit="images/s", first=timing.first, **record.timed(rates),
                **record.compared(spread.ratio(timing.seconds, ours.seconds)),
                quality=apart, quality_agrees=apart < TOLERANCE, versions=timing.versions,
                note=f"{arguments.evaluations} evaluations an image, {speed:.0f} GF/s",
            ))  # fmt: skip
    record.keep(lines, arguments, idle=idle and race.quiet)


if __name__ == "__main__":
    main()
