"""A VAE by `lamina.train.train`; options shape, recipe, precision, folder, epochs, mode, as `lamina_gpt`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_gpt import LossesOfEpochs
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile
from lamina.core.inputs import ImageSampleInputs
from lamina.core.tree import named_arrays, parameter_count
from lamina.models import build
from lamina.objectives.variational import VariationalObjective
from lamina.train import TrainConfig, train


def space(shape: Mapping[str, int]) -> ImageSampleInputs:
    """Return what images are."""
    return ImageSampleInputs(shape["side"], shape["side"], 1)


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the network; its dial counts a quarter of the hidden units."""
    return build(
        "vae",
        inputs=space(shape),
        outputs=1,
        size=shape["hidden"] // 4,
        depth=shape["depth"],
        latent=shape["latent"],
        body="dense",
        activation="relu",
        seed=seed,
    )


def rows(x: np.ndarray) -> dict[str, np.ndarray]:
    """Return images in [-1, 1] as arrays of the engine."""
    return {"x": x, "y": np.full(len(x), -1, np.int32), "weight": np.ones(len(x), np.float32)}


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    shape = chosen["shape"]
    objective = VariationalObjective(space(shape), likelihood="bernoulli")
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    model = make(shape, 0)
    if chosen["mode"] == "weights":
        np.savez(f"{chosen['folder']}/weights.npz", **named_arrays(model))
        channel.send(parameters=parameter_count(model))
        return
    data, losses = datasets.load(f"{chosen['folder']}/data.npz"), LossesOfEpochs()
    is_race = chosen["mode"] == "race"
    config = TrainConfig(
        epochs=FOREVER if is_race else chosen["epochs"],
        precision=chosen["precision"],
        early_stopping=False,
        **chosen["recipe"],
    )
    gate = Turnstile(channel, epochs=1, began=time.perf_counter())
    train(model, objective, rows(data["x"]), config=config, callbacks=[gate if is_race else losses])
    channel.send(quality=losses.found)


if __name__ == "__main__":
    main()
