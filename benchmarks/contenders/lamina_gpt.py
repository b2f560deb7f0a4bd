"""A GPT by `lamina.train.train`; options: shape, recipe, precision, data, mode (weights, race, quality)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from benchmarks import datasets, worker
from benchmarks.contenders.lamina_turns import FOREVER, Turnstile
from lamina.core.arrays import Array
from lamina.core.inputs.text import TextInputs
from lamina.core.tree import named_arrays, parameter_count
from lamina.core.wanted import NEXT
from lamina.models import build
from lamina.objectives.base import AbstractObjective, Batch, Losses, Score
from lamina.ops.cross_entropy import cross_entropy
from lamina.train import Callback, TrainConfig, train


@dataclass(frozen=True)
class NextSymbol(AbstractObjective):
    """Cross-entropy of what comes next, at every position.

    Args:
        symbols: how many there are.
    """

    symbols: int
    monitor = {"loss": False}  # noqa: RUF012

    @property
    def out_features(self) -> int:
        return self.symbols

    @property
    def score(self) -> Score:
        return Score("loss", lambda targets, points, weights: float("nan"))

    def losses(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> Losses:
        logits = model(batch["x"], key=key, train=True).astype(jnp.float32)
        return {"all": (cross_entropy(logits, batch["y"]).mean(), {})}

    def evaluate(self, model: Callable[..., Array], batch: Batch, *, key: Any) -> dict[str, Array]:
        each = cross_entropy(model(batch["x"]).astype(jnp.float32), batch["y"]).mean(-1)
        return {"loss": (each * batch["weight"]).sum(), "weight": batch["weight"].sum()}

    def decode(self, outputs: Array) -> Array:
        return outputs

    def metrics(self, decoded: Any, targets: Any, weights: Any = None) -> dict[str, float]:
        return {}

    def intervals(self, decoded: Any, targets: Any, weights: Any, *, seed: int) -> dict[str, Any]:
        return {}


class LossesOfEpochs(Callback):
    """Keeps the training loss of every epoch."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: Any) -> None:
        self.found.append(logs["train_loss"])


def make(shape: Mapping[str, int], seed: int) -> Any:
    """Return the network."""
    return build(
        "gpt",
        inputs=TextInputs(shape["symbols"], shape["time"]),
        outputs=shape["symbols"],
        size=shape["width"],
        depth=shape["depth"],
        heads=shape["heads"],
        wants=NEXT,
        seed=seed,
    )


def rows(tokens: np.ndarray) -> dict[str, Any]:
    """Return texts of one symbol more than are read as arrays of the engine."""
    ids = np.ascontiguousarray(tokens[:, :-1], np.int32)
    x = {"ids": ids, "scale": np.ones(ids.shape, np.float32)}
    return {"x": x, "y": tokens[:, 1:].astype(np.int32), "weight": np.ones(len(ids), np.float32)}


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    shape, objective = chosen["shape"], NextSymbol(chosen["shape"]["symbols"])
    channel.send(versions=worker.versions("jax", "jaxlib", "numpy"))
    channel.receive()
    model = make(shape, 0)
    if chosen["mode"] == "weights":
        np.savez(f"{chosen['folder']}/weights.npz", **named_arrays(model))
        channel.send(parameters=parameter_count(model))
        return
    data, losses = datasets.load(f"{chosen['folder']}/data.npz"), LossesOfEpochs()
    is_race = chosen["mode"] == "race"
    keys = {**chosen["recipe"], "schedule": "constant", "early_stopping": False}
    config = TrainConfig(
        epochs=FOREVER if is_race else chosen["epochs"], precision=chosen["precision"], seed=0, **keys
    )
    gate = Turnstile(channel, epochs=1, began=time.perf_counter())
    tokens = data["turn" if is_race else "quality"]
    train(model, objective, rows(tokens), config=config, callbacks=[gate if is_race else losses])
    channel.send(quality=losses.found)


if __name__ == "__main__":
    main()
