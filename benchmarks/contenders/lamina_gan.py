"""A game by `lamina.train.train`; options: shape, recipe, loss, data, mode (weights, race, quality)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile
from lamina.core.inputs import ImageSampleInputs
from lamina.core.tree import named_arrays, parameter_count
from lamina.models import build
from lamina.objectives.adversarial import HingeObjective, RelativisticObjective
from lamina.train import Callback, TrainConfig, train


class LossesOfEpochs(Callback):
    """Keeps the critic's training loss of every epoch."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: Any) -> None:
        self.found.append(logs["train_critic_loss"])


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the game."""
    inputs = ImageSampleInputs(shape["side"], shape["side"], shape["channels"])
    return build(
        "dcgan",
        inputs=inputs,
        outputs=0,
        size=shape["width"],
        latent=shape["latent"],
        spectral=False,
        seed=seed,
    )


def objective(shape: Mapping[str, int], loss: str, penalty: float) -> Any:
    """Return the loss that is asked for."""
    space = ImageSampleInputs(shape["side"], shape["side"], shape["channels"])
    return RelativisticObjective(space, penalty=penalty) if loss == "relativistic" else HingeObjective(space)


def rows(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return bytes of images as arrays of the engine, of no class."""
    count = len(images)
    return {"x": images, "y": np.full(count, -1, np.int32), "weight": np.ones(count, np.float32)}


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    shape, recipe = chosen["shape"], dict(chosen["recipe"])
    penalty = recipe.pop("penalty")
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    model = make(shape, 0)
    if chosen["mode"] == "weights":
        np.savez(f"{chosen['folder']}/weights.npz", **named_arrays(model))
        channel.send(parameters=parameter_count(model))
        return
    data, losses = datasets.load(f"{chosen['folder']}/data.npz"), LossesOfEpochs()
    is_race = chosen["mode"] == "race"
    epochs = FOREVER if is_race else chosen["epochs"]
    config = TrainConfig(epochs=epochs, seed=0, early_stopping=False, **recipe)
    gate = Turnstile(channel, epochs=1, began=time.perf_counter())
    images = data["turn" if is_race else "quality"]
    game = objective(shape, chosen["loss"], penalty)
    train(model, game, rows(images), config=config, callbacks=[gate if is_race else losses])
    channel.send(quality=losses.found)


if __name__ == "__main__":
    main()
