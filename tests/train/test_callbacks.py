"""Callbacks that come with the library."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import RunError
from lamina.train import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ReduceLROnPlateau,
    TerminateOnNaN,
)


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


class Run:
    """As much of a run as a callback may ask."""

    def __init__(self) -> None:
        self.stopped: list[str] = []
        self.factors: list[float] = []

    def stop(self, reason: str) -> None:
        self.stopped.append(reason)

    def scale_lr(self, factor: float) -> None:
        self.factors.append(factor)


def fed(callback: Callback, values: list[float], name: str = "valid_loss") -> list[tuple[int, int]]:
    """Feed one value an epoch; return how often it had stopped and scaled after each."""
    run, seen = Run(), []
    for epoch, value in enumerate(values, 1):
        callback.on_epoch_end(epoch, {name: value}, run)
        seen.append((len(run.stopped), len(run.factors)))
    return seen


def test_early_stopping_counts_epochs_without_an_improvement():
    stops = [stopped for stopped, _ in fed(EarlyStopping(patience=2), [3.0, 2.0, 2.0, 1.9, 2.5, 1.9])]
    assert stops == [0, 0, 0, 0, 0, 1]
    run = Run()
    stopping = EarlyStopping(patience=1)
    for value in (1.0, 1.0):
        stopping.on_epoch_end(1, {"valid_loss": value}, run)
    assert run.stopped == ["valid_loss did not improve for 1 epochs"]


def test_early_stopping_asks_for_a_least_change_and_knows_both_directions():
    stops = [stopped for stopped, _ in fed(EarlyStopping(patience=2, min_delta=0.5), [3.0, 2.8, 2.6, 2.6])]
    assert stops == [0, 0, 1, 2], "small steps count as none, measured from the best"
    up = EarlyStopping("valid_accuracy", patience=2, mode="max")
    assert [s for s, _ in fed(up, [0.1, 0.5, 0.4, 0.45, 0.6], "valid_accuracy")] == [0, 0, 0, 1, 1]


def test_a_plateau_lowers_the_rate_each_time_the_patience_is_used_up():
    found = fed(ReduceLROnPlateau(factor=0.1, patience=2), [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6])
    assert [scaled for _, scaled in found] == [0, 0, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_each_value_that_is_not_finite_ends_the_run(loss: float):
    TerminateOnNaN().on_epoch_end(3, {"train_loss": 1e30}, Run())
    with pytest.raises(RunError, match="epoch 4: the loss is not finite"):
        TerminateOnNaN().on_epoch_end(4, {"train_loss": loss}, Run())


def test_a_callback_does_nothing_unless_told(fitted: Any):
    quiet, none = fitted(callbacks=[Callback()]), fitted()
    assert quiet.history["train_loss"] == none.history["train_loss"]


def test_columns_of_csv_are_those_of_the_first_epoch(tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    logger.on_epoch_end(1, {"train_loss": 1.0, "lr": 0.1}, Run())
    logger.on_epoch_end(2, {"lr": 0.2, "train_loss": 0.5, "later": 7}, Run())
    assert (tmp_path / "log.csv").read_text().split() == ["epoch,train_loss,lr", "1,1.0,0.1", "2,0.5,0.2"]
