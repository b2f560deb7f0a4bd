"""Images that a diffusion model draws, by Lamina.

Options: shape, images, evaluations, folder, mode (weights, race, images). The weights are random, and so is
the last convolution, which begins at zero. ``weights`` writes them, and the noise that images are made of.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders import lamina_unet
from lamina.core.hashing import hashed_keys
from lamina.core.inputs import ImageSampleInputs
from lamina.core.tree import named_arrays, with_arrays
from lamina.objectives.diffusion import DiffusionObjective
from lamina.objectives.samples import Sampling
from lamina.tasks.generate.sampling import draw

SEED, DEVIATION = 0, 0.05


def random_model(shape: Mapping[str, int]) -> Any:
    """Return a network in which every layer has something to say."""
    model, random = lamina_unet.make(shape, SEED), np.random.default_rng(SEED)

    def shaken(array: Any) -> np.ndarray:
        return (np.asarray(array) + DEVIATION * random.normal(size=array.shape)).astype(np.float32)

    return with_arrays(model, {name: shaken(array) for name, array in named_arrays(model).items()})


def noise_of(objective: DiffusionObjective, count: int) -> np.ndarray:
    """Return the noise that `draw` begins with where all images are one batch."""
    key = hashed_keys(hashed_keys(SEED, 1)[0], 2)[0]
    return np.asarray(jax.random.normal(key, (count, *objective.space.shape)))


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    shape, count, folder = chosen["shape"], chosen["images"], chosen["folder"]
    objective = DiffusionObjective(
        ImageSampleInputs(shape["side"], shape["side"], shape["colors"], shape["labels"])
    )
    if chosen["mode"] == "weights":
        np.savez(f"{folder}/weights.npz", **named_arrays(random_model(shape)))
        np.savez(f"{folder}/noise.npz", noise=noise_of(objective, count))
        channel.send(written=True)
        return
    began = time.perf_counter()
    model = jax.device_put(with_arrays(lamina_unet.make(shape, SEED), datasets.load(f"{folder}/weights.npz")))
    labels = np.arange(count, dtype=np.int32) % shape["labels"]
    sampling = Sampling(steps=chosen["evaluations"], sampler="ddim")
    if chosen["mode"] == "images":
        np.savez(f"{folder}/lamina.npz", images=draw(objective, model, labels, sampling, seed=SEED))
        channel.send(written=True)
        return
    while True:
        draw(objective, model, labels, sampling, seed=SEED)
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()
        began = time.perf_counter()


if __name__ == "__main__":
    main()
