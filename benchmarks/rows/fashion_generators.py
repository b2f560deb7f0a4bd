"""Row "Fashion-MNIST generators": diffusion, flow, GAN and VAE, judged in the features of one classifier.

50,000 images of 28 x 28 train a classifier and each generator; the last 10,000 training images judge while
something is chosen, the test images once (``--test``). Neither is known to the classifier or a generator.
5,000 samples are compared with halves of the judging images; one half against the other is the floor. The
row's quality is the Fréchet distance ÷ that floor; precision, recall, density, coverage, classes hit and
copies stand in its note. Time is that of training, ``--minutes`` at most for each method.

Runs are kept in ``--runs``; what is there already (the classifier first of all) is not trained again. Needs
``$LAMINA_DATA/fashion_mnist``.

References: Heusel et al. NeurIPS 2017. Kynkäänniemi et al. NeurIPS 2019. Naeem et al. ICML 2020.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lamina
from benchmarks import datasets, machine, record
from lamina.network.features import classifier_features
from lamina.objectives.metrics.judge import Judged, judge
from lamina.objectives.metrics.memorization import Memorization, memorization
from lamina.objectives.metrics.modes import ModeCoverage, class_coverage

ROW = "fashion_generators"
METHODS = ("diffusion", "flow", "gan", "vae")
HELD_OUT = 10_000  # of the training images
CLASSES, SHOWN = 10, 32


class Images(NamedTuple):
    """Fashion-MNIST.

    Args:
        training: bytes (50000, 28, 28, 1).
        classes: of these.
        judging: bytes (10000, 28, 28, 1), new to everything that is trained.
    """

    training: np.ndarray
    classes: np.ndarray
    judging: np.ndarray


class Found(NamedTuple):
    """What the samples of one generator are worth.

    Args:
        judged: in the features of the classifier.
        copies: distances to training images, in pixels.
        modes: classes that the classifier sees.
        samples: bytes (n, 28, 28, 1).
        seconds: of training.
        drawing: seconds of drawing the samples.
    """

    judged: Judged
    copies: Memorization
    modes: ModeCoverage
    samples: np.ndarray
    seconds: float
    drawing: float


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--minutes", type=float, default=60.0, help="of each method (default %(default)s)")
    parser.add_argument("--preset", default="best", help="of the generators (default %(default)s)")
    parser.add_argument("--keys", nargs="*", default=[], help="further keys of the generators, key=value")
    parser.add_argument("--conditional", action="store_true", help="learn and draw samples by class")
    parser.add_argument("--steps", type=int, help="evaluations a sample: diffusion, flow")
    parser.add_argument(
        "--guidance", type=float, default=1.0, help="with --conditional (default %(default)s)"
    )
    parser.add_argument("--samples", type=int, default=5_000, help="to judge by (default %(default)s)")
    parser.add_argument("--test", action="store_true", help="judge by the test images: once, at the end")
    parser.add_argument("--runs", type=Path, default=Path("runs/fashion_generators"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path, help="write a figure, as docs/images/fashion_generators.png")
    parser.add_argument("--quick", action="store_true", help="one epoch of few images: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.samples, arguments.runs = 64, arguments.runs / "quick"
    return arguments


def read_images(*, test: bool, quick: bool) -> Images:
    """Return the images; of each few where it is only asked whether the row runs."""
    folder = Path(os.environ["LAMINA_DATA"]) / "fashion_mnist"

    def part(name: str) -> np.ndarray:
        return datasets.read_idx(folder / f"{name}-ubyte.gz")

    images, classes = part("train-images-idx3")[..., None], part("train-labels-idx1").astype(int)
    judging = part("t10k-images-idx3")[..., None] if test else images[-HELD_OUT:]
    count = 600 if quick else len(images) - HELD_OUT
    return Images(images[:count], classes[:count], judging[: 200 if quick else None])


def classifier(images: Images, arguments: argparse.Namespace) -> Path:
    """Return the run of the classifier, trained where it is not there yet."""
    place = arguments.runs / "classifier"
    if not (place / "network").is_dir():
        keys: dict[str, Any] = {"epochs": 1} if arguments.quick else {"time_limit": 600}
        net = lamina.fit(images.training, images.classes, seed=0, out=str(place), **keys)
        machine.say(f"classifier: {net.info.valid}")
    return place


def generator(method: str, images: Images, judge: Path, arguments: argparse.Namespace) -> tuple[Any, float]:
    """Return a trained generator and the seconds that its training took."""
    name = f"{method}-conditional" if arguments.conditional else method
    place = arguments.runs / f"{name}-{arguments.minutes:g}min-{arguments.seed}"
    took = place / "seconds.json"
    if not (place / "network").is_dir():
        keys: dict[str, Any] = dict(word.split("=", 1) for word in arguments.keys)
        keys |= {"epochs": 1} if arguments.quick else {"time_limit": 60 * arguments.minutes}
        keys |= {"preset": arguments.preset, "seed": arguments.seed, "judge": str(judge)}
        if arguments.conditional:
            keys["target"] = "target"
        began = time.perf_counter()
        lamina.fit(images.training, images.classes, task="generate", method=method, out=str(place), **keys)
        took.write_text(json.dumps(time.perf_counter() - began))
    return lamina.load(place), json.loads(took.read_text()) if took.exists() else float("nan")


def drawn(net: Any, arguments: argparse.Namespace) -> np.ndarray:
    """Return samples as bytes; with classes of each as many as of any other."""
    keys: dict[str, Any] = {"seed": arguments.seed}
    if net.objective.takes_steps:
        keys |= {"steps": arguments.steps}
    if not net.labels:
        return net.sample(n=arguments.samples, **keys).images
    if net.objective.takes_steps:
        keys |= {"guidance": arguments.guidance}
    each = -(-arguments.samples // len(net.labels))
    parts = [
        net.sample(n=each, label=str(label), **{**keys, "seed": arguments.seed + place}).images
        for place, label in enumerate(net.labels)
    ]
    return np.random.default_rng(0).permutation(np.concatenate(parts))[: arguments.samples]


def learn(method: str, images: Images, judge_place: Path, arguments: argparse.Namespace) -> Found:
    """Return what a method comes to."""
    net, seconds = generator(method, images, judge_place, arguments)
    began = time.perf_counter()
    samples = drawn(net, arguments)
    drawing = time.perf_counter() - began
    features, reader = classifier_features(judge_place), lamina.load(judge_place)
    judged = judge(features(samples), features(images.judging), features=features.words)
    few = slice(0, min(1_000, len(samples)))
    copies = memorization(samples[few], images.training, images.judging[few])
    codes = reader.predict_proba(samples).argmax(axis=1)
    return Found(judged, copies, class_coverage(codes, CLASSES), samples, seconds, drawing)


def draw(found: dict[str, Found], images: Images, path: Path) -> None:
    """Write a figure: real images, then the first samples of each method, none left out."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    given = {"data": images.judging, **{name: own.samples for name, own in found.items()}}
    figure, axes = plt.subplots(1, len(given), figsize=(2.4 * len(given), 4.6), squeeze=False)
    for ax, (name, shown) in zip(axes[0], given.items(), strict=True):
        tiles = shown[:SHOWN, ..., 0].reshape(SHOWN // 4, 4, 28, 28)
        ax.imshow(tiles.transpose(0, 2, 1, 3).reshape(28 * SHOWN // 4, 112), cmap="gray")
        ax.set_axis_off()
        words = "" if name == "data" else f"\nFréchet {found[name].judged.ratio:.1f} × real"
        ax.set_title(name + words, fontsize=9)
    figure.tight_layout(pad=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def line_of(method: str, own: Found, arguments: argparse.Namespace) -> record.Line:
    """Return the line of a method."""
    figures = {
        "real": own.judged.real,
        "samples": own.judged.samples,
        "copies": own.copies.copies,
        "close": own.copies.close_share,
        "classes": str(own.modes),
        "drawing_seconds": round(own.drawing, 1),
        "judged_by": "test" if arguments.test else "validation",
        "features": own.judged.features,
    }
    variant = f"{method}{', by class' if arguments.conditional else ''}, {arguments.minutes:g} min"
    return record.Line(
        ROW, "lamina", variant, "s", own.seconds, quality=own.judged.ratio, seeds=str(arguments.seed),
        note=json.dumps(figures, default=float),
    )  # fmt: skip


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    watch, found = machine.Watch(), {}
    images = read_images(test=arguments.test, quick=arguments.quick)
    judge_place = classifier(images, arguments)
    for method in arguments.methods:
        own = found[method] = learn(method, images, judge_place, arguments)
        machine.say(f"{method}:\n{own.judged}\n{own.modes}\n{own.copies}\ndrawn in {own.drawing:.0f} s")
    if arguments.figure is not None:
        draw(found, images, arguments.figure)
    lines = [line_of(method, own, arguments) for method, own in found.items()]
    record.keep(lines, arguments, idle=idle and watch.is_quiet())


if __name__ == "__main__":
    main()
