"""A network for images by `lamina.train.train`; options: shape, recipe, precision, data, mode."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders import lamina_networks
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile, rows
from lamina.core.tree import parameter_count
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train

EVALUATED = 250  # images at once


def config(recipe: Mapping[str, Any], *, epochs: int, seed: int, precision: str) -> TrainConfig:
    return TrainConfig(epochs=epochs, seed=seed, precision=precision, early_stopping=False, **recipe)


def accuracy(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    forward = jax.jit(lambda model, part: model(part).argmax(-1))
    parts = [np.asarray(forward(model, x[i : i + EVALUATED])) for i in range(0, len(x), EVALUATED)]
    return float((np.concatenate(parts) == y).mean())


def write_weights(shape: Mapping[str, Any], seeds: list[int], folder: str) -> int:
    """Write the initial weights of every seed, with which all contenders begin; return their number."""
    models = [lamina_networks.make(shape, seed) for seed in seeds]
    for seed, model in zip(seeds, models, strict=True):
        np.savez(f"{folder}/weights-{seed}.npz", **lamina_networks.weights(model))
    return parameter_count(models[0])


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    shape, recipe, task = chosen["shape"], chosen["recipe"], MulticlassObjective(10)
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "weights":
        channel.send(parameters=write_weights(shape, chosen["seeds"], chosen["folder"]))
        return
    data = datasets.load(f"{chosen['folder']}/data.npz")
    if chosen["mode"] == "race":
        images = rows(data["x_turn"], data["y_turn"])
        keys = config(recipe, epochs=FOREVER, seed=0, precision=chosen["precision"])
        gate = Turnstile(channel, epochs=1, began=time.perf_counter())
        train(lamina_networks.make(shape, 0), task, images, config=keys, callbacks=[gate])
    found, images = [], rows(data["x_train"], data["y_train"])
    recipe = {**recipe, "schedule": "linear"}
    for seed in chosen["seeds"]:
        keys = config(recipe, epochs=chosen["epochs"], seed=seed, precision=chosen["precision"])
        result = train(lamina_networks.make(shape, seed), task, images, config=keys)
        found.append(accuracy(result.model, data["x_test"], data["y_test"]))
    channel.send(quality=found, parameters=parameter_count(result.model))


if __name__ == "__main__":
    main()
