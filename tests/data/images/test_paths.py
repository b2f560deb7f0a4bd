"""Paths to images: what is told by its values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data import ImageColumn, read
from lamina.data.images.paths import are_paths, claim


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a.png", "b.JPG"], True),
        (["a.png", "b.txt"], False),
        ([Path("a"), Path("b")], True),
        ([Path("a"), "b.txt"], False),
        (["a.png", None], False),
        ([], False),
        ([1, 2], False),
        (["a.png"] * 20 + ["a.txt"], True),
    ],
)
def test_a_list_of_paths(values, expected):
    dtype = None if all(isinstance(value, str) for value in values) else object
    assert are_paths(np.array(values, dtype)) is expected


def column_of(folder, values) -> ImageColumn | str | None:
    """What becomes of a column in a CSV file of a folder."""
    (folder / "t.csv").write_text("file,y\n" + "".join(f"{value},{i}\n" for i, value in enumerate(values)))
    table = read(folder / "t.csv")
    return claim(table.column("file"), table)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").mkdir()
    for i in range(3):
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(tmp_path / "a" / f"{i}.png")
    return tmp_path


def test_one_file_that_is_there_is_enough(folder):
    found = column_of(folder, ["gone.png", "", "a/1.png"])
    assert isinstance(found, ImageColumn)
    assert [found.value(i) for i in (0, 2)] == [f"{folder}/gone.png", f"{folder}/a/1.png"]
    assert found.images.name(1) == ""


def test_the_working_folder_counts_too(folder, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(folder)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    found = column_of(elsewhere, ["a/0.png", "a/1.png"])
    assert isinstance(found, ImageColumn) and found.value(1) == "a/1.png"
    (elsewhere / "a").mkdir()
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(elsewhere / "a" / "0.png")
    assert column_of(elsewhere, ["a/0.png"]).value(0) == f"{elsewhere}/a/0.png"


def test_names_of_files_that_are_not_there_are_said(folder):
    seen = (
        f"it names images, and none of its first files is there: write paths as they are seen from {folder}"
    )
    assert column_of(folder, ["b/0.png", "b/1.png"]) == seen
    table = read(folder / "t.csv")
    with pytest.raises(DataError, match=r"line 2, column 'file': no such file; got 'b/0.png'"):
        claim(table.column("file"), table, needed=True)


def test_other_columns_are_left_alone(folder):
    assert column_of(folder, ["a/0.png", "a word"]) is None
    assert column_of(folder, ["http://example.org/0.png"]) is None
    assert column_of(folder, [1, 2, 3]) is None
    table = read(folder / "t.csv")
    assert claim(table.column("y"), table) is None
    images = read(np.zeros((2, 4, 4)), y=[0, 1])
    assert claim(images.column("image"), images) is None
