"""Row "GAN modes": does a generator cover every mode of its data, or a few of them?

*Grid*: 25 Gaussians at the corners of a grid, spacing 2, standard deviation 0.05. A sample is good if it
lies within three standard deviations of a corner; a mode is covered if a good sample lies at it. Counted
over 2,500 samples. *Stacked*: three digits of MNIST drawn at random are the channels of an image, 1,000
modes. Each channel of 26,000 samples is read by a classifier of digits that Lamina trains here; a mode is
covered if a sample shows its three digits, and the divergence is KL(samples ‖ uniform) over the modes, in
nats.

Both by the public objectives and models, and `lamina.train`. The usual budget for stacked digits is
28 x 28 or 32 x 32 pixels and some 100,000 steps on a GPU; ``--side 14`` averages blocks of four pixels, for
two cores.

References: Srivastava et al. VEEGAN. NeurIPS 2017 (grid). Metz et al. Unrolled generative adversarial
networks. ICLR 2017 (stacked digits). Lin et al. PacGAN. NeurIPS 2018 (counts).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import datasets, machine, record
from lamina.core.inputs import ImageInputs, ImageSampleInputs, RowSampleInputs
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.objectives.adversarial import HingeObjective, RelativisticObjective, WassersteinObjective
from lamina.objectives.samples import Sampling
from lamina.train import TrainConfig, train

ROW = "gan_modes"
GRID = np.stack(np.meshgrid(*[np.arange(-4.0, 5.0, 2.0)] * 2), axis=-1).reshape(-1, 2)
STD = 0.05
DIGITS = 3  # of a stacked image
LOSSES: dict[str, Callable[..., Any]] = {
    "relativistic": RelativisticObjective,
    "hinge": HingeObjective,
    "wasserstein": WassersteinObjective,
}


@dataclass(frozen=True)
class Found:
    """What the samples of one generator show.

    Args:
        modes: covered.
        of: how many there are.
        quality: share of good samples of a grid; KL divergence of stacked digits.
        seconds: of training, compilation included.
        note: what was trained.
    """

    modes: int
    of: int
    quality: float
    seconds: float
    note: str


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", choices=("grid", "stacked"), default="grid")
    parser.add_argument("--loss", choices=list(LOSSES), default="relativistic")
    parser.add_argument("--model", help="of images (default dcgan)", default="dcgan")
    parser.add_argument("--size", type=int, help="size of the model (default by what is learned)")
    parser.add_argument("--side", type=int, choices=(14, 28), default=14, help="pixels of a digit")
    parser.add_argument("--penalty", type=float, help="of gradients (default by what is learned)")
    parser.add_argument("--steps", type=int, help="of the critic (default by what is learned)")
    parser.add_argument("--batch", type=int, help="examples of a step (default by what is learned)")
    parser.add_argument("--lr", type=float, help="learning rate (default by what is learned)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--quick", action="store_true", help="few steps: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    defaults = {
        "grid": {"penalty": 0.01, "steps": 16_000, "batch": 256, "lr": 1e-3, "size": 128},
        "stacked": {"penalty": 1.0, "steps": 30_000, "batch": 64, "lr": 5e-4},
    }[arguments.what]
    for name, value in defaults.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    if arguments.quick:
        arguments.steps, arguments.size = 20, arguments.size or 8
    return arguments


def objective_of(arguments: argparse.Namespace, space: Any) -> Any:
    """Return the loss that is asked for."""
    if arguments.loss == "hinge":
        return HingeObjective(space)
    penalty = 10.0 if arguments.loss == "wasserstein" else arguments.penalty
    return LOSSES[arguments.loss](space, penalty=penalty)


def config_of(arguments: argparse.Namespace, seed: int) -> TrainConfig:
    """Return the training keys that suit the game."""
    epochs = 10 if arguments.steps >= 1000 else 1
    return TrainConfig(
        seed=seed, epochs=epochs, steps_per_epoch=arguments.steps // epochs, batch_size=arguments.batch,
        lr=arguments.lr, optimizer="adam", momentum=0.0, beta2=0.99, schedule="cosine", ema=0.999,
        early_stopping=False,
    )  # fmt: skip


def rows(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return samples as the engine takes them, of no class."""
    return {"x": x, "y": np.full(len(x), -1, np.int32), "weight": np.ones(len(x), np.float32)}


