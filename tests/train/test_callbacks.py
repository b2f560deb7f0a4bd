"""Callbacks that come with the library."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import RunError
from lamina.train import Callback, CSVLogger, LambdaCallback, TerminateOnNaN


def test_a_row_an_epoch_in_csv(tmp_path, fitted: Any, line: Any):
    result = fitted(valid=line, callbacks=[CSVLogger(tmp_path / "log.csv")])
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [float(row["valid_loss"]) for row in rows] == result.history["valid_loss"]


def test_a_function_after_every_epoch(fitted: Any):
    seen = []
    fitted(callbacks=[LambdaCallback(lambda epoch, logs: seen.append((epoch, logs["lr"])))])
    assert seen == [(1, pytest.approx(0.05)), (2, pytest.approx(0.05)), (3, pytest.approx(0.05))]


def test_a_loss_that_is_not_finite_may_end_the_run(fitted: Any, line: Any):
    data = {**line, "y": np.full((24, 1), np.nan, np.float32)}
    with pytest.raises(RunError, match="epoch 1: the loss is not finite"):
        fitted(finite_patience=100, data=data, callbacks=[TerminateOnNaN()])


class Watcher(Callback):
    """Lowers the rate after the first epoch and looks at the model."""

    def __init__(self):
        self.models = []

    def on_epoch_end(self, epoch, logs, run):
        self.models.append(run.current_model().numeric.weight.copy())
        run.scale_lr(0.0)


def test_a_callback_sees_the_model_and_moves_the_rate(fitted: Any):
    watcher = Watcher()
    result = fitted(callbacks=[watcher])
    np.testing.assert_array_equal(watcher.models[0], watcher.models[2])
    assert result.history["lr"][1:] == [0.0, 0.0]
