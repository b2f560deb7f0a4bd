"""Epochs of the default network of texts by `lamina.train.train`; options: data, symbols, classes."""

from __future__ import annotations

import time
from typing import Any

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile
from lamina.core.inputs.text import TextInputs
from lamina.modalities.base import Situation
from lamina.modalities.text.choose import choose
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.train import TrainConfig, train


def chosen_for(inputs: TextInputs, rows: int, classes: int) -> Any:
    """Return what Lamina chooses by itself."""
    return choose(Situation(inputs, rows, "classes", classes))


def main() -> None:
    channel, options = worker.Channel(), worker.options()
    data = datasets.load(options["data"])
    x = {"ids": data["ids"], "scale": data["scale"]}
    rows = {"x": x, "y": data["y"].astype("int32"), "weight": data["weight"]}
    inputs = TextInputs(options["symbols"], x["ids"].shape[1], is_ordered=False)
    choice = chosen_for(inputs, len(data["y"]), options["classes"])
    keys = {**choice.keys, "epochs": FOREVER, "early_stopping": False, "schedule": "constant"}
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    gate = Turnstile(channel, epochs=1, began=time.perf_counter())
    model = build(choice.model, inputs=inputs, outputs=options["classes"], seed=0)
    objective = MulticlassObjective(options["classes"])
    train(model, objective, rows, config=TrainConfig(**keys), callbacks=[gate])


if __name__ == "__main__":
    main()
