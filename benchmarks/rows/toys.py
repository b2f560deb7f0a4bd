"""Row "toys": what each method of generation makes of two-dimensional distributions, in a minute each.

Eight Gaussians on a circle, two moons, a checkerboard and a spiral, 10,000 points to learn from, through
``lamina.fit(points, task="generate", method=…)`` and ``net.sample``. Quality is the total variation between
histograms of 4,000 samples and of as many fresh points, 0 (alike) to 1 (apart), over 32 x 32 squares of equal
width; that of fresh points against others stands beside it, as does the energy distance. ``--figure`` draws
all of it.

References: Grathwohl et al. FFJORD. ICLR 2019 (the toys). Székely, Rizzo. Energy statistics. 2013.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import lamina
from benchmarks import machine, record
from lamina.objectives.metrics.energy import energy_distance

ROW = "toys"
METHODS = ("diffusion", "flow", "gan", "vae", "density")
LEARNED, JUDGED = 10_000, 4_000
SQUARES = 32  # of a side of the histograms
INK, PAPER = "#1f5fa8", "#ffffff"
Points = np.ndarray


def gaussians(random: np.random.Generator, count: int) -> Points:
    """Return points of eight Gaussians on a circle."""
    angle = random.integers(0, 8, count) * np.pi / 4
    return 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + random.normal(0, 0.15, (count, 2))


def moons(random: np.random.Generator, count: int) -> Points:
    """Return points of two half circles that interlock."""
    angle, is_lower = random.uniform(0, np.pi, count), random.random(count) < 0.5
    x = np.where(is_lower, 1 - np.cos(angle), np.cos(angle))
    y = np.where(is_lower, 0.5 - np.sin(angle), np.sin(angle))
    return np.stack([x, y], axis=1) + random.normal(0, 0.06, (count, 2))


def checkerboard(random: np.random.Generator, count: int) -> Points:
    """Return points of the black squares of a board of four by four."""
    x, row = random.uniform(-2, 2, count), random.integers(0, 2, count)
    y = random.random(count) - 2 * row + np.floor(x) % 2
    return np.stack([x, y], axis=1)


def spiral(random: np.random.Generator, count: int) -> Points:
    """Return points of an arm that turns one and a half times."""
    angle = 3 * np.pi * np.sqrt(random.random(count))
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (angle / (3 * np.pi) * 2)[:, None]
    return points + random.normal(0, 0.05, (count, 2))


TOYS: dict[str, Callable[[np.random.Generator, int], Points]] = {
    "8 Gaussians": gaussians,
    "two moons": moons,
    "checkerboard": checkerboard,
    "spiral": spiral,
}


@dataclass(frozen=True)
class Found:
    """What a method made of a toy.

    Args:
        points: samples.
        apart: total variation of their histogram to that of fresh points.
        floor: the same of fresh points and others.
        energy: energy distance.
        energy_floor: the same of fresh points and others.
        seconds: of training, reading and compilation included.
    """

    points: Points
    apart: float
    floor: float
    energy: float
    energy_floor: float
    seconds: float

    def __str__(self) -> str:
        """Return the figures as text."""
        return (
            f"total variation {self.apart:.3f} (real {self.floor:.3f}), energy distance {self.energy:.4f} "
            f"(real {self.energy_floor:.4f}), {self.seconds:.0f} s"
        )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--toys", nargs="+", choices=list(TOYS), default=list(TOYS))
    parser.add_argument("--seconds", type=float, default=60.0, help="of each training (default %(default)s)")
    parser.add_argument("--preset", default="balanced", help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="write a figure, as docs/images/toys.png")
    parser.add_argument("--quick", action="store_true", help="one epoch each: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def variation(ours: Points, theirs: Points, around: Points) -> float:
    """Return the total variation of two histograms; points outside the range of ``around`` are one bin."""
    edges = [
        np.linspace(low, high, SQUARES + 1) for low, high in zip(around.min(0), around.max(0), strict=True)
    ]
    shares = []
    for points in (ours, theirs):
        counts = np.histogram2d(*points.T, bins=edges)[0].ravel()
        shares.append(np.append(counts, len(points) - counts.sum()) / len(points))
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def learn(toy: str, method: str, arguments: argparse.Namespace) -> Found:
    """Return what a method makes of a toy."""
    random = np.random.default_rng(arguments.seed)
    known, fresh, others = (TOYS[toy](random, count) for count in (LEARNED, JUDGED, JUDGED))
    keys: dict[str, Any] = {"seed": arguments.seed, "preset": arguments.preset}
    keys |= {"epochs": 1} if arguments.quick else {"time_limit": arguments.seconds}
    began = time.perf_counter()
    net = lamina.fit({"x": known[:, 0], "y": known[:, 1]}, task="generate", method=method, **keys)
    seconds = time.perf_counter() - began
    columns = net.sample(n=JUDGED, seed=arguments.seed).columns
    points = np.stack([np.asarray(columns[name], float) for name in ("x", "y")], axis=1)
    return Found(
        points,
        variation(points, fresh, known),
        variation(others, fresh, known),
        energy_distance(points, fresh),
        energy_distance(others, fresh),
        seconds,
    )


def draw(found: dict[tuple[str, str], Found], toys: list[str], methods: list[str], path: Path) -> None:
    """Write a figure: a row a toy, fresh points at the left, then the samples of each method."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    size = (1.6 * (len(methods) + 1), 1.75 * len(toys))
    figure, axes = plt.subplots(len(toys), len(methods) + 1, figsize=size, squeeze=False)
    for line, (row, toy) in enumerate(zip(axes, toys, strict=True)):
        real = TOYS[toy](np.random.default_rng(1), JUDGED)
        middle, reach = real.mean(0), 0.6 * np.ptp(real, axis=0).max()
        for place, (ax, name) in enumerate(zip(row, ["data", *methods], strict=True)):
            own = None if place == 0 else found[toy, name]
            points = real if own is None else own.points
            ax.plot(*points.T, ",", color=INK, alpha=0.6)
            ax.set(xlim=middle[0] + [-reach, reach], ylim=middle[1] + [-reach, reach], xticks=[], yticks=[])
            ax.set_aspect("equal")
            if line == 0:
                ax.set_title(name, fontsize=10)
            words = "" if own is None else f"{own.apart:.2f} (real {own.floor:.2f})"
            ax.set_xlabel(words, fontsize=7, labelpad=2)
        row[0].set_ylabel(toy, fontsize=9)
    figure.tight_layout(pad=0.4)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150, facecolor=PAPER)
    plt.close(figure)


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    watch, found, lines = machine.Watch(), {}, []
    for toy in arguments.toys:
        for method in arguments.methods:
            own = found[toy, method] = learn(toy, method, arguments)
            machine.say(f"{toy}, {method}: {own}")
            note = f"real {own.floor:.4f}; energy {own.energy:.5f}, real {own.energy_floor:.5f}"
            lines.append(record.Line(
                ROW, "lamina", f"{toy}, {method}", "s", own.seconds, quality=own.apart,
                seeds=str(arguments.seed), note=note,
            ))  # fmt: skip
    if arguments.figure is not None:
        draw(found, arguments.toys, list(arguments.methods), arguments.figure)
        machine.say(f"drawn in {arguments.figure}")
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
