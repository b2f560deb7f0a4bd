from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from lamina.core.errors import ArtifactError, ConfigError, DataError, Interrupted, RunLockedError
from lamina.data.source import read
from lamina.runs.folder import RunFolder
from lamina.runs.resume import resume
from lamina.runs.run import Finished
from lamina.runs.start import start_run
from lamina.train.loop.callbacks import Callback

KEYS = {"model": "mlp", "size": 8, "preset": "fast", "epochs": 6, "drop": "price", "dropout": 0.2, "chunk": 2}


class At(Callback):
    """Do something at one chunk of one network."""

    def __init__(self, chunk: int, action: Any):
        self.chunk, self.action, self.seen = chunk, action, 0

    def on_chunk_end(self, step: int, run: Any) -> None:
        self.seen += 1
        if self.seen == self.chunk:
            self.action()


class Killed(BaseException):
    """What kill -9 looks like to the files: nothing more is written."""


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def kill() -> None:
    raise Killed


def start(houses: Path, out: Path, *, at: int, action: Any, keys: dict | None = None) -> Any:
    return start_run(
        read(str(houses)), target="sold", keys=keys or KEYS, out=out, callbacks=[At(at, action)] if at else []
    )


@pytest.fixture(autouse=True)
def quick(no_report: None) -> None:
    pass


