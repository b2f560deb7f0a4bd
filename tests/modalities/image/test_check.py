"""Findings about images, word for word."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from lamina.data import read
from lamina.data.images.table import image_table
from lamina.tasks.audit import check

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
Y = np.arange(60) % 2


@pytest.fixture
def folder(tmp_path):
    """Thirty cats and thirty dogs."""
    root = tmp_path / "pets"
    for i, image in enumerate(IMAGES):
        path = root / ("cat", "dog")[i % 2] / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return root


def said(found) -> list[tuple[str, str]]:
    """Level and code of each finding but the notes on what was guessed."""
    usual = ("task-guessed", "target-guessed", "split-column")
    return [(f.level, f.code) for f in found.findings if f.code not in usual]


def told(found, code: str) -> str:
    (finding,) = (f for f in found.findings if f.code == code)
    return f"{finding.level}: {finding.message}\n  fix: {finding.fix}"


def test_nothing_is_said_of_good_images(folder):
    assert said(check(folder)) == said(check(IMAGES, y=Y)) == []
    assert "inputs: 1 image" in str(check(folder))


def test_unreadable(folder):
    (folder / "cat" / "a.png").write_bytes(b"")
    content = (folder / "dog" / "01.png").read_bytes()
    (folder / "dog" / "b.png").write_bytes(content[:100])
    found = check(folder)
    assert said(found) == [("error", "unreadable-image")]
    assert told(found, "unreadable-image") == (
        f"error: 2 of 62 images cannot be read: {folder}/cat/a.png (the file is empty), "
        f"{folder}/dog/b.png (it is cut short)\n"
        "  fix: replace these files by whole images, or remove them"
    )


def test_blank():
    images = IMAGES.copy()
    images[[3, 5]] = 7
    images[5, 0, 0] = 9
    assert told(check(images, y=Y), "blank-image") == (
        "warning: 2 images are of one color throughout: row 3, row 5\n"
        "  fix: remove them, unless they are meant so"
    )


def test_copies_across_the_split():
    split = np.repeat(["train", "valid", "test"], 20)
    table = {"y": Y, "split": split}
    images = IMAGES.copy()
    images[[21, 23, 40]] = images[[1, 3, 0]]
    images = read(images, y=Y)
    joined = image_table(images.column("image").images, table, "t.npz")
    assert told(check(joined, "y"), "duplicates") == (
        "warning: 3 of 40 validation and test images equal a training image, which flatters the metrics: "
        "row 21, row 23, row 40\n  fix: remove the copies"
    )


def test_copies_of_files(folder):
    shutil.copytree(folder, folder.parent / "test")
    for name in ("cat", "dog"):
        for path in sorted((folder.parent / "test" / name).iterdir())[4:]:
            path.unlink()
    found = check(folder, test_data=folder.parent / "test")
    message = told(found, "duplicates")
    assert "of 8 test images equal a training image, which flatters the metrics: " in message
    assert f"{folder.parent}/test/cat/" in message
    assert message.endswith("\n  fix: remove the copies from one of the two")
    shutil.copy(folder / "cat" / "00.png", folder / "cat" / "copy.png")
    pairs = {told(check(folder, seed=seed), "duplicates") for seed in range(9)
             if ("warning", "duplicates") in said(check(folder, seed=seed))}  # fmt: skip
    assert pairs and all(pair.endswith("\n  fix: remove the copies") for pair in pairs)


def test_test_data_without_images():
    words = {"image": ["a", "b"] * 30, "target": Y.tolist()}
    found = check(IMAGES, y=Y, test_data=words)
    assert said(found) == [("error", "no-images")]
    assert found.errors[0].where == "<frame>, column 'image'"
    assert told(found, "no-images") == (
        "error: these are no images\n  fix: give images, or paths to files that are there"
    )


def test_one_class_alone(folder):
    shutil.rmtree(folder / "dog")
    assert told(check(folder, "label"), "target-constant") == (
        "error: the target is 'cat' in every row: there is nothing to learn\n"
        "  fix: add images of another class, in a folder or under a label of its own"
    )


def test_nothing_is_said_of_good_images_with_numbers():
    assert said(check(IMAGES, y=np.linspace(0.1, 2.3, 60) ** 2)) == []


def test_labels_that_differ(folder):
    shutil.copy(folder / "cat" / "00.png", folder / "dog" / "copy.png")
    assert told(check(folder, seed=3), "contradicting-labels") == (
        f"warning: 2 images are equal to one with another label, such as {folder}/cat/00.png ('cat') and "
        f"{folder}/dog/copy.png ('dog')\n  fix: keep the image with the right label"
    )


def test_sizes(folder):
    Image.fromarray(IMAGES[0]).resize((100, 40)).save(folder / "cat" / "wide.png")
    assert told(check(folder), "image-sizes") == (
        "note: images of 2 sizes, from 8x8 to 40x100 pixels: they are brought to 32x32, the middle of each "
        "is kept\n  fix: another size: image_size=128"
    )
    large = RANDOM.integers(0, 256, (12, 300, 400), dtype=np.uint8)
    assert told(check(large, y=Y[:12]), "image-sizes").startswith(
        "note: all images have 300x400 pixels: they are brought to 192x256, the middle of each is kept\n"
    )
    assert told(check(large, y=Y[:12], image_size=64), "image-sizes").endswith(
        "brought to 64x64, the middle of each is kept\n  fix: "
    )


def test_frames_and_what_was_passed_over(folder):
    frames = [Image.fromarray(image) for image in IMAGES[:2] // 2]
    frames[0].save(folder / "cat" / "z.gif", save_all=True, append_images=frames[1:])
    (folder / "cat" / "notes.txt").write_text("a cat")
    found = check(folder)
    assert told(found, "frames") == ("note: 1 image with several frames: the first one is taken\n  fix: ")
    assert told(found, "passed-over") == f"note: passed over, as no images: {folder}/cat/notes.txt\n  fix: "


def test_columns_beside_images(tmp_path, folder):
    rows = "".join(f"pets/{n}/{i:02d}.png,{n},{i}\n" for i in range(60) for n in [("cat", "dog")[i % 2]])
    (tmp_path / "t.csv").write_text("file,kind,age\n" + rows)
    found = check(tmp_path / "t.csv", "kind", keep="age")
    assert [column.name for column in found.schema.inputs] == ["file", "age"]
    assert not found.errors + found.warnings


def test_rare_classes_are_named_as_in_tables(folder):
    labels = np.zeros(300, int)
    labels[:2] = 1
    images = RANDOM.integers(0, 256, (300, 4, 4), dtype=np.uint8)
    assert "class 1 has 0.67% of the rows" in told(check(images, y=labels), "rare-class")
