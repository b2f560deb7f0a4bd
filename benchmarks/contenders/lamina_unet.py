"""`denoising-unet` by `lamina.train.train`; options as of `lamina_gpt`."""

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
from lamina.objectives.diffusion import DiffusionObjective
from lamina.train import TrainConfig, train


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the network."""
    side = shape["side"]
    space = ImageSampleInputs(side, side, shape["colors"], shape["labels"])
    return build(
        "denoising-unet", inputs=space, outputs=1, size=shape["width"], depth=shape["depth"], seed=seed
    )


def rows(data: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return images and classes as arrays of the engine."""
    return {"x": data["x"], "y": data["y"], "weight": np.ones(len(data["x"]), np.float32)}


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    shape = chosen["shape"]
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    model = make(shape, 0)
    if chosen["mode"] == "weights":
        np.savez(f"{chosen['folder']}/weights.npz", **named_arrays(model))
        channel.send(parameters=parameter_count(model))
        return
    space = ImageSampleInputs(shape["side"], shape["side"], shape["colors"], shape["labels"])
    losses, is_race = LossesOfEpochs(), chosen["mode"] == "race"
    config = TrainConfig(
        epochs=FOREVER if is_race else chosen["epochs"],
        precision=chosen["precision"],
        early_stopping=False,
        seed=0,
        **chosen["recipe"],
    )
    gate = Turnstile(channel, epochs=1, began=time.perf_counter())
    data = datasets.load(f"{chosen['folder']}/{'turn' if is_race else 'quality'}.npz")
    train(
        model, DiffusionObjective(space), rows(data), config=config, callbacks=[gate if is_race else losses]
    )
    channel.send(quality=losses.found)


if __name__ == "__main__":
    main()
