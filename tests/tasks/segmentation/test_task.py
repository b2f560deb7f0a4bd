"""Segmentation from a folder to masks in files: one training of each kind, which the tests look at."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.tasks.segmentation.scenes import mask_of, replace_mask, write_scenes

import lamina
from lamina.core.errors import ConfigError, DataError
from lamina.data import read
from lamina.data.images.labels import labels_of
from lamina.modalities import Learned
from lamina.modalities.image.encoder import ImageEncoder
from lamina.network import Network
from lamina.objectives import InstanceObjective, SegmentationObjective
from lamina.runs.resume import resume
from lamina.runs.start import start_run
from lamina.tasks.segmentation.targets import ClassMaskTarget, InstanceTarget
from lamina.tasks.segmentation.task import SegmentTask
from lamina.train.loop.callbacks import Callback

QUICK: dict[str, Any] = {"size": 4, "depth": 1, "epochs": 3, "seed": 0}


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("numbered") / "scenes")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("named") / "scenes", kind="classes")


@pytest.fixture(scope="module")
def instances(numbered: Path) -> Network:
    return lamina.fit(numbered, **{**QUICK, "epochs": 30, "lr": 0.01})


@pytest.fixture(scope="module")
def classes(named: Path) -> Network:
    return lamina.fit(named, **QUICK)


# --- instances or classes ------------------------------------------------------------------------


def test_numbers_are_instances_and_two_levels_are_classes(instances: Network, classes: Network):
    assert instances.task.name == classes.task.name == "segment"
    assert isinstance(instances.target, InstanceTarget) and isinstance(instances.objective, InstanceObjective)
    assert isinstance(classes.target, ClassMaskTarget) and classes.target.labels == (0, 255)
    assert isinstance(classes.objective, SegmentationObjective) and classes.objective.classes == 2
    assert (instances.model_name, classes.model_name) == ("unet", "unet")
    assert set(instances.info.valid) == {"ap50", "ap75", "iou", "dice"}
    assert set(classes.info.valid) == {"iou", "dice", "pixel_accuracy"}


def test_it_learns_bright_disks(instances: Network, numbered: Path):
    assert instances.evaluate(numbered)["iou"] > 0.8 and instances.evaluate(numbered)["ap50"] > 0.5


def fitted(folder: Path, **keys: Any) -> Any:
    """The target alone, as training would fit it to all rows."""
    table, task = read(folder), SegmentTask()
    schema = lamina.check(folder).schema
    assert schema is not None
    encoder = ImageEncoder.fit(table, "image", image_size=keys.pop("image_size", None))
    return task.fit(Learned(table, schema, encoder, np.arange(table.height)), task.keys(**keys))


def test_who_knows_better_says_so(numbered: Path, named: Path):
    assert isinstance(fitted(numbered), InstanceTarget)
    target = fitted(numbered, instances=False)
    assert isinstance(target, ClassMaskTarget) and target.labels[:4] == (0, 1, 2, 3)
    assert isinstance(fitted(named, instances=True), InstanceTarget)


def test_instances_are_told_in_the_masks_as_they_were_given(tmp_path: Path):
    """Scaled down, the smallest instances vanish, and with them the numbers without gaps."""
    folder = write_scenes(tmp_path / "scenes", 8)
    for number in range(8):
        mask = mask_of(folder, number).copy()
        mask[mask == 1] = 0
        mask[1, 1] = 1
        replace_mask(folder, number, mask)
    found = fitted(folder, image_size=8)
    assert isinstance(found, InstanceTarget) and (found.height, found.width) == (8, 8)


def test_more_labels_than_classes_can_be(tmp_path: Path):
    folder = write_scenes(tmp_path / "scenes", 4)
    for number in range(4):
        replace_mask(folder, number, np.arange(1024, dtype=np.uint16).reshape(32, 32) * 2)
    with pytest.raises(DataError, match="1,024 different labels in the masks") as caught:
        fitted(folder)
    assert caught.value.expected == "at most 256 classes" and "set instances=true" in str(caught.value.fix)


# --- predictions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["instances", "classes"])
def test_masks_in_files_are_the_predictions(kind: str, request: pytest.FixtureRequest):
    network = request.getfixturevalue(kind)
    folder = request.getfixturevalue("numbered" if kind == "instances" else "named")
    found = network.prediction(folder / "images")
    assert found.columns["mask"].tolist() == [f"{n:02}.png" for n in range(24)] == list(found.files)
    assert found.columns["image"].tolist() == [f"{folder}/images/{n:02}.png" for n in range(24)]
    masks = network.predict(folder / "images")
    assert masks.shape == (24, 32, 32) and masks.dtype == np.int32
    if kind == "classes":
        assert set(np.unique(masks)) <= {0, 255}
    for mask, content in zip(masks, found.files.values(), strict=True):
        assert (labels_of(content) == mask).all() and Image.open(io.BytesIO(content)).format == "PNG"


def test_a_mask_is_as_large_as_its_image(instances: Network, numbered: Path, tmp_path: Path):
    sizes = [(32, 32), (64, 64), (32, 48), (50, 20), (16, 16)]
    image = Image.open(numbered / "images" / "00.png")
    for number, (height, width) in enumerate(sizes):
        image.resize((width, height)).save(tmp_path / f"{number}.png")
    files = instances.prediction(tmp_path).files
    assert [labels_of(content).shape for content in files.values()] == sizes
    large = labels_of(files["1.png"])
    assert (large[::2, ::2] == labels_of(files["0.png"])).mean() > 0.9


def test_images_of_one_name_have_masks_of_two(instances: Network, numbered: Path, tmp_path: Path):
    lines = ["image"]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes((numbered / "images" / "00.png").read_bytes())
        lines.append(f"{name}/x.png")
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\n")
    found = instances.prediction(tmp_path / "list.csv")
    assert list(found.files) == ["x.png", "x-2.png"] == found.columns["mask"].tolist()


def test_images_in_memory_are_numbered(instances: Network, numbered: Path):
    array = np.stack([np.asarray(Image.open(numbered / "images" / f"{n:02}.png")) for n in range(2)])
    found = instances.prediction(array)
    assert list(found.files) == ["000000.png", "000001.png"] and found.columns["image"].tolist() == ["", ""]
    assert (instances.predict(array) == instances.predict(numbered / "images")[:2]).all()


@pytest.mark.parametrize("kind", ["instances", "classes"])
def test_saved_and_loaded_it_gives_the_same(kind: str, request: pytest.FixtureRequest, tmp_path: Path):
    network: Network = request.getfixturevalue(kind)
    folder = request.getfixturevalue("numbered" if kind == "instances" else "named")
    network.save(tmp_path / "net")
    again = lamina.load(tmp_path / "net")
    assert (again.predict(folder) == network.predict(folder)).all()
    assert again.target.to_json() == network.target.to_json()
    assert again.evaluate(folder) == network.evaluate(folder)


# --- what is refused -----------------------------------------------------------------------------


def test_a_label_in_test_masks_that_training_never_saw(classes: Network, tmp_path: Path):
    folder = write_scenes(tmp_path / "scenes", 3, kind="classes")
    mask = mask_of(folder, 1).copy()
    mask[0, 0] = 77
    path = replace_mask(folder, 1, mask)
    with pytest.raises(DataError, match="label that training never saw in a mask") as caught:
        classes.evaluate(folder)
    assert caught.value.received == 77 and caught.value.expected == "some of 0, 255"
    assert path.name in str(caught.value.where)


def test_a_label_of_the_test_part_is_refused_before_training(tmp_path: Path):
    for part in ("train", "test"):
        write_scenes(tmp_path / part, 4, kind="classes")
    mask = mask_of(tmp_path / "test", 1).copy()
    mask[0, 0] = 77
    replace_mask(tmp_path / "test", 1, mask)
    table, task = read(tmp_path), SegmentTask()
    schema = lamina.check(tmp_path).schema
    assert schema is not None
    rows = np.flatnonzero([table.column("split").value(row) == "train" for row in range(8)])
    encoder = ImageEncoder.fit(table, "image", rows=rows)
    with pytest.raises(DataError, match="label that training never saw in a mask"):
        task.fit(Learned(table, schema, encoder, rows), task.keys())


@pytest.mark.parametrize("model", ["airbench", "resnet"])
def test_a_model_that_gives_one_output_an_image(named: Path, model: str):
    said = f"model '{model}' is not for the task segment, which wants one output for every position"
    with pytest.raises(ConfigError, match=said) as caught:
        lamina.fit(named, model=model, epochs=1)
    assert caught.value.expected == "one of unet"


def test_a_model_for_pixels_where_there_is_one_output_an_image():
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 12, 1)).astype(np.uint8)
    with pytest.raises(ConfigError, match="model 'unet' is not for the task binary") as caught:
        lamina.fit(images, np.arange(40) % 2, model="unet", epochs=1)
    assert "airbench" in str(caught.value.expected) and "unet" not in str(caught.value.expected)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"augment": "mixup"}, "'mixup' is not for targets of every pixel"),
        ({"augment": "flip,randaugment"}, "'randaugment' is not for targets of every pixel"),
        ({"test_time_augmentation": "flip"}, "test_time_augmentation averages predictions of whole images"),
        ({"instances": "perhaps"}, "instances"),
        ({"quantiles": "0.5"}, "key 'quantiles' belongs to task=regression"),
    ],
)
def test_keys_that_do_not_suit(named: Path, keys: dict[str, str], said: str):
    with pytest.raises(ConfigError, match=said):
        lamina.fit(named, **QUICK, **keys)


# --- runs ----------------------------------------------------------------------------------------


class Killed(BaseException):
    """What kill -9 looks like to the files: nothing more is written."""


class At(Callback):
    """Do something at one chunk."""

    def __init__(self, chunk: int, action: Callable[[], Any]):
        self.chunk, self.action, self.seen = chunk, action, 0

    def on_chunk_end(self, step: int, run: Any) -> None:
        self.seen += 1
        if self.seen == self.chunk:
            self.action()


def killed() -> None:
    raise Killed


def test_a_killed_run_ends_with_the_same_bytes(
    numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lamina.runs.run.write_report", lambda *args, **keys: None)
    keys = {**QUICK, "checkpoint_every": "1", "chunk": 2}
    start_run(read(str(numbered)), target="mask", keys=keys, out=tmp_path / "whole")
    with pytest.raises(Killed):
        start_run(
            read(str(numbered)), target="mask", keys=keys, out=tmp_path / "run", callbacks=[At(5, killed)]
        )
    assert list((tmp_path / "run" / "checkpoints").iterdir()) and not (tmp_path / "run" / "network").exists()
    assert resume(tmp_path / "run") is not None
    for name in ("model.safetensors", "schema.json"):
        one, other = ((tmp_path / run / "network" / name).read_bytes() for run in ("whole", "run"))
        assert one == other
