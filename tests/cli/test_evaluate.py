from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest import CaptureFixture

import lamina
from lamina.cli.main import main


def test_json_has_rows_task_and_metrics(run: Path, animals: Path, capsys: CaptureFixture[str]):
    assert main(["evaluate", str(run), str(animals), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 150 and found["task"] == "multiclass"
    assert found["metrics"] == lamina.load(run).evaluate(str(animals))


def test_text_shows_intervals(run: Path, animals: Path, capsys: CaptureFixture[str]):
    assert main(["evaluate", str(run), str(animals)]) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head.strip() == "animals.csv (150 rows)" and " to " in first and first.startswith("accuracy")


def test_the_artifact_alone_will_do(run: Path, animals: Path):
    assert main(["evaluate", str(run / "network"), str(animals)]) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("weight,height\n1,2\n", "target column 'species' is absent"),
        ("weight,height,species\n1,2,wolf\n", "wolf"),
        ("", "empty"),
    ],
)
def test_what_is_wrong(content: str, message: str, run: Path, tmp_path: Path, capsys: CaptureFixture[str]):
    (tmp_path / "d.csv").write_text(content)
    assert main(["evaluate", str(run), "d.csv"]) == 2
    assert message in capsys.readouterr().err


def test_a_run_that_has_not_ended(tmp_path: Path, animals: Path, capsys: CaptureFixture[str]):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "config.toml").write_text("")
    assert main(["evaluate", "r", str(animals)]) == 2
    assert "the run has not ended" in capsys.readouterr().err


def test_an_altered_artifact(run: Path, tmp_path: Path, animals: Path, capsys: CaptureFixture[str]):
    import shutil

    shutil.copytree(run / "network", tmp_path / "n")
    weights = tmp_path / "n" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert main(["evaluate", "n", str(animals)]) == 2
    assert "its SHA-256 differs" in capsys.readouterr().err
