"""Row "samplers": what fewer evaluations of the same network cost in quality.

A network of diffusion that learned Fashion-MNIST (``--run``, from the row "Fashion-MNIST generators", with
its classifier, ``--judge``) draws the same number of samples by each plan, a sampler and its evaluations:
DDPM's 1,000, DDIM's 50 and 20, DPM-Solver++'s 20. Quality is the Fréchet distance to the 10,000 training
images that neither network has seen, in the features of the classifier, divided by that of DDPM where that is
among the plans. Time is that of drawing, compilation included.

References: Ho, Jain, Abbeel. NeurIPS 2020 (DDPM). Song, Meng, Ermon. ICLR 2021 (DDIM). Lu et al.
DPM-Solver++. 2022.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import lamina
from benchmarks import machine, record
from benchmarks.rows.fashion_generators import read_images
from lamina.network.features import classifier_features
from lamina.objectives.metrics.judge import Judged, judge

ROW = "samplers"
REFERENCE = "ddpm:1000"
PLANS = (REFERENCE, "ddim:50", "ddim:20", "dpm:20")


class Found(NamedTuple):
    """What a plan came to.

    Args:
        judged: in the features of the classifier.
        seconds: of drawing.
    """

    judged: Judged
    seconds: float


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True, help="of task generate, method diffusion")
    parser.add_argument("--judge", type=Path, required=True, help="of a classifier of the same images")
    parser.add_argument("--plans", nargs="+", default=PLANS, metavar="SAMPLER:EVALUATIONS")
    parser.add_argument("--samples", type=int, default=1_000, help="of each plan (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="few samples and evaluations: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.samples, arguments.plans = 64, ["ddpm:4", "ddim:2"]
    return arguments


def drawn(net: Any, plan: str, images: Any, features: Any, arguments: argparse.Namespace) -> Found:
    """Return how good the samples of a plan are."""
    sampler, steps = plan.split(":")
    began = time.perf_counter()
    samples = net.sample(n=arguments.samples, sampler=sampler, steps=int(steps), seed=arguments.seed).images
    seconds = time.perf_counter() - began
    return Found(judge(features(samples), features(images.judging), features=features.words), seconds)


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    watch = machine.Watch()
    net, features = lamina.load(arguments.run), classifier_features(arguments.judge)
    images = read_images(test=False, quick=arguments.quick)
    found: dict[str, Found] = {}
    for plan in arguments.plans:
        own = found[plan] = drawn(net, plan, images, features, arguments)
        machine.say(f"{plan}, {own.seconds:.0f} s:\n{own.judged}")
    base = found.get(REFERENCE)
    lines = [
        record.Line(
            ROW, "lamina", plan.replace(":", ", "), "s", own.seconds, seeds=str(arguments.seed),
            quality=own.judged.ratio / (base.judged.ratio if base else 1.0),
            note=json.dumps({"floors": own.judged.ratio, "samples": own.judged.samples}, default=float),
        )
        for plan, own in found.items()
    ]  # fmt: skip
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
