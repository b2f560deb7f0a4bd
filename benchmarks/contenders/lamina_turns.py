"""Lamina's own training loop, halted between turns by an ordinary callback."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks import worker
from lamina.train import Callback

FOREVER = 1_000_000  # epochs; the driver ends the process


class Turnstile(Callback):
    """Waits for the driver before every ``epochs``-th epoch and reports the seconds of a turn.

    What is timed is everything `train` does between two turns: order of rows, steps, end of
    epoch. The first turn began before `train` was called, so it counts compilation.

    Args:
        channel: to the driver.
        epochs: epochs in a turn.
        began: when the first turn began.
    """

    def __init__(self, channel: worker.Channel, *, epochs: int, began: float):
        self.channel, self.epochs, self.began = channel, epochs, began

    def on_epoch_begin(self, epoch: int, run: Any) -> None:
        if epoch > 1 and (epoch - 1) % self.epochs == 0:
            self.channel.receive()
            self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float], run: Any) -> None:
        if epoch % self.epochs == 0:
            self.channel.send(seconds=time.perf_counter() - self.began)


def rows(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return arrays as Lamina's engine takes them."""
    return {"x": x, "y": y.astype(np.int32), "weight": np.ones(len(x), np.float32)}