def drawn(objective: Any, model: Any, count: int, *, seed: int, at_once: int = 1000) -> np.ndarray:
    """Return samples of a trained model, in units."""
    labels = jnp.full((at_once,), -1, jnp.int32)
    draw = jax.jit(lambda model, key: objective.sample(model, labels, Sampling(), key=key))
    keys = jax.random.split(jax.random.PRNGKey(seed), -(-count // at_once))
    return np.concatenate([np.asarray(draw(model, key)) for key in keys])[:count]


def learned(arguments: argparse.Namespace, objective: Any, name: str, x: np.ndarray, seed: int) -> Any:
    """Return the averaged model after training, and the seconds it took."""
    spectral = {"spectral": True} if arguments.loss == "hinge" else {"spectral": False}
    options = {} if name == "r3gan" else spectral
    if name == "gan-mlp":
        options["latent"] = 2  # as many as the plane has axes: noise of more has to be folded onto it
    model = build(name, inputs=objective.space, outputs=0, size=arguments.size, seed=seed, **options)
    began = time.perf_counter()
    result = train(model, objective, rows(x), config=config_of(arguments, seed))
    return result.model, time.perf_counter() - began


def grid_points(count: int, seed: int) -> np.ndarray:
    """Return points of the 25 Gaussians."""
    random = np.random.default_rng(seed)
    return GRID[random.integers(len(GRID), size=count)] + STD * random.normal(size=(count, 2))


def judged_grid(points: np.ndarray) -> tuple[int, float]:
    """Return the modes that points cover, and the share of good points."""
    distances = np.linalg.norm(points[:, None] - GRID, axis=-1)
    good = distances.min(axis=1) < 3 * STD
    return len(np.unique(distances.argmin(axis=1)[good])), float(good.mean())


def grid(arguments: argparse.Namespace, seed: int) -> Found:
    """Learn the grid, standardized."""
    data = grid_points(100_000, seed)
    mean, std = data.mean(axis=0), data.std(axis=0)
    objective = objective_of(arguments, RowSampleInputs((1, 1)))
    x = ((data - mean) / std).astype(np.float32)
    model, seconds = learned(arguments, objective, "gan-mlp", x, seed)
    modes, good = judged_grid(drawn(objective, model, 2500, seed=seed) * std + mean)
    return Found(modes, len(GRID), good, seconds, "gan-mlp, quality: share of good samples")


def digits(side: int) -> dict[str, np.ndarray]:
    """Return MNIST as bytes, (rows, side, side, 1), by averages of blocks of pixels."""
    data = datasets.mnist_pixels()
    step = 28 // side
    for part in ("x_train", "x_test"):
        blocks = data[part].reshape(-1, side, step, side, step, 1).astype(np.float32)
        data[part] = np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)
    return data


def stacked(images: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return images whose channels are digits drawn at random."""
    chosen = np.random.default_rng(seed).integers(len(images), size=(count, DIGITS))
    return np.concatenate([images[chosen[:, n]] for n in range(DIGITS)], axis=-1)


def reader_of_digits(
    data: dict[str, np.ndarray], *, quick: bool
) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """Return a classifier of single digits, and its accuracy on test digits."""
    side = data["x_train"].shape[1]
    inputs, objective = ImageInputs(side, side, 1, mean=(33.3,), std=(78.6,)), MulticlassObjective(10)
    config = TrainConfig(
        epochs=1 if quick else 4, steps_per_epoch=20 if quick else None, batch_size=128, lr=2e-3,
        schedule="cosine", early_stopping=False,
    )  # fmt: skip
    labeled = {
        "x": data["x_train"], "y": data["y_train"].astype(np.int32),
        "weight": np.ones(len(data["x_train"]), np.float32),
    }  # fmt: skip
    model = train(build("resnet", inputs=inputs, outputs=10, size=8), objective, labeled, config=config).model
    read = jax.jit(lambda x: model(x).argmax(-1))

    def reads(x: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [np.asarray(read(jnp.asarray(part))) for part in np.array_split(x, len(x) // 500)]
        )

    accuracy = float((reads(data["x_test"]) == data["y_test"]).mean())
    return reads, accuracy


def judged_stacked(x: np.ndarray, reads: Callable[[np.ndarray], np.ndarray]) -> tuple[int, float]:
    """Return the modes that images in units cover, and KL(images ‖ uniform)."""
    pixels = np.rint(np.clip((x + 1) * 127.5, 0, 255)).astype(np.float32)
    each = [reads(pixels[..., n : n + 1]) for n in range(DIGITS)]
    counts = np.bincount(each[0] * 100 + each[1] * 10 + each[2], minlength=10**DIGITS)
    shares = counts[counts > 0] / counts.sum()
    return int((counts > 0).sum()), float((shares * np.log(shares * 10**DIGITS)).sum())


def stacks(arguments: argparse.Namespace, seed: int) -> Found:
    """Learn stacked digits."""
    data = digits(arguments.side)
    reads, accuracy = reader_of_digits(data, quick=arguments.quick)
    images = stacked(data["x_train"], 60_000, seed)
    held_out = judged_stacked(stacked(data["x_test"], 26_000, seed) / 127.5 - 1, reads)
    machine.say(f"classifier {accuracy:.4f}; held-out images: {held_out[0]} modes, KL {held_out[1]:.3f}")
    objective = objective_of(arguments, ImageSampleInputs(arguments.side, arguments.side, DIGITS))
    model, seconds = learned(arguments, objective, arguments.model, images, seed)
    count = 2000 if arguments.quick else 26_000
    modes, divergence = judged_stacked(drawn(objective, model, count, seed=seed), reads)
    note = f"{arguments.model}, {arguments.side} pixels, quality: KL; classifier {accuracy:.4f}"
    return Found(modes, 10**DIGITS, divergence, seconds, note)


def main() -> None:
    arguments = parse()
    idle, lines = machine.is_idle(force=arguments.force, wait=arguments.wait), []
    for seed in arguments.seeds:
        found = (grid if arguments.what == "grid" else stacks)(arguments, seed)
        machine.say(
            f"{arguments.what}, {arguments.loss}, seed {seed}: {found.modes} of {found.of} modes, "
            f"{found.quality:.4f}, {found.seconds:.0f} s"
        )
        keys = f"{arguments.steps} steps of {arguments.batch}, lr {arguments.lr:g}"
        keys += f", penalty {arguments.penalty:g}"
        lines.append(record.Line(
            ROW, "lamina", f"{arguments.what}, {arguments.loss}", "modes", found.modes, quality=found.quality,
            seeds=str(seed), note=f"{found.note}; {keys}; {found.seconds:.0f} s",
        ))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


if __name__ == "__main__":
    main()
