"""Small MLP by `lamina.train.train`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile, rows
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train


def model(seed: int) -> Any:
    return build("mlp", inputs=(784,), outputs=10, size=256, depth=2, seed=seed)


def config(epochs: int, seed: int, precision: str) -> TrainConfig:
    return TrainConfig(
        epochs=epochs,
        seed=seed,
        batch_size=128,
        lr=1e-3,
        optimizer="adam",
        early_stopping=False,
        precision=precision,
    )


def accuracy(trained: Any, x: np.ndarray, y: np.ndarray) -> float:
    return float((np.asarray(trained(x)).argmax(-1) == y).mean())


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    data = datasets.load(chosen["data"])
    train_rows, task = rows(data["x_train"], data["y_train"]), MulticlassObjective(10)
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "race":
        gate = Turnstile(channel, epochs=1, began=time.perf_counter())
        train(model(0), task, train_rows, config=config(FOREVER, 0, chosen["precision"]), callbacks=[gate])
    found = []
    for seed in chosen["seeds"]:
        keys = config(chosen["epochs"], seed, chosen["precision"])
        result = train(model(seed), task, train_rows, config=keys)
        found.append(accuracy(result.model, data["x_test"], data["y_test"]))
    channel.send(quality=found)


if __name__ == "__main__":
    main()
