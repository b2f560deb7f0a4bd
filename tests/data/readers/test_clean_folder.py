"""Folders of degraded and clean images: which belong together, and which folders are not taken for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.images.column import ImageColumn


def draw(folder: Path, *stems: str) -> None:
    folder.mkdir(parents=True)
    for number, stem in enumerate(stems):
        Image.fromarray(np.full((4, 6), number, np.uint8)).save(folder / f"{stem}.png")


def names(table: object, column: str) -> list[str]:
    found = table.column(column)  # type: ignore[attr-defined]
    assert isinstance(found, ImageColumn)
    return [Path(found.place(row)).name for row in range(len(found))]


@pytest.mark.parametrize(("degraded", "clean"), [("degraded", "clean"), ("Noisy", "gt"), ("input", "sharp")])
def test_files_of_one_name_are_a_pair(tmp_path: Path, degraded: str, clean: str):
    draw(tmp_path / degraded, "a", "b", "c")
    draw(tmp_path / clean, "c", "b_gt", "d")
    table = read(str(tmp_path))
    assert list(table.names) == ["image", "clean"]
    assert names(table, "image") == ["b.png", "c.png"] and names(table, "clean") == ["b_gt.png", "c.png"]
    said = " ".join(table.remarks)
    assert "without a clean image" in said and "without a degraded image" in said


def test_parts_say_what_trains(tmp_path: Path):
    for part in ("train", "test"):
        draw(tmp_path / part / "degraded", "a", "b")
        draw(tmp_path / part / "clean", "a", "b")
    (tmp_path / "valid").mkdir()
    table = read(str(tmp_path))
    split: Any = table.column("split")
    assert sorted(split.texts()) == ["test", "test", "train", "train"]
    assert any("no degraded/ and clean/ in valid/" in remark for remark in table.remarks)


def test_no_file_has_a_partner(tmp_path: Path):
    draw(tmp_path / "degraded", "a")
    draw(tmp_path / "clean", "b")
    with pytest.raises(DataError, match="no degraded image has a clean one of its name"):
        read(str(tmp_path))


def test_folders_of_classes_are_left_to_their_reader(tmp_path: Path):
    draw(tmp_path / "dirty", "a", "b")
    draw(tmp_path / "clean", "a", "b")
    assert list(read(str(tmp_path)).names) == ["image", "label"]
