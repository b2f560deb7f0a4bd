"""Lamina as a contender of a row that is judged by a loss: weights, a race, or the losses of some epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile
from lamina.core.tree import named_arrays, parameter_count
from lamina.train import Callback, TrainConfig, train


class LossesOfEpochs(Callback):
    """Keeps a training loss of every epoch.

    Args:
        name: of the loss in the log.
    """

    def __init__(self, name: str = "train_loss") -> None:
        self.name = name
        self.found: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: Any) -> None:
        self.found.append(logs[self.name])


def compete(
    make: Callable[[Mapping[str, Any], int], Any],
    objective: Callable[[Mapping[str, Any]], Any],
    examples: Callable[[Mapping[str, np.ndarray]], Any],
    *,
    loss: str = "train_loss",
    leave: tuple[str, ...] = (),
    **keys: Any,
) -> None:
    """Answer what the driver asks for.

    Args:
        make: ``(shape, seed) -> model``.
        objective: options of the contender → what is minimized.
        examples: arrays of a file → examples.
        loss: name of the loss in the log.
        leave: keys of the recipe that are the objective's.
        **keys: of training, beside the recipe.
    """
    channel, chosen = worker.Channel(), worker.options()
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    model = make(chosen["shape"], 0)
    if chosen["mode"] == "weights":
        np.savez(f"{chosen['folder']}/weights.npz", **named_arrays(model))
        channel.send(parameters=parameter_count(model))
        return
    losses, is_race = LossesOfEpochs(loss), chosen["mode"] == "race"
    recipe = {name: value for name, value in chosen["recipe"].items() if name not in leave}
    config = TrainConfig(
        epochs=FOREVER if is_race else chosen["epochs"],
        precision=chosen["precision"],
        early_stopping=False,
        seed=0,
        **{**recipe, **keys},
    )
    gate = Turnstile(channel, epochs=1, began=time.perf_counter())
    data = examples(datasets.load(f"{chosen['folder']}/{'turn' if is_race else 'quality'}.npz"))
    train(model, objective(chosen), data, config=config, callbacks=[gate if is_race else losses])
    channel.send(quality=losses.found)
