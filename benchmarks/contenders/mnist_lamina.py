"""A process that trains on MNIST with Lamina until the test accuracy is reached; options: JSON."""

import json
import sys
import time

import jax
import numpy as np

from benchmarks import datasets
from benchmarks.contenders import lamina_networks
from benchmarks.contenders.lamina_turns import rows
from lamina.objectives import MulticlassObjective
from lamina.train import Callback, TrainConfig, train

chosen = json.loads(sys.argv[1])
EVALUATED = 1000  # images at once


class Judge(Callback):
    """Looks at the test rows whenever another ``every`` steps are done, and notes the time.

    Args:
        x: test images.
        y: their labels.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self.x, self.y, self.seen = jax.device_put(x), y, 0
        self.found: list[tuple[int, float, float]] = []  # step, accuracy, seconds since the process began
        self._forward = jax.jit(lambda model, part: model(part).argmax(-1))

    def on_chunk_end(self, step: int, run: object) -> None:
        if step // chosen["every"] > self.seen:
            self.seen = step // chosen["every"]
            accuracy = self.accuracy(run.current_model())
            self.found.append((step, accuracy, time.time() - chosen["began"]))

    def accuracy(self, model: object) -> float:
        parts = [self._forward(model, self.x[i : i + EVALUATED]) for i in range(0, len(self.x), EVALUATED)]
        return float((np.concatenate([np.asarray(part) for part in parts]) == self.y).mean())

    def enough(self) -> str | None:
        return "reached" if self.found and self.found[-1][1] >= chosen["enough"] else None


data = datasets.load(chosen["data"])
x, x_test = (datasets.standardized_digits(data[name]) for name in ("x_train", "x_test"))
judge = Judge(x_test, data["y_test"])
config = TrainConfig(
    epochs=chosen["epochs"],
    seed=chosen["seed"],
    batch_size=chosen["batch_size"],
    lr=chosen["lr"],
    optimizer="adam",
    schedule="linear",
    early_stopping=False,
    chunk=chosen["chunk"],
)
network = lamina_networks.make(chosen["shape"], chosen["seed"])
train(network, MulticlassObjective(10), rows(x, data["y_train"]), config=config, callbacks=[judge],
      should_stop=judge.enough)  # fmt: skip
print(json.dumps({"found": judge.found}))
