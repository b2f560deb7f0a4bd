"""Disks without room: a run is refused before it starts, or stops with its last checkpoint whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.disks import SmallDisk

import lamina
from lamina.cli.main import main
from lamina.core import storage
from lamina.core.errors import ConfigError, RunError
from lamina.runs.resume import resume
from lamina.train.safeguard import budget
from lamina.train.safeguard.checkpoint import Checkpoints

KEYS = {"model": "mlp", "size": 8, "preset": "fast", "epochs": 4, "drop": "price", "checkpoint_every": "1"}
WORDS = [f"{name}={value}" for name, value in KEYS.items()]


@pytest.fixture(autouse=True)
def quick(no_report: None) -> None:
    pass


@pytest.fixture(scope="module")
def whole(houses: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that had room."""
    out = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
        lamina.fit(str(houses), target="sold", out=str(out), **KEYS)
    return out


def weights(run: Path) -> bytes:
    return (run / "network" / "model.safetensors").read_bytes()


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_python_s_door_refuses_what_the_disk_cannot_hold(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(budget, "free_mib", lambda path: 0.25)
    with pytest.raises(
        ConfigError, match=r"run does not fit on the disk; expected at most 0\.2 MiB, got 0\."
    ):
        lamina.fit(str(houses), target="sold", out=str(tmp_path / "run"), **KEYS)
    assert not list(tmp_path.iterdir())
    assert lamina.fit(str(houses), target="sold", **KEYS)  # nothing is written, so nothing is asked for


def test_the_command_refuses_what_the_disk_cannot_hold(
    houses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(budget, "free_mib", lambda path: 0.25)
    assert main(["fit", str(houses), "--target", "sold", "--out", str(tmp_path / "run"), *WORDS]) == 2
    assert "the run does not fit on the disk; expected at most 0.2 MiB, got 0." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.fixture(params=[0.3, 1.2, 1.9])
def small(
    request: pytest.FixtureRequest, tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], None]:
    """Make the disk full at some checkpoint; return what makes it large again."""
    kept = storage.disk
    room = sum((whole / name).stat().st_size for name in ("config.toml", "log.txt"))
    room += int(request.param * size(whole / "checkpoints"))
    monkeypatch.setattr(storage, "disk", SmallDisk(tmp_path, room))
    return lambda: monkeypatch.setattr(storage, "disk", kept)


def check_goes_on(run: Path, whole: Path, text: str) -> None:
    """What is left is whole, the way on is said, and leads to the end of the run that had room."""
    said: list[str] = []
    Checkpoints(run / "checkpoints").latest(warn=said.append)
    assert not said and not (run / "network").exists()
    assert "No space left on device" in text and f"to go on: lamina resume {run}" in text


def test_a_disk_that_gets_full_stops_python_s_run(
    houses: Path, tmp_path: Path, whole: Path, small: Callable[[], None]
):
    run = tmp_path / "run"
    with pytest.raises(RunError) as caught:
        lamina.fit(str(houses), target="sold", out=str(run), **KEYS)
    assert caught.value.exit_code == 3
    check_goes_on(run, whole, str(caught.value))
    small()
    assert resume(run) is not None
    assert weights(run) == weights(whole)


def test_a_disk_that_gets_full_stops_the_command(
    houses: Path,
    tmp_path: Path,
    whole: Path,
    small: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
):
    run = tmp_path / "run"
    assert main(["fit", str(houses), "--target", "sold", "--out", str(run), *WORDS]) == 3
    check_goes_on(run, whole, capsys.readouterr().err)
    small()
    assert main(["resume", str(run)]) == 0
    assert weights(run) == weights(whole)
