"""Facts about a run: kept as they are, read back as they were, and never of another form."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest

from lamina.core.errors import ArtifactError
from lamina.network.info import RunInfo

FULL = RunInfo(
    device="cpu (2 cores)",
    model_reason="you asked for it",
    seed=3,
    epochs=12,
    best_epoch=9,
    steps=120,
    skipped_steps=1,
    ended="epochs",
    folds=({"epochs": 12, "best_epoch": 9, "ended": "epochs"},),
    trials=({"dropout": 0.1, "loss": 0.5, "epochs": 12, "chosen": True},),
    rows={"train": 80, "valid": 20, "test": 0},
    source="table.csv",
    versions={"lamina": "0.1.0"},
    valid={"accuracy": 0.9, "auc": None},
    intervals={"accuracy": (0.8, 0.95)},
)


def read_again(info: RunInfo) -> RunInfo:
    return RunInfo.restore(json.loads(json.dumps(info.to_json())), "info")


def test_what_is_stored_is_restored():
    assert read_again(FULL) == FULL
    assert read_again(RunInfo()) == RunInfo()


def test_every_fact_is_checked_or_cannot_be_wrong():
    """Each fact by itself: a value of no form that any fact has."""
    for field in dataclasses.fields(RunInfo):
        with pytest.raises(ArtifactError, match=rf"^info\.{field.name}"):
            RunInfo.restore({field.name: [[]]}, "info")


def test_a_fact_that_is_not_there_has_its_default():
    assert RunInfo.restore({"epochs": 3}, "info") == RunInfo(epochs=3)


def test_facts_of_other_versions_are_left_out():
    assert RunInfo.restore({"weather": [1], "seed": 7}, "info") == RunInfo(seed=7)


def test_only_what_was_measured_is_a_metric():
    assert FULL.metrics == {"valid": FULL.valid}
    both = dataclasses.replace(FULL, test={"accuracy": 0.8})
    assert list(both.metrics) == ["valid", "test"]
    assert RunInfo(valid={}, test=None).metrics == {}


def test_an_end_that_is_not_defined_is_null_and_then_nan():
    info = RunInfo.restore({"intervals": {"auc": [None, 1]}}, "info")
    low, high = info.intervals["auc"]
    assert math.isnan(low) and high == 1.0


@pytest.mark.parametrize("value", [None, [], 3, "info"])
def test_no_object_is_refused(value: Any):
    with pytest.raises(ArtifactError, match="info: has the wrong form; expected an object"):
        RunInfo.restore(value, "info")


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.seed = 4  # type: ignore[misc]
