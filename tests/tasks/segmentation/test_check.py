"""What is said of masks before anything is learned from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.tasks.segmentation.scenes import mask_of, replace_mask, write_scenes

from lamina.data import Audit
from lamina.data.audit.findings import Finding
from lamina.tasks.audit import check


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_scenes(tmp_path / "scenes", 8, kind="classes")


def only(audit: Audit, code: str) -> Finding:
    (found,) = [finding for finding in audit.findings if finding.code == code]
    return found


def pairs(folder: Path, *cells: str, name: str = "pairs.csv") -> Path:
    """Write a table of paths to images and masks; cells replace the first masks."""
    masks = [f"masks/{n:02}.png" for n in range(8)]
    masks[: len(cells)] = cells
    lines = [f"images/{n:02}.png,{mask}" for n, mask in enumerate(masks)]
    (folder / name).write_text("\n".join(["image,mask", *lines]) + "\n")
    return folder / name


def test_good_masks_in_a_folder_and_in_a_table_of_paths(folder: Path):
    for data in (folder, pairs(folder)):
        audit = check(data)
        assert not audit.errors and not audit.warnings
        assert audit.schema is not None and audit.schema.task == "segment"
        assert [column.name for column in audit.schema.inputs] == ["image"]


@pytest.mark.parametrize("label", [0, 255])
def test_masks_of_one_label_throughout(folder: Path, label: int):
    path = replace_mask(folder, 2, np.full((32, 32), label, np.uint8))
    found = only(check(folder), "blank-mask")
    assert found.level == "warning" and found.message == f"1 mask of one label throughout: {path}"
    assert found.fix == "remove them, unless nothing is to be found there"


def test_every_mask_is_of_one_label(folder: Path):
    for number in range(8):
        replace_mask(folder, number, np.full((32, 32), 3, np.uint8))
    found = only(check(folder), "target-constant")
    assert (
        found.level == "error"
        and found.message == "every pixel of every mask is 3: there is nothing to learn"
    )


def test_a_mask_of_another_size_than_its_image(folder: Path):
    replace_mask(folder, 3, np.eye(16, 20, dtype=np.uint8))
    found = only(check(folder), "mask-size")
    assert found.level == "error" and "03.png" in found.where
    assert found.message == "1 mask of another size than the image, the first 16x20 for 32x32"
    assert found.fix == "give each image a mask of its own size"


def test_a_mask_that_cannot_be_read(folder: Path):
    (folder / "masks" / "04.png").write_bytes(b"no image")
    found = only(check(folder), "masks")
    assert found.level == "error"
    assert found.message == f"1 of 8 masks cannot be read; got {folder}/masks/04.png (this is no image)"


@pytest.mark.parametrize(
    ("cell", "why"), [("", "row 0 (no file is named)"), ("masks/gone.png", "masks/gone.png (no such file)")]
)
def test_a_mask_that_is_absent(folder: Path, cell: str, why: str):
    found = only(check(pairs(folder, cell)), "masks")
    assert found.level == "error" and found.message.endswith(why)
    assert found.fix == "replace these files, or remove their rows"


def test_photographs_are_no_masks(folder: Path):
    random = np.random.default_rng(0)
    for number in range(8):
        replace_mask(folder, number, random.integers(0, 256, (32, 32, 3)).astype(np.uint8))
    found = only(check(folder), "not-masks")
    assert found.level == "error" and found.message.endswith("these look like images, not masks")
    assert found.fix.endswith("if images are to be learned from images, name another task")


def test_masks_in_jpeg_files_change_labels(folder: Path):
    for number in range(8):
        path = folder / "masks" / f"{number:02}.png"
        Image.fromarray(mask_of(folder, number)).save(path.with_suffix(".jpg"))
        path.unlink()
    found = only(check(folder), "lossy-masks")
    assert found.level == "warning" and found.message.startswith(
        "8 masks in JPEG files, which change labels: "
    )


def test_a_table_needs_images_beside_the_masks(folder: Path):
    lines = [f"{n},masks/{n:02}.png" for n in range(8)]
    (folder / "odd.csv").write_text("\n".join(["number,mask", *lines]) + "\n")
    (found,) = check(folder / "odd.csv", "mask", task="segment").errors
    assert found.message == "no column of images beside the masks"
    two = pairs(folder).read_text().replace("images/", "images/00.png,images/").replace("image,", "one,two,")
    (folder / "two.csv").write_text(two)
    (found,) = check(folder / "two.csv", "mask").errors
    assert found.message.startswith("columns 'one' and 'two' both hold images")
    assert not check(folder / "two.csv", "mask", drop="one").errors


def test_a_target_that_is_no_column_of_masks(folder: Path):
    text = pairs(folder).read_text().replace("\n", ",1\n").replace("mask,1", "mask,kind", 1)
    (folder / "odd.csv").write_text(text)
    (found,) = check(folder / "odd.csv", "kind", task="segment").errors
    assert found.message == "these are no masks"
    assert found.fix == "name a column of paths to masks, or give a folder with images/ and masks/"
    audit = check(folder / "odd.csv", ["mask", "kind"], task="segment")
    assert audit.errors[0].message.startswith("not one column of masks")


def test_labels_of_test_masks_that_training_has_not(folder: Path, tmp_path: Path):
    other = write_scenes(tmp_path / "other", 3, kind="classes", height=40)
    assert not [f for f in check(folder, test_data=str(other)).findings if f.code == "unseen-label"]
    mask = mask_of(other, 1).copy()
    mask[:9, :9] = 77
    replace_mask(other, 1, mask)
    found = only(check(folder, test_data=str(other)), "unseen-label")
    assert found.level == "warning" and "01.png" in found.where
    assert found.message == "no training mask has a label that this one has: 77"


def test_instances_of_test_masks_may_be_more(tmp_path: Path):
    few, many = write_scenes(tmp_path / "few", 6), write_scenes(tmp_path / "many", 4, height=48, width=48)
    mask = mask_of(many, 0).copy()
    mask[:3, :3] = mask.max() + 1
    mask[:3, 6:9] = mask.max() + 1
    mask[:3, 12:15] = mask.max() + 1
    mask[:3, 18:21] = mask.max() + 1
    replace_mask(many, 0, mask)
    replace_mask(few, 3, np.minimum(mask_of(few, 3), 1))
    assert "unseen-label" not in {f.code for f in check(few, test_data=str(many)).findings}
