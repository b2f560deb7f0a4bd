"""Folders of images: the layouts that are understood, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import CellTable, read, split_rows
from lamina.modalities.blocks import as_learned
from lamina.modalities.image.encoder import ImageEncoder
from lamina.tasks.audit import check

ENDINGS = ".png .jpg .jpeg .jfif .webp .tif .tiff .bmp .gif"


def draw(*paths: Path) -> None:
    """Write a small image to each path, each a different one."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = abs(hash(str(path))) % 2**32
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)


def classes(root: Path, count: int = 3, names=("cat", "dog")) -> None:
    draw(*(root / name / f"{i}.png" for name in names for i in range(count)))


def labels(table) -> list:
    column = table.labels("label")
    return [column.value(row) for row in range(table.height)]


def test_a_folder_for_each_class(tmp_path):
    classes(tmp_path)
    draw(tmp_path / "dog" / "deeper" / "x.PNG")
    for name in (".DS_Store", "cat/.hidden.png", "dog/Thumbs.db", "__MACOSX/cat/1.png", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    table = read(tmp_path)
    assert isinstance(table, CellTable)
    assert table.names == ("image", "label") and table.height == 7
    assert labels(table) == ["cat"] * 3 + ["dog"] * 4
    assert table.where(0, "label") == f"{tmp_path}/cat/0.png, column 'label'"
    assert table.take(np.array([6])).where(0) == f"{tmp_path}/dog/deeper/x.PNG"
    assert table.column("image").value(1) == f"{tmp_path}/cat/1.png"
    assert table.remarks == (f"passed over, as no images: {tmp_path}/README.md",)
    schema = schema_of(table, "label")
    assert [(c.name, c.kind, c.detail) for c in schema.inputs] == [("image", "image", "8x8x3")]
    assert (schema.task, schema.dropped, schema.split) == ("binary", (), None)
    assert read(str(tmp_path) + os.sep).height == 7


@pytest.mark.parametrize(
    "words", [("train", "val", "test"), ("Training", "valid", "testing"), ("train", "dev")]
)
def test_parts_above_the_classes(tmp_path, words):
    for word in words:
        classes(tmp_path / word, 4 if word.lower().startswith("train") else 2)
    table = read(tmp_path)
    schema = schema_of(table, "label")
    assert schema.split == "split"
    parts = split_rows(table, schema, seed=0)
    assert (len(parts.train), len(parts.valid), len(parts.test)) == (8, 4, 4 if len(words) == 3 else 0)


def test_test_images_without_labels_are_left_out(tmp_path):
    classes(tmp_path / "train", 30)
    draw(*(tmp_path / "test" / f"{i}.png" for i in range(3)))
    table = read(tmp_path)
    assert table.labels("label").missing().sum() == 3
    parts = split_rows(table, schema_of(table, "label"), seed=0)
    assert len(parts.test) == 0 and len(parts.train) + len(parts.valid) == 60
    warned = check(tmp_path).warnings
    assert [w.message for w in warned] == ["the target is missing in 3 of 63 rows; they are left out"]


def test_a_class_of_trains(tmp_path):
    classes(tmp_path, names=("bus", "car", "train"))
    assert labels(read(tmp_path)) == ["bus"] * 3 + ["car"] * 3 + ["train"] * 3


def test_folders_named_by_numbers_are_classes(tmp_path):
    classes(tmp_path, 2, [str(number) for number in range(40)])
    assert schema_of(read(tmp_path), "label").task == "multiclass"


def test_a_flat_folder_is_for_predictions(tmp_path):
    classes(tmp_path / "learn", 30)
    draw(*(tmp_path / "new" / f"{i}.png" for i in range(4)))
    table = read(tmp_path / "learn")
    schema = schema_of(table, "label")
    encoder = ImageEncoder.fit(table, "image")
    for source in (
        tmp_path / "new",
        [str(tmp_path / "new" / f"{i}.png") for i in range(4)],
        [tmp_path / "new" / f"{i}.png" for i in range(4)],
        tmp_path / "learn",
        tmp_path / "new" / "0.png",
    ):
        new = as_learned(read(source, schema=schema), schema)
        assert encoder.transform(new).shape == (new.height, 8, 8, 3)


def test_a_class_folder_without_images_is_nothing_to_predict(tmp_path):
    classes(tmp_path)
    (tmp_path / "eel").mkdir()
    schema = schema_of(read([[[0]]] * 4, y=[0, 1] * 2), "target")
    assert read(tmp_path, schema=schema).height == 6


def unreadable_name(root: Path) -> None:
    classes(root)
    os.rename(root / "cat" / "0.png", os.path.join(root, "cat", os.fsdecode(b"caf\xe9.png")))


LAYOUT = "put the images of each class into a folder of its own, such as {root}/cat/1.jpg"
FAULTS = {
    "empty": (lambda root: None, "{root}: the folder is empty; expected files ending in " + ENDINGS
              + "\n  fix: " + LAYOUT),
    "a table in it": (
        lambda root: (root / "a.csv").write_text("a\n1\n"),
        "{root}: there is no image in the folder; expected files ending in " + ENDINGS
        + "\n  fix: name a file in it: {root}/a.csv",
    ),
    "a class without images": (
        lambda root: (classes(root), (root / "eel").mkdir()),
        "{root}/eel: there is no image in the folder of class 'eel'; expected files ending in " + ENDINGS
        + "\n  fix: put its images there, or remove the folder",
    ),
    "images beside classes": (
        lambda root: (classes(root), draw(root / "a.png", root / "b.png")),
        "{root}: 2 images lie beside the folders of the classes, the first one a.png\n"
        "  fix: move them into the folder of their class, or away",
    ),
    "an image beside parts": (
        lambda root: (classes(root / "train"), classes(root / "test"), draw(root / "a.png")),
        "{root}: 1 image lies beside the folders of the parts, the first one a.png\n"
        "  fix: move them into the folder of their class, or away",
    ),
    "a stranger beside parts": (
        lambda root: (classes(root / "train"), classes(root / "test"), classes(root, names=["more"])),
        "{root}: folder 'more' stands beside test and train; expected folders train, valid and test only, "
        "or one folder for each class\n  fix: move 'more' away",
    ),
    "training images without labels": (
        lambda root: draw(root / "train" / "a.png", root / "test" / "b.png"),
        "{root}/train: the training images have no labels\n"
        "  fix: put the images of each class into a folder of its own, such as {root}/train/cat/1.jpg",
    ),
    "a folder too high": (
        lambda root: classes(root / "pets"),
        "{root}: there is one folder, with folders in it\n  fix: give {root}/pets",
    ),
    "a name that is no UTF-8": (
        unreadable_name,
        "{root}/cat/caf\\xe9.png: the name of the file is not UTF-8 text\n"
        "  fix: rename it with letters of UTF-8",
    ),
    "no classes": (
        lambda root: draw(root / "a.png", root / "b.png"),
        "{root}: the images have no labels; expected a folder for each class\n  fix: " + LAYOUT
        + " and {root}/dog/1.jpg, or list paths and labels in a CSV file "
            "(masks: folders images/ and masks/); predict needs no labels",
    ),
    "only one class": (
        lambda root: classes(root, 30, ["cat"]),
        "{root}, column 'label': the target is 'cat' in every row: there is nothing to learn\n"
        "  fix: add images of another class, in a folder or under a label of its own",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_fix(tmp_path, fault):
    make, message = FAULTS[fault]
    make(tmp_path)
    for target in (None, "label"):
        with pytest.raises(DataError) as caught:
            check(tmp_path, target).raise_errors()
        assert str(caught.value) == message.replace("{root}", str(tmp_path))


def test_one_image_is_nothing_to_learn_from(tmp_path):
    draw(tmp_path / "a.png")
    with pytest.raises(DataError) as caught:
        check(tmp_path / "a.png")
    assert str(caught.value).startswith(f"{tmp_path}/a.png: the images have no labels; expected a folder")
    (tmp_path / "b.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"b\.png: the file is empty"):
        read(tmp_path / "b.png")
