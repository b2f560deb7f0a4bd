from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from pytest import CaptureFixture

from lamina.cli.main import main
from lamina.network import FitConfig

QUICK = ["epochs=2", "size=8", "preset=fast", "--model", "mlp"]


def test_help_lists_every_key_with_default_meaning_and_range(capsys: CaptureFixture[str]):
    main(["fit", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for field in dataclasses.fields(FitConfig):
        assert f" {field.name}=" in text and field.metadata["meaning"] in text
        assert field.metadata["expected"] in text
    assert (
        "early_stopping=true" in text
        and "(true or false)" in text
        and "clip=none" in text
        and "lr=auto" in text
    )


def test_json_is_one_object_with_what_is_promised(
    animals: Path, capsys: CaptureFixture[str], no_report: None
):
    words = ["fit", str(animals), "--json", "--test", str(animals), "--seed", "3", *QUICK]
    assert main([*words, "--target", "species"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    promised = {
        "run",
        "task",
        "model",
        "parameters",
        "seed",
        "device",
        "epochs",
        "seconds",
        "compile_seconds",
    }
    assert promised | {"valid", "test"} <= set(found)
    assert (found["run"], found["task"], found["seed"], found["epochs"]) == (
        "runs/animals-mlp-1", "multiclass", 3, 2,
    )  # fmt: skip
    metrics = {"accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "ece"}
    assert set(found["valid"]) == set(found["test"]) == metrics
    assert "epoch 2/2" in shown.err and Path(found["run"]).is_dir()


def test_the_target_is_guessed_and_said(animals: Path, capsys: CaptureFixture[str], no_report: None):
    assert main(["fit", str(animals), *QUICK]) == 0
    text = capsys.readouterr().out
    assert "species: multiclass, 3 classes (target guessed" in text
    assert "column 'name': left out: identifier" in text


def test_several_targets_repeated_or_with_commas(
    tmp_path: Path, capsys: CaptureFixture[str], no_report: None
):
    rows = "\n".join(f"{i % 7},{i % 5},{i % 3}" for i in range(60))
    (tmp_path / "t.csv").write_text(f"a,b,c\n{rows}\n")
    for number, targets in enumerate((["--target", "b,c"], ["--target", "b", "--target", "c"])):
        words = ["fit", "t.csv", *targets, "--json", "--task", "regression", "--out", f"r{number}", *QUICK]
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["target"] == ["b", "c"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.csv"], "gone.csv: no such file"),
        (["DATA", "--target", "specis"], "target column 'specis' is absent (did you mean 'species'?)"),
        (["DATA", "epohcs=3"], "unknown key 'epohcs' (did you mean 'epochs'?)"),
        (["DATA", "epochs=many"], "epochs cannot be read; expected a whole number, got 'many'"),
        (["DATA", "epochs=-3"], "epochs is out of range; expected >= 0"),
        (["DATA", "--time-limit", "soon"], "time_limit cannot be read"),
        (["DATA", "--model", "mpl"], "unknown model 'mpl' (did you mean 'mlp'?)"),
        (["DATA", "--task", "clasification"], "task is out of range (did you mean 'classification'?)"),
        (["DATA", "target=species"], "target is an option: --target species"),
        (["DATA", "--out", "."], ".: already exists"),
        (["DATA", "--seed", "1", "seed=2"], "seed is given twice"),
        (["DATA", "monitor=auc"], "monitor is out of range; expected one of loss, accuracy, got 'auc'"),
    ],
)
def test_wrong_words_end_with_2_one_message_and_nothing_written(
    words: list[str], message: str, animals: Path, tmp_path: Path, capsys: CaptureFixture[str]
):
    (tmp_path / "mine").write_text("")
    assert main(["fit", *(str(animals) if word == "DATA" else word for word in words)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and shown.out == "" and "Traceback" not in shown.err
    assert [item.name for item in tmp_path.iterdir()] == ["mine"]
