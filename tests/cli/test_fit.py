from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest import CaptureFixture

import lamina
from lamina.cli.main import main
from lamina.core.module import Module
from lamina.network.keys import declared_keys
from lamina.train.loop.result import TrainResult

QUICK = ["epochs=2", "size=8", "preset=fast", "--model", "mlp"]


def test_help_lists_every_key_with_default_meaning_and_range(capsys: CaptureFixture[str]):
    main(["fit", "--help"])
    lines = capsys.readouterr().out.splitlines()
    text = " ".join(" ".join(lines).split())
    for owner, keys in declared_keys().items():
        start = lines.index(f"{owner}:") + 1
        section = " ".join(" ".join(lines[start : [*lines, ""].index("", start)]).split())
        for key in keys:
            assert f" {key.field.name}=" in f" {section}" and key.field.metadata["expected"] in section
            assert key.field.metadata["meaning"] in section or key.field.name == "size"
    for word in ("early_stopping=true", "(true or false)", "clip=none", "lr=auto", "depth=auto"):
        assert word in text
    assert "patch=auto side of a patch in pixels (> 0): convnext, dit, masked-autoencoder, vit" in text


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
        (
            ["DATA", "--task", "clasification"],
            "unknown task 'clasification' (did you mean 'classification'?)",
        ),
        (["DATA", "loss=l0"], "loss is out of range; expected one of cross_entropy, focal, perceptron"),
        (
            ["DATA", "patch=4"],
            "key 'patch' belongs to model=convnext and 3 more; this run's model is",
        ),
        (
            ["DATA", "patch=4", "--model", "mlp"],
            "key 'patch' belongs to model=convnext and 3 more; this run's mo",
        ),
        (
            ["DATA", "quantiles=0.1,0.5", "--target", "species"],
            "key 'quantiles' belongs to task=regression and 1 more; this run is multiclass (target",
        ),
        (["DATA", "image_size=64"], "key 'image_size' belongs to image inputs; this run is multiclass (targ"),
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


OPTIONS = {
    "patch": ("vit", "4"),
    "registers": ("vit", "2"),
    "pool": ("vit", "mean"),
    "stem": ("resnet", "small"),
    "width": ("vgg", "4"),
    "hidden": ("vgg", "16"),
    "norm": ("vgg", "batch"),
    "drop_path": ("convnext", "0.1"),
    "blocks": ("mobilenet", "1"),
}
SMALLEST = {
    "vit": ["size=1", "depth=1"],
    "resnet": ["size=8"],
    "vgg": ["size=11", "width=4", "hidden=16"],
    "convnext": ["size=4", "depth=1"],
    "mobilenet": ["size=4"],
}


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave training out: compiling a large network takes longer than the rest of its run."""

    def train(model: Module, *args: Any, **keys: Any) -> TrainResult:
        return TrainResult(model, {}, 1, 1, 1, seconds=0.0, compile_seconds=0.0, skipped=0, ended="epochs")

    monkeypatch.setattr(sys.modules["lamina.network.fit"], "train", train)


@pytest.mark.parametrize("option", OPTIONS)
def test_options_that_describe_prints_are_taken_by_fit(
    option: str, tmp_path: Path, capsys: CaptureFixture[str], no_report: None, untrained: None
):
    model, value = OPTIONS[option]
    assert main(["describe", model, "--json"]) == 0
    assert option in json.loads(capsys.readouterr().out)["options"]
    x = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "shapes.npz", x=x, y=np.arange(12) % 2)
    words = ["fit", "shapes.npz", "--model", model, f"{option}={value}", *SMALLEST[model], "valid=0"]
    assert main([*words, "--out", "run"]) == 0
    stored = lamina.load("run").options[option]
    assert str(stored) == value and f"\n{option} = " in Path("run/config.toml").read_text()
