from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pytest import CaptureFixture

from lamina.cli.main import main
from lamina.models import MODELS
from lamina.runs.lock import Lock


def test_a_run(run: Path, capsys: CaptureFixture[str]):
    assert main(["describe", str(run)]) == 0
    text = capsys.readouterr().out
    assert "multiclass: species" in text and "cat, dog, großer Uhu" in text and "valid (30 rows)" in text
    assert "name (" in text.partition("left out")[2] and max(map(len, text.splitlines())) <= 100
    assert main(["describe", str(run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == ["cat", "dog", "großer Uhu"] and found["config"]["size"] == 8
    assert found["inputs"] == {"weight": "numeric", "height": "numeric"}


@pytest.mark.parametrize("name", MODELS)
def test_every_model(name: str, capsys: CaptureFixture[str]):
    assert main(["describe", name]) == 0
    text = capsys.readouterr().out
    assert name in text and MODELS[name].dial in text
    assert main(["describe", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == MODELS[name].size


def test_a_run_without_a_network(run: Path, tmp_path: Path, capsys: CaptureFixture[str]):
    shutil.copytree(run, tmp_path / "r")
    shutil.rmtree(tmp_path / "r" / "network")
    assert main(["describe", "r"]) == 0
    text = capsys.readouterr().out
    assert "stopped before its end" in text and "2 of 2" in text and "lamina resume r" in text
    lock = Lock(tmp_path / "r" / "log.txt")
    assert main(["describe", "r", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "running"
    lock.release()
    (tmp_path / "r" / "metrics.csv").unlink()
    assert main(["describe", "r"]) == 0


def test_neither_run_nor_model(tmp_path: Path, capsys: CaptureFixture[str]):
    assert main(["describe", "tabn"]) == 2
    assert "neither a run nor a model is called 'tabn' (did you mean 'tabm'?)" in capsys.readouterr().err
    assert main(["describe", str(tmp_path)]) == 2
    assert "not a saved network" in capsys.readouterr().err


def test_models(capsys: CaptureFixture[str]):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in MODELS)
    assert main(["models", "tabm*", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["models"]) == {"tabm", "tabm-mini"}
    assert main(["models", "resnet-tabula"]) == 2
    assert "no model is called 'resnet-tabula' (did you mean 'resnet-tabular'?)" in capsys.readouterr().err
