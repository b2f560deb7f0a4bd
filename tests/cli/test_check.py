from __future__ import annotations

import json
from pathlib import Path

from pytest import CaptureFixture

from lamina.cli.main import main


def test_good_data(animals: Path, capsys: CaptureFixture[str]):
    assert main(["check", str(animals), "--target", "species"]) == 0
    text = capsys.readouterr().out
    assert "task: multiclass, target 'species'" in text and "keep=" in text


def test_json_is_the_audit(animals: Path, capsys: CaptureFixture[str]):
    assert main(["check", str(animals), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] and found["rows"] == 150 and found["schema"]["targets"] == ["species"]


def test_data_that_cannot_be_learned_from(tmp_path: Path, capsys: CaptureFixture[str]):
    (tmp_path / "one.csv").write_text("a,y\n" + "1,same\n2,same\n" * 15)
    assert main(["check", "one.csv", "--target", "y", "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out)["ok"] is False and "one.csv: cannot be learned from, " in shown.err


def test_keys_of_the_audit_as_in_fit(animals: Path, tmp_path: Path, capsys: CaptureFixture[str]):
    assert main(["check", str(animals), "--target", "species", 'keep=["name"]', "valid=0.5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "name" in [column["name"] for column in found["schema"]["inputs"]]
    assert main(["check", str(animals), "epochs=3"]) == 2
    assert "unknown key 'epochs'" in capsys.readouterr().err
    (tmp_path / "test.csv").write_text("weight,height,species\n1,2,wolf\n")
    assert main(["check", str(animals), "--test", "test.csv", "--target", "species"]) == 2
    assert "wolf" in capsys.readouterr().out


def test_nothing_is_written(animals: Path, tmp_path: Path):
    main(["check", str(animals)])
    assert not list(tmp_path.iterdir())
