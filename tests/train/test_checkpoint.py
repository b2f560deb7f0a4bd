"""Checkpoints: what is written comes back, when one is due, which are kept, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.core.errors import ArtifactError, ConfigError, RunError
from lamina.models import build
from lamina.objectives import RegressionObjective
from lamina.train import TrainConfig, train
from lamina.train.safeguard.checkpoint import Checkpoints, Snapshot

PLACE = {"epoch": 1, "done": 2, "means": {"totals": {"all": {"loss": 0.1}}, "taken": {"all": 2}}}


def snapshot(step: int, *, value: float = 0.5, good: Snapshot | None = None, **place: Any) -> Snapshot:
    arrays = {
        "model.weight": np.full((2, 3), value, np.float32),
        "model.steps": np.array(step, np.int32),
        "key": np.array([1, 2**32 - 1], np.uint32),
        "stopped": np.array(False),
        "model.turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    return Snapshot(arrays, {**PLACE, "step": step, **place}, good)


class Run:
    """As much of a run as checkpoints look at."""

    def __init__(self, *, interrupted: bool = False, value: float = 0.5):
        self.interrupted, self.value, self.step, self.asked = interrupted, value, 0, 0

    def snapshot(self) -> Snapshot:
        self.asked += 1
        return snapshot(self.step, value=self.value)


def steps_in(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in folder.glob("step-*"))


def test_what_is_written_comes_back_bit_for_bit(tmp_path: Path):
    place = {
        "history": {"train_loss": [0.1, float("nan"), float("inf"), -float("inf"), 1e-300], "lr": [1 / 3]},
        "spread": {"loss": [np.array([0.1, np.nan], np.float32), np.array([np.inf, 2.0])]},
        "nothing": None,
        "words": ["a", True, 3],
    }
    wrote = snapshot(7, good=snapshot(3, value=0.25, epoch=0), **place)
    path = Checkpoints(tmp_path).write(wrote)
    assert path.name == "step-000000007" and path.parent == tmp_path
    read = Checkpoints(tmp_path).latest()
    assert read is not None and read.good is not None
    for one, other in ((read, wrote), (read.good, wrote.good)):
        assert set(one.arrays) == set(other.arrays)
        for name, array in other.arrays.items():
            assert one.arrays[name].dtype == array.dtype and one.arrays[name].shape == array.shape
            np.testing.assert_array_equal(one.arrays[name], array)
    history = read.place["history"]["train_loss"]
    assert history[0] == 0.1 and math.isnan(history[1]) and history[2:] == [np.inf, -np.inf, 1e-300]
    for found, array in zip(read.place["spread"]["loss"], place["spread"]["loss"], strict=True):
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
    assert (read.place["nothing"], read.place["words"]) == (None, ["a", True, 3])
    assert read.place["means"] == PLACE["means"] and read.good.place["epoch"] == 0


def test_what_lies_there_is_json_and_safetensors_alone(tmp_path: Path):
    path = Checkpoints(tmp_path, fingerprint={"data": "x"}).write(snapshot(1))
    assert {file.name for file in path.iterdir()} == {"state.safetensors", "state.json", "MANIFEST.json"}
    assert json.loads((path / "state.json").read_text())["fingerprint"] == {"data": "x"}
    path = Checkpoints(tmp_path).write(snapshot(2, good=snapshot(1)))
    assert (path / "good.safetensors").is_file()


def test_nothing_there_is_nothing(tmp_path: Path):
    assert Checkpoints(tmp_path / "nowhere").latest() is None
    assert not (tmp_path / "nowhere").exists(), "the folder comes with the first checkpoint"


@pytest.mark.parametrize(
    ("every", "epochs"), [(1, [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), ("3", [3, 6]), (" 4 ", [4])]
)
def test_one_after_every_so_many_epochs(tmp_path: Path, every: int | str, epochs: list[int]):
    checkpoints, run = Checkpoints(tmp_path, every=every, keep=99), Run()
    for epoch in range(1, 7):
        run.step = epoch
        checkpoints.on_chunk_end(epoch, run)
        checkpoints.on_epoch_end(epoch, {}, run)
        checkpoints.writer.finish()
    assert steps_in(tmp_path) == epochs
    assert run.asked == len(epochs), "the state is copied only when it is written"


def test_one_after_so_many_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr("lamina.train.safeguard.checkpoint.time.monotonic", lambda: now[0])
    checkpoints, run = Checkpoints(tmp_path, every="60s", keep=99), Run()
    for step, seconds in enumerate((30, 29, 1, 59, 0.5, 0.5)):
        now[0] += seconds
        run.step = step
        checkpoints.on_chunk_end(step, run)
        checkpoints.on_epoch_end(step + 1, {}, run)
        checkpoints.writer.finish()
    assert steps_in(tmp_path) == [2, 5]


@pytest.mark.parametrize("every", [0, -1, "0", "often", "1.5", "-3s", "s", ""])
def test_a_period_that_cannot_be_read_is_refused(tmp_path: Path, every: int | str):
    with pytest.raises(ConfigError, match="checkpoint_every cannot be read; expected a number of epochs, or"):
        Checkpoints(tmp_path, every=every)


def test_the_newest_are_kept(tmp_path: Path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (1, 2, 9, 10):
        checkpoints.write(snapshot(step))
    assert steps_in(tmp_path) == [9, 10]
    checkpoints.write(snapshot(10, value=0.75))
    latest = checkpoints.latest()
    assert latest is not None and latest.arrays["model.weight"][0, 0] == 0.75, "the same step is replaced"


def test_later_ones_go_where_the_run_went_back(tmp_path: Path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step in (4, 8, 6):
        checkpoints.write(snapshot(step))
    assert steps_in(tmp_path) == [4, 6]


def test_the_last_is_written_unless_the_run_goes_on(tmp_path: Path):
    Checkpoints(tmp_path).on_train_end(Run(interrupted=True))
    assert steps_in(tmp_path) == []
    run = Run()
    run.step = 12
    Checkpoints(tmp_path).on_train_end(run)
    assert steps_in(tmp_path) == [12]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_that_is_not_finite_is_never_written(tmp_path: Path, value: float):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(snapshot(1))
    with pytest.raises(RunError, match="the weights are not finite, so no checkpoint is written"):
        checkpoints.write(snapshot(2, value=value))
    checkpoints.on_epoch_end(1, {}, Run(value=value))
    checkpoints.writer.finish()
    assert steps_in(tmp_path) == [1]


def test_damaged_ones_are_passed_over_with_words(tmp_path: Path):
    checkpoints = Checkpoints(tmp_path, keep=9)
    for step in (1, 2, 3, 4):
        checkpoints.write(snapshot(step))
    (tmp_path / "step-000000004" / "state.json").write_text("{}")
    (tmp_path / "step-000000003" / "state.safetensors").unlink()
    said: list[str] = []
    latest = checkpoints.latest(warn=said.append)
    assert latest is not None and latest.place["step"] == 2
    assert len(said) == 2 and all(text.startswith("checkpoint passed over: ") for text in said)
    assert "step-000000004" in said[0] and "step-000000003" in said[1]


@pytest.mark.parametrize("name", ["data", "config", "versions"])
def test_another_run_is_refused_with_what_changed(tmp_path: Path, name: str):
    before = {"data": "one", "config": {"lr": 0.1}, "versions": ["jax"]}
    Checkpoints(tmp_path, fingerprint=before).write(snapshot(1))
    assert Checkpoints(tmp_path, fingerprint=before).latest() is not None
    with pytest.raises(ConfigError) as caught:
        Checkpoints(tmp_path, fingerprint={**before, name: "other"}).latest()
    assert f"{name} changed since the checkpoint" in str(caught.value)
    assert f"got {'other'}" in str(caught.value) and "restore it to go on, or start a new run" in str(
        caught.value
    )


def test_an_error_of_the_disk_is_raised_at_the_next_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    checkpoints = Checkpoints(tmp_path)

    def refuse(*args: Any, **keys: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lamina.train.safeguard.checkpoint.storage.write_folder", refuse)
    checkpoints.on_epoch_end(1, {}, Run())
    with pytest.raises(OSError, match="No space left"):
        checkpoints.writer.finish()


def test_a_checkpoint_of_an_earlier_version_is_refused(line: Any):
    config = TrainConfig(epochs=2, batch_size=4, optimizer="sgd", chunk=1)
    model, objective = build("linear", inputs=(3,), outputs=1), RegressionObjective()
    stopped = train(model, objective, line, config=config, should_stop=lambda: "interrupted").snapshot
    assert stopped is not None
    place = {name: value for name, value in stopped.place.items() if name != "means"}
    earlier = Snapshot(stopped.arrays, {**place, "total": 0.5})
    with pytest.raises(ArtifactError, match="checkpoint of an earlier version\n  fix: start a new run"):
        train(model, objective, line, config=config, resume=earlier)
