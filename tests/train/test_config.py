"""Keys of training: what is out of range is refused with words."""

from __future__ import annotations

from typing import Any

import pytest

from lamina.core.errors import ConfigError
from lamina.core.keys import check_values, make_keys
from lamina.train import TrainConfig
from lamina.train.loop.plan import default_batch_size


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", -1),
        ("lr", 0.0),
        ("optimizer", "adma"),
        ("warmup", 1.0),
        ("precision", "float16"),
        ("clip", "a"),
    ],
)
def test_values_out_of_range_are_refused(name: str, value: Any):
    with pytest.raises(ConfigError, match=f"{name} (is out of range|cannot be read).*; expected .*, got"):
        make_keys(TrainConfig, {name: value})


def test_a_config_checks_itself_and_unknown_keys_are_suggested():
    with pytest.raises(ConfigError, match=r"unknown key 'patiense' .did you mean 'patience'"):
        make_keys(TrainConfig, {"patiense": 3})
    config = TrainConfig()
    object.__setattr__(config, "accumulate", 0)
    with pytest.raises(ConfigError, match="accumulate is out of range; expected > 0, got 0"):
        check_values(config)


def test_accumulation_needs_that_many_rows(fitted: Any):
    with pytest.raises(ConfigError, match="accumulate is larger than the batch"):
        fitted(accumulate=100)


def test_batches_grow_with_the_rows():
    sizes = [default_batch_size(rows) for rows in (10, 2_000, 8_000, 30_000, 150_000, 10**7)]
    assert sizes == sorted(sizes) == [32, 64, 128, 256, 512, 1024]
