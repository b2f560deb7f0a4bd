"""Row "VAE on MNIST": nats of test images, statically binarized, by a VAE with 50 latent numbers.

Each pixel is drawn once, black or white, with its gray as the probability of white and a fixed seed (the
files of Larochelle and Murray, whose draws are others, are not needed); the same draws are seen at every
epoch. 50,000 images to learn from, the last 10,000 of MNIST's training images to choose by. The model is the
registered ``vae``, trained by `lamina.train.train` for some seconds; quality is the mean importance-weighted
bound on log p(x) with 500 samples of the 10,000 test images, in nats, higher being better, and the note has
the evidence lower bound. Burda, Grosse, Salakhutdinov (2016) report -86.76 for one stochastic layer and one
sample, with pixels that are drawn anew at every epoch. ``--valid-only`` judges by the validation images.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks import datasets, machine, record, spread
from lamina.core import runtime
from lamina.core.inputs import ImageSampleInputs
from lamina.core.random import make_key
from lamina.core.tree import parameter_count
from lamina.models import build
from lamina.objectives.variational import VariationalObjective, importance_bound
from lamina.train import Callback, TrainConfig, train

ROW = "vae_mnist"
SEED, HELD_OUT, LATENT, SAMPLES, BATCH = 0, 10_000, 50, 500, 100
MODEL = {"size": 16, "body": "convolutional"}
RECIPE = {"lr": 2e-3, "batch_size": 100, "ema": 0.999, "schedule": "cosine", "warmup": 0.01}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=900, help="of training (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--valid-only", action="store_true", help="judge by validation images, for tuning")
    parser.add_argument("--judged", type=int, default=10_000, help="images that judge (default %(default)s)")
    parser.add_argument("--model", nargs="*", default=[], metavar="KEY=VALUE", help="options of the model")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="keys of the training")
    parser.add_argument("--free-bits", type=float, default=0.0)
    parser.add_argument("--quick", action="store_true", help="a short training, few images: does it run?")
    record.add_arguments(parser)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.judged = 20, 200
    return arguments


def binarized() -> dict[str, np.ndarray]:
    """Return MNIST's images as bytes of black and white, drawn once, split into train, valid and test."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / "mnist"
    if not folder.is_dir():
        sys.exit("no mnist in $LAMINA_DATA")
    random, found = np.random.default_rng(SEED), {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        gray = datasets.read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")[..., None]
        white = random.random(gray.shape, np.float32) < gray / np.float32(255)
        found[part] = np.where(white, 255, 0).astype(np.uint8)
    return {"train": found["train"][:-HELD_OUT], "valid": found["train"][-HELD_OUT:], "test": found["test"]}


def rows(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return images as arrays of the engine."""
    return {"x": images, "y": np.full(len(images), -1, np.int32), "weight": np.ones(len(images), np.float32)}


def bounds(objective: VariationalObjective, model: Any, images: np.ndarray, samples: int) -> np.ndarray:
    """Return the importance-weighted bound of each image."""

    @jax.jit
    def bound(model: Any, x: Any) -> Any:
        return importance_bound(objective, model, x, samples=samples, at_once=25, key=make_key(1))

    device = jax.device_put(model)
    batches = images[: len(images) // BATCH * BATCH].reshape(-1, BATCH, *images.shape[1:])
    return np.concatenate([np.asarray(bound(device, batch)) for batch in batches])


class Progress(Callback):
    """Says what each epoch reached."""

    def on_epoch_end(self, epoch: int, logs: Any, run: Any) -> None:
        machine.say(f"epoch {epoch}: " + ", ".join(f"{k} {v:.2f}" for k, v in logs.items() if "_" in k))


def parsed(pairs: list[str]) -> dict[str, Any]:
    """Return ``name=value`` pairs, numbers as numbers."""
    found: dict[str, Any] = {}
    for name, _, value in (pair.partition("=") for pair in pairs):
        try:
            number = float(value)
            found[name] = int(number) if number == int(number) and "." not in value else number
        except ValueError:
            found[name] = value
    return found


def main() -> None:
    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    runtime.start()
    images, space = binarized(), ImageSampleInputs(28, 28, 1)
    options = {"latent": LATENT, **MODEL, **parsed(arguments.model)}
    objective = VariationalObjective(space, likelihood="bernoulli", free_bits=arguments.free_bits)
    keys: dict[str, Any] = {**RECIPE, **parsed(arguments.keys)}
    config = TrainConfig(
        epochs=10_000, time_limit=arguments.seconds, seed=arguments.seed, patience=100, **keys
    )
    model = build("vae", inputs=space, outputs=1, seed=arguments.seed, **options)
    began = time.perf_counter()
    result = train(
        model, objective, rows(images["train"]), rows(images["valid"]), config=config, callbacks=[Progress()]
    )
    seconds = time.perf_counter() - began
    part = "valid" if arguments.valid_only else "test"
    judges = images[part][: arguments.judged]
    found = bounds(objective, result.model, judges, 50 if arguments.quick else SAMPLES)
    plain = bounds(objective, result.model, judges, 1).mean()
    mean, std = spread.mean_and_deviation([float(nats) for nats in found])
    epochs = len(result.history["train_loss"])
    note = f"{parameter_count(model)} parameters, {epochs} epochs, one sample {plain:.2f}"
    machine.say(f"{part}: {mean:.2f} nats +- {1.96 * std / len(found) ** 0.5:.2f}, {note}, {seconds:.0f} s")
    line = record.Line(
        ROW, "lamina", f"{options['body']} {options['size']}, {part}", "s", seconds, quality=mean,
        quality_deviation=std, seeds=str(arguments.seed), note=note,
        versions=f"jax {jax.__version__}",
    )  # fmt: skip
    record.keep([line], arguments, idle=idle)


if __name__ == "__main__":
    main()
