"""What a config fixes: batch size, the numbers of a run, the compiled program."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.objectives import MulticlassObjective, RegressionObjective
from lamina.train import TrainConfig
from lamina.train.loop.plan import batch_size_of, default_batch_size, make_hyper, make_program, monitored

EVERYTHING = TrainConfig(
    epochs=20, lr=0.02, weight_decay=0.3, momentum=0.8, beta2=0.95, clip=2.5, l1=0.1, l2=0.2, ema=0.99,
    warmup=0.125, patience=7, plateau_factor=0.25, plateau_patience=3,
)  # fmt: skip


def test_the_numbers_of_a_run():
    hyper = make_hyper(EVERYTHING, total_steps=400)
    expected = {
        "lr": 0.02, "weight_decay": 0.3, "momentum": 0.8, "beta2": 0.95, "clip": 2.5, "l1": 0.1, "l2": 0.2,
        "ema": 0.99, "total": 400, "epoch_steps": 20, "warmup": 50, "patience": 7, "plateau_factor": 0.25,
        "plateau_patience": 3,
    }  # fmt: skip
    assert {name: float(value) for name, value in hyper.items()} == pytest.approx(expected)
    assert {value.dtype for value in hyper.values()} == {np.dtype(np.float32)}
    assert {value.shape for value in hyper.values()} == {()}


def test_what_is_left_open_gets_its_default():
    hyper = make_hyper(TrainConfig(epochs=0), total_steps=5)
    assert (hyper["lr"], hyper["weight_decay"], hyper["clip"]) == (np.float32(1e-3), 0, 1)
    assert hyper["epoch_steps"] == 5, "no epochs are one, where steps are divided by them"


@pytest.mark.parametrize(
    ("given", "rows", "size"),
    [
        ({}, 500, 32), ({}, 20, 20), ({"batch_size": 48}, 500, 48), ({"batch_size": 1000}, 500, 500),
        ({"batch_size": 50, "accumulate": 4}, 500, 48), ({"accumulate": 7}, 500, 28),
    ],
)  # fmt: skip
def test_batch_sizes(given: dict[str, int], rows: int, size: int):
    assert batch_size_of(TrainConfig(**given), rows) == size


def test_more_microbatches_than_examples_are_refused():
    with pytest.raises(ConfigError, match="accumulate is larger than the batch; got 33"):
        batch_size_of(TrainConfig(accumulate=33), 500)


@pytest.mark.parametrize("rows", [1_000, 4_000, 10_000, 50_000, 200_000])
def test_each_limit_belongs_to_the_smaller_size(rows: int):
    assert 2 * default_batch_size(rows) == default_batch_size(rows + 1)


@pytest.mark.parametrize(
    ("keys", "changed"),
    [
        ({}, {}),
        ({"clip": 1.0}, {"clipped": True}),
        ({"l1": 0.1}, {"penalized": True}),
        ({"l2": 0.1}, {"penalized": True}),
        ({"accumulate": 3}, {"accumulate": 3}),
        ({"early_stopping": False}, {"early_stopping": False}),
        ({"monitor": "accuracy"}, {"monitor": "accuracy"}),
        ({"optimizer": "muon", "schedule": "wsd"}, {"optimizer": "muon", "schedule": "wsd"}),
        ({"precision": "bfloat16"}, {"precision": "bfloat16"}),
    ],
)
def test_only_mechanisms_that_take_part_are_compiled(keys: dict[str, Any], changed: dict[str, Any]):
    """And what differs in numbers alone is the same program."""
    plain = make_program(MulticlassObjective(3), TrainConfig(lr=0.5, ema=0.1, patience=3))
    program = make_program(MulticlassObjective(3), TrainConfig(**keys))
    assert program == dataclasses.replace(plain, **changed)
    assert hash(program) == hash(dataclasses.replace(plain, **changed))


def test_an_augmentation_is_part_of_the_program():
    def augment(batch: Any, context: Any) -> Any:
        return batch

    plain, other = (make_program(RegressionObjective(), TrainConfig(), change) for change in (None, augment))
    assert plain != other and other.augment is augment


class Distance:
    """An objective that measures a distance and a share."""

    monitor = MappingProxyType({"distance": False, "coverage": True})


def test_what_decides_is_asked_for_or_the_first():
    assert monitored(MulticlassObjective(3), "loss") == "loss"
    assert monitored(MulticlassObjective(3), "accuracy") == "accuracy"
    assert monitored(Distance(), "coverage") == "coverage"  # type: ignore[arg-type]
    assert monitored(Distance(), "loss") == "distance", "what is not measured is not the default"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("objective", "name", "said"),
    [
        (RegressionObjective(), "accuracy", "one of loss, mse, got 'accuracy'"),
        (MulticlassObjective(3), "acuracy", "did you mean 'accuracy'.*one of loss, accuracy"),
        (Distance(), "mse", "one of distance, coverage, got 'mse'"),
    ],
)
def test_what_is_not_measured_is_refused(objective: Any, name: str, said: str):
    with pytest.raises(ConfigError, match=said):
        monitored(objective, name)