@pytest.fixture(scope="module")
def whole(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that was never stopped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
        return start(houses, tmp_path_factory.mktemp("whole") / "run", at=0, action=None).folder


@pytest.fixture
def interrupted(houses: Path, tmp_path: Path) -> Path:
    with pytest.raises(Interrupted):
        start(houses, tmp_path / "run", at=7, action=terminate)
    return tmp_path / "run"


def same_network(first: Path, second: Path) -> bool:
    files = ("model.safetensors", "schema.json")
    return all((first / "network" / f).read_bytes() == (second / "network" / f).read_bytes() for f in files)


@pytest.mark.parametrize("chunk", [1, 4, 9])
def test_an_interrupted_run_ends_with_the_same_bytes(houses: Path, tmp_path: Path, whole: Path, chunk: int):
    out = tmp_path / "run"
    with pytest.raises(Interrupted, match="interrupted; the checkpoint is written") as caught:
        start(houses, out, at=chunk, action=terminate)
    assert caught.value.fix == f"lamina resume {out}" and caught.value.exit_code == 130
    assert not (out / "network").exists() and list((out / "checkpoints").iterdir())
    assert isinstance(resume(out), Finished)
    assert same_network(out, whole)
    columns = [line.rpartition(",")[0] for line in (out / "metrics.csv").read_text().splitlines()]
    assert columns == [line.rpartition(",")[0] for line in (whole / "metrics.csv").read_text().splitlines()]


@pytest.mark.parametrize(("every", "chunk"), [("1", 8), ("60s", 8), ("2", 17)])
def test_a_killed_run_ends_with_the_same_bytes(
    houses: Path, tmp_path: Path, whole: Path, every: str, chunk: int
):
    """Before the first checkpoint it begins anew, else it goes on from the last one."""
    with pytest.raises(Killed):
        start(houses, tmp_path / "run", at=chunk, action=kill, keys={**KEYS, "checkpoint_every": every})
    assert resume(tmp_path / "run") is not None
    assert same_network(tmp_path / "run", whole)


def test_a_run_of_several_networks_goes_on_in_the_right_one(houses: Path, tmp_path: Path):
    keys = {**KEYS, "folds": 2, "epochs": 3}
    start(houses, tmp_path / "whole", at=0, action=None, keys=keys)
    with pytest.raises(Interrupted):
        start(houses, tmp_path / "run", at=11, action=terminate, keys=keys)
    assert "2,1," in (tmp_path / "run" / "metrics.csv").read_text()
    assert resume(tmp_path / "run") is not None
    assert same_network(tmp_path / "run", tmp_path / "whole")
    rows = [line.split(",")[:2] for line in (tmp_path / "run" / "metrics.csv").read_text().splitlines()]
    assert rows[1:] == [["1", "1"], ["1", "2"], ["1", "3"], ["2", "1"], ["2", "2"], ["2", "3"]]


def test_a_run_that_has_ended_is_left_alone(finished: Finished):
    before = {path: path.stat().st_mtime_ns for path in finished.folder.glob("network/*")}
    assert resume(finished.folder) is None
    assert before == {path: path.stat().st_mtime_ns for path in finished.folder.glob("network/*")}


def test_a_killed_report_is_made_up_for(interrupted: Path, whole: Path):
    resume(interrupted)
    assert resume(interrupted) is not None  # there is no report yet: it ends once more
    (interrupted / "report.html").write_text("a page")
    assert resume(interrupted) is None
    assert same_network(interrupted, whole)


def test_a_key_that_was_settled_by_trying_is_no_edit(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tried = ({"dropout": 0.0}, {"dropout": 0.1})
    monkeypatch.setattr(sys.modules["lamina.modalities.table.choose"], "variants", lambda *args: tried)
    keys = {"model": "mlp", "size": 4, "preset": "fast", "epochs": 1, "drop": "sold"}
    done = start_run(read(str(houses)), target="price", keys=keys, out=tmp_path / "run")
    trials = done.fitted.network.info.trials
    assert [trial["dropout"] for trial in trials] == [0.0, 0.1]
    chosen = next(trial["dropout"] for trial in trials if trial["chosen"])
    assert f"dropout = {chosen} " in (tmp_path / "run" / "config.toml").read_text()
    weights = (done.folder / "network" / "model.safetensors").read_bytes()
    assert resume(done.folder) is not None  # as if it had been killed before its report
    assert (done.folder / "network" / "model.safetensors").read_bytes() == weights


def test_what_cannot_go_on_says_why(interrupted: Path, houses: Path, tmp_path: Path):
    config = interrupted / "config.toml"
    text = config.read_text()
    config.write_text(text.replace("momentum = 0.9", "momentum = 0.8", 1))
    with pytest.raises(ConfigError, match="the key momentum is not that of the run"):
        resume(interrupted)
    config.write_text(text.replace(str(houses), str(houses.parent / "gone.csv")))
    with pytest.raises(DataError, match=r"gone\.csv: no such file"):
        resume(interrupted)
    changed = tmp_path / "houses.csv"
    changed.write_text(houses.read_text() + "1,2,flat,3,yes\n")
    config.write_text(text.replace(str(houses), str(changed)))
    with pytest.raises(DataError, match="changed since the run began"):
        resume(interrupted)


def test_a_given_key_that_was_edited_is_refused(interrupted: Path):
    config = interrupted / "config.toml"
    head, given, tail = config.read_text().partition("[given]")
    config.write_text(head + given + tail.replace("epochs = 6", "epochs = 7", 1))
    with pytest.raises(ConfigError, match="the key epochs is not that of the run"):
        resume(interrupted)
    config.write_text(
        head.replace("epochs = 6", "epochs = 7", 1) + given + tail.replace("epochs = 6", "epochs = 7")
    )
    with pytest.raises(ConfigError, match="changed since the checkpoint"):
        resume(interrupted)


@pytest.mark.parametrize(
    ("name", "written", "edited"),
    [
        ("lr", "lr = 0.003", "lr = 0.004"),  # of training
        ("valid", "valid = 0.2", "valid = 0.3"),  # of the split
        ("drop", 'drop = ["price"]', "drop = []"),  # of the roles
        ("label_smoothing", "label_smoothing = 0.0", "label_smoothing = 0.1"),  # of the task
        ("numeric", 'numeric = "quantile"', 'numeric = "standard"'),  # of the inputs
        ("dropout", "dropout = 0.2", "dropout = 0.3"),  # of the model
        ("folds", "folds = 1", "folds = 2"),  # of the run
        ("activation", "activation", "aktivation"),
    ],
)
def test_an_edited_key_of_any_owner_is_refused(interrupted: Path, name: str, written: str, edited: str):
    config = interrupted / "config.toml"
    text = config.read_text()
    assert written in text
    config.write_text(text.replace(written, edited, 1))
    with pytest.raises(ConfigError, match=f"the key {name} is not that of the run"):
        resume(interrupted)


def test_a_key_of_somebody_else_that_was_written_in_is_refused(interrupted: Path):
    config = interrupted / "config.toml"
    config.write_text(config.read_text().replace("[given]", "[given]\nquantiles = [0.5]", 1))
    said = r"key 'quantiles' belongs to task=regression and 1 more; this run is binary \(target 'sold'\) by m"
    with pytest.raises(ConfigError, match=said):
        resume(interrupted)


def test_data_from_memory_cannot_be_read_again(tmp_path: Path):
    table = read({"x": [0.0, 1.0, 2.0, 3.0] * 20, "y": ["a", "b"] * 40})
    with pytest.raises(Interrupted) as caught:
        keys = {"model": "mlp", "epochs": 50, "preset": "fast"}
        start_run(table, target="y", keys=keys, out=tmp_path / "run", callbacks=[At(1, terminate)])
    assert "begin anew" in str(caught.value)
    with pytest.raises(DataError, match="came from memory or standard input"):
        resume(tmp_path / "run")


def test_a_damaged_checkpoint_is_passed_over(interrupted: Path, whole: Path):
    newest = max((interrupted / "checkpoints").iterdir())
    (newest / "state.safetensors").write_bytes(b"cut short")
    assert resume(interrupted) is not None
    assert "warning: checkpoint passed over" in (interrupted / "log.txt").read_text()
    assert same_network(interrupted, whole)


def test_a_run_in_use_is_refused(interrupted: Path):
    with RunFolder(interrupted), pytest.raises(RunLockedError, match="in use by another process"):
        resume(interrupted)


def test_a_run_that_was_moved_goes_on(interrupted: Path, tmp_path: Path, whole: Path):
    shutil.move(interrupted, tmp_path / "elsewhere")
    assert resume(tmp_path / "elsewhere") is not None
    assert same_network(tmp_path / "elsewhere", whole)


def test_no_run_at_all(tmp_path: Path):
    with pytest.raises(ArtifactError, match="not a run folder"):
        resume(tmp_path)
    assert not list(tmp_path.iterdir())


def test_rare_classes_and_forms_are_decided_again_alike(tmp_path: Path):
    lines = [
        "size,price,kind",
        *(f'{i * 7 % 50 + 0.5},"${i * 13 % 90 + 950:,}",{"ab"[i % 2]}' for i in range(80)),
    ]
    path = tmp_path / "kinds.csv"
    path.write_text("\n".join([*lines, "3,$950,c", "4,$960,d"]) + "\n")
    keys = {"model": "mlp", "size": 8, "preset": "fast", "epochs": 6, "chunk": 2, "rare": "merge"}
    for out, at in ((tmp_path / "whole", 0), (tmp_path / "run", 2)):
        callbacks = [At(at, terminate)] if at else []
        with pytest.raises(Interrupted) if at else contextlib.nullcontext():
            start_run(read(str(path)), target="kind", keys=keys, out=out, callbacks=callbacks)
    assert isinstance(resume(tmp_path / "run"), Finished)
    assert same_network(tmp_path / "run", tmp_path / "whole")
    stored = (tmp_path / "run" / "network" / "schema.json").read_text()
    assert '"(rare)"' in stored and "1,234.5 $" in stored
