"""Many small MLPs by `lamina.train.train_population`: a sweep of learning rates and seeds."""

from __future__ import annotations

import time

import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_mlp import accuracy
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile, rows
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train_population


def config(epochs: int) -> TrainConfig:
    return TrainConfig(epochs=epochs, batch_size=128, optimizer="adam", early_stopping=False)


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    data, lrs, task = datasets.load(chosen["data"]), chosen["lrs"], MulticlassObjective(10)
    train_rows = rows(data["x_train"], data["y_train"])
    models = [build("mlp", inputs=(64,), outputs=10, size=32, depth=1, seed=seed) for seed in range(len(lrs))]
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    if chosen["mode"] == "race":
        gate = Turnstile(channel, epochs=chosen["turn_epochs"], began=time.perf_counter())
        train_population(
            models, task, train_rows, config=config(FOREVER), sweep={"lr": lrs}, callbacks=[gate]
        )
    began = time.perf_counter()
    results = train_population(models, task, train_rows, config=config(chosen["epochs"]), sweep={"lr": lrs})
    seconds = time.perf_counter() - began
    found = [accuracy(result.model, data["x_test"], np.asarray(data["y_test"])) for result in results]
    channel.send(quality=found, seconds=seconds)


if __name__ == "__main__":
    main()
