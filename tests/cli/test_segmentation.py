"""Masks by the command line: fit, predict to a folder, evaluate, check, and the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytest import CaptureFixture
from tests.tasks.segmentation.scenes import write_scenes

import lamina
from lamina.cli.main import main
from lamina.data.images.labels import labels_of

QUICK = ["size=4", "depth=1", "preset=fast"]


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that are wider than high."""
    return write_scenes(tmp_path_factory.mktemp("data") / "cells", width=40)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("data") / "spots", kind="classes")


@pytest.fixture(scope="module")
def instances(numbered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run with its report, of a network that finds something."""
    out = tmp_path_factory.mktemp("runs") / "cells"
    assert main(["fit", str(numbered), "--out", str(out), *QUICK, "epochs=12", "lr=0.01"]) == 0
    return out


@pytest.fixture(scope="module")
def classes(named: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "spots"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "lamina.runs.run.write_report", lambda folder, *_, **__: folder.report.write_text("page")
        )
        assert main(["fit", str(named), "--out", str(out), *QUICK, "epochs=2"]) == 0
    return out


@pytest.fixture(params=["instances", "classes"])
def trained(request: pytest.FixtureRequest) -> tuple[Path, Path, str]:
    """The run, its data, and what its masks hold."""
    data = {"instances": "numbered", "classes": "named"}[request.param]
    return request.getfixturevalue(request.param), request.getfixturevalue(data), request.param


def test_what_masks_hold_is_found_and_stored(trained: tuple[Path, Path, str]):
    run, _, kind = trained
    stored = json.loads((run / "network" / "schema.json").read_text())
    assert stored["target"]["kind"] == kind
    assert stored["target"]["values"] == ([] if kind == "instances" else [0, 255])


def test_a_png_for_each_row_and_a_list_of_them(trained: tuple[Path, Path, str], tmp_path: Path):
    run, data, kind = trained
    assert main(["predict", str(run), str(data / "images"), "--out", "masks"]) == 0
    with open("masks/predictions.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == [f"{data}/images/{n:02}.png" for n in range(24)]
    assert [row["mask"] for row in rows] == [f"{n:02}.png" for n in range(24)]
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [
        *(row["mask"] for row in rows),
        "MANIFEST.json",  # with the SHA-256 of each file
        "predictions.csv",
    ]
    found = [labels_of((tmp_path / "masks" / row["mask"]).read_bytes()) for row in rows]
    assert {mask.shape for mask in found} == {np.asarray(Image.open(data / "images" / "00.png")).shape}
    if kind == "classes":
        assert set(np.unique(found)) <= {0, 255}
    else:
        for mask in found:
            assert sorted(set(np.unique(mask)) | {0}) == list(range(mask.max() + 1))
    assert (np.stack(found) == lamina.load(run).predict(str(data / "images"))).all()


def test_data_with_masks_are_predicted_too(trained: tuple[Path, Path, str], tmp_path: Path):
    run, data, _ = trained
    for source, out in ((data, "one"), (data / "images", "two")):
        assert main(["predict", str(run), str(source), "--out", out]) == 0
    for number in range(24):
        one, two = ((tmp_path / out / f"{number:02}.png").read_bytes() for out in ("one", "two"))
        assert one == two


@pytest.mark.parametrize("place", [[], ["--out", "masks.csv"], ["--out", "masks.parquet"]])
def test_predictions_that_are_files_need_a_folder(
    classes: Path, named: Path, place: list[str], tmp_path: Path, capsys: CaptureFixture[str]
):
    assert main(["predict", str(classes), str(named / "images"), *place]) == 2
    shown = capsys.readouterr()
    assert "segment predicts a mask, and the predictions are files" in shown.err
    assert "fix: give a new folder for them: --out predictions" in shown.err
    assert shown.out == "" and not list(tmp_path.iterdir())


def test_nothing_is_overwritten(classes: Path, named: Path, tmp_path: Path, capsys: CaptureFixture[str]):
    (tmp_path / "masks").mkdir()
    assert main(["predict", str(classes), str(named / "images"), "--out", "masks"]) == 2
    assert "already exists, and nothing is overwritten" in capsys.readouterr().err
    assert not list((tmp_path / "masks").iterdir())
    assert main(["predict", str(classes), str(named / "images"), "--out", "gone/masks"]) == 2
    assert "its folder does not exist" in capsys.readouterr().err


def test_masks_have_no_probabilities(classes: Path, named: Path, capsys: CaptureFixture[str]):
    assert main(["predict", str(classes), str(named / "images"), "--out", "masks", "--proba"]) == 2
    assert "segment has no probabilities" in capsys.readouterr().err


def test_evaluate_is_that_of_the_network(trained: tuple[Path, Path, str], capsys: CaptureFixture[str]):
    run, data, kind = trained
    assert main(["evaluate", str(run), str(data), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 24 and found["task"] == "segment"
    assert found["metrics"] == lamina.load(run).evaluate(str(data))
    names = ("ap50", "ap75", "iou", "dice") if kind == "instances" else ("iou", "dice", "pixel_accuracy")
    assert tuple(found["metrics"]) == names == tuple(found["intervals"])


def test_evaluate_needs_masks(classes: Path, named: Path, capsys: CaptureFixture[str]):
    assert main(["evaluate", str(classes), str(named / "images")]) == 2
    assert "target column 'mask' is absent" in capsys.readouterr().err


def test_the_report_shows_masks(instances: Path):
    page = (instances / "report.html").read_text()
    assert "Predicted masks. 5 images with their masks." in page
    assert "predicted and true areas share" in page and "Of all instances, found, missed or invented" in page
    assert (instances / "figures" / "masks.png").is_file()


def test_a_model_that_is_not_dense(named: Path, capsys: CaptureFixture[str]):
    assert main(["fit", str(named), "--model", "airbench", "--out", "r"]) == 2
    said = capsys.readouterr().err
    assert "model 'airbench' is not for the task segment" in said and "expected one of unet" in said
    assert not Path("r").exists()


def test_check_says_the_task(named: Path, capsys: CaptureFixture[str]):
    assert main(["check", str(named)]) == 0
    shown = capsys.readouterr().out
    assert "task: segment, target 'mask'" in shown and "inputs: 1 image" in shown


@pytest.mark.parametrize("word", ["mixup", "randaugment"])
def test_what_masks_cannot_follow_is_refused_before_there_is_a_run(
    word: str, named: Path, tmp_path: Path, capsys: CaptureFixture[str]
):
    out = tmp_path / "run"
    assert main(["fit", str(named), "--out", str(out), *QUICK, f"augment={word}"]) == 2
    assert f"'{word}' is not for targets of every pixel" in capsys.readouterr().err
    assert not out.exists()
