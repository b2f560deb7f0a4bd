"""Folders of images and masks: which belong together, and what is passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.casting import cast

from lamina.core.errors import DataError
from lamina.data import CellTable, read, split_rows


def draw(*paths: Path, level: int = 0) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), level, np.uint8)).save(path)


def pairs(root: Path, count: int = 3, *, images: str = "images", masks: str = "masks") -> None:
    draw(*(root / images / f"{n}.png" for n in range(count)), level=9)
    draw(*(root / masks / f"{n}.png" for n in range(count)), level=1)


def names(table: CellTable, name: str) -> list[str]:
    column = table.column(name)
    return [str(Path(column.place(row)).relative_to(table.source)) for row in range(table.height)]


@pytest.mark.parametrize(
    ("images", "masks"), [("images", "masks"), ("Imgs", "labels"), ("img", "annotations")]
)
def test_images_and_masks_of_one_name(tmp_path: Path, images: str, masks: str):
    pairs(tmp_path, images=images, masks=masks)
    table = read(tmp_path)
    assert isinstance(table, CellTable) and table.names == ("image", "mask") and not table.remarks
    assert names(table, "image") == [f"{images}/{n}.png" for n in range(3)]
    assert names(table, "mask") == [f"{masks}/{n}.png" for n in range(3)]
    found = cast(table, "mask")
    assert found.task.name == "segment" and [column.name for column in found.schema.inputs] == ["image"]
    assert found.suit is not None and found.suit.reason == "'mask' holds masks"


@pytest.mark.parametrize("words", [("train", "val", "test"), ("Training", "dev", "testing")])
def test_parts_of_the_split(tmp_path: Path, words: tuple[str, ...]):
    for word, count in zip(words, (4, 2, 1), strict=True):
        pairs(tmp_path / word, count)
    table = read(tmp_path)
    assert table.names == ("image", "mask", "split")
    schema = cast(table, "mask").schema
    assert schema.split == "split"
    parts = split_rows(table, schema, seed=0)
    assert (len(parts.train), len(parts.valid), len(parts.test)) == (4, 2, 1)


def test_a_part_without_masks_is_passed_over(tmp_path: Path):
    pairs(tmp_path / "train")
    draw(tmp_path / "test" / "images" / "0.png")
    table = read(tmp_path)
    assert table.height == 3
    assert table.remarks == ("no images/ and masks/ in test/: passed over",)


def test_masks_may_end_differently_and_be_named_after_masks(tmp_path: Path):
    draw(*(tmp_path / "images" / name for name in ("a.jpg", "b.tif", "c_seg.png", "d.png")))
    draw(*(tmp_path / "masks" / name for name in ("a_mask.png", "b-mask.png", "c_seg.png", "d_labels.png")))
    table = read(tmp_path)
    assert names(table, "image") == [f"images/{name}" for name in ("a.jpg", "b.tif", "c_seg.png", "d.png")]
    assert names(table, "mask") == [
        f"masks/{name}" for name in ("a_mask.png", "b-mask.png", "c_seg.png", "d_labels.png")
    ]
    assert not table.remarks


def test_an_image_that_is_named_after_masks_is_no_other_image(tmp_path: Path):
    for folder in ("images", "masks"):
        draw(tmp_path / folder / "cat.png", tmp_path / folder / "cat_label.png")
    table = read(tmp_path)
    assert names(table, "image") == ["images/cat.png", "images/cat_label.png"]
    assert names(table, "mask") == ["masks/cat.png", "masks/cat_label.png"]


def test_what_is_without_the_other_is_said(tmp_path: Path):
    pairs(tmp_path, 2)
    draw(*(tmp_path / "images" / f"lonely{n}.png" for n in range(5)), tmp_path / "masks" / "odd_mask.png")
    (tmp_path / "masks" / "notes.txt").write_text("x")
    draw(tmp_path / "masks" / ".hidden.png")
    table = read(tmp_path)
    assert table.height == 2
    assert table.remarks == (
        f"5 files without a mask in {tmp_path}, such as lonely0, lonely1, lonely2: passed over",
        f"1 files without an image in {tmp_path}, such as odd_mask: passed over",
    )


def test_two_images_of_one_name(tmp_path: Path):
    pairs(tmp_path, 1)
    draw(tmp_path / "images" / "0.tif")
    table = read(tmp_path)
    assert names(table, "image") == ["images/0.png"]
    assert table.remarks == (
        f"two files of one name: {tmp_path}/images/0.png is taken, {tmp_path}/images/0.tif passed over",
    )


def test_no_pair(tmp_path: Path):
    draw(tmp_path / "images" / "a.png", tmp_path / "masks" / "b.png")
    with pytest.raises(DataError, match="no image has a mask of its name") as caught:
        read(tmp_path)
    assert caught.value.fix == "give both the same name" and caught.value.where == str(tmp_path)


def test_classes_that_happen_to_be_called_masks(tmp_path: Path):
    draw(*(tmp_path / name / f"{n}.png" for name in ("masks", "no-masks") for n in range(2)))
    assert read(tmp_path).names == ("image", "label")
