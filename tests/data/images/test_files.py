"""Images in files: decoded once, by threads, and the first unreadable ones named."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data.images import files
from lamina.data.images.files import FileImages
from lamina.data.images.pixels import Canvas
from lamina.data.images.store import ArrayImages
from lamina.data.images.threads import in_threads

CANVAS = Canvas(6, 5, 3)


@pytest.fixture
def photos(tmp_path):
    """Twelve files and their pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 6, 5, 3), dtype=np.uint8)
    paths = []
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
        paths.append(str(tmp_path / f"{i}.png"))
    return FileImages(paths), pixels


def test_files_and_arrays_answer_alike(photos):
    images, pixels = photos
    arrays = ArrayImages(pixels)
    rows = np.array([7, 2, 2])
    for canvas in (CANVAS, Canvas(6, 5, 1), Canvas(3, 3, 3), Canvas(9, 8, 1)):
        np.testing.assert_array_equal(images.pixels(canvas), arrays.pixels(canvas))
        np.testing.assert_array_equal(images.take(rows).pixels(canvas), arrays.take(rows).pixels(canvas))
    np.testing.assert_array_equal(images.sizes(), arrays.sizes())
    assert not images.is_gray() and not arrays.is_gray()
    found, expected = images.survey(CANVAS), arrays.survey(CANVAS)
    np.testing.assert_array_equal(found.contrast, expected.contrast)
    assert found.faults == expected.faults == {}
    assert np.unique(found.digests).size == np.unique(expected.digests).size == 12


def test_colors_that_are_all_gray_are_gray(tmp_path):
    gray = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1), dtype=np.uint8)
    for i, image in enumerate(gray):
        Image.fromarray(np.repeat(image, 3, axis=2)).save(tmp_path / f"{i}.png")
    images = FileImages([str(tmp_path / f"{i}.png") for i in range(4)])
    assert images.is_gray() and ArrayImages(np.repeat(gray, 3, axis=3)).is_gray()
    np.testing.assert_array_equal(images.pixels(Canvas(6, 6, 1)), gray)


def test_each_file_is_decoded_once_while_there_is_room(photos, monkeypatch):
    images, pixels = photos
    calls = []
    plain = files.decoded
    monkeypatch.setattr(files, "decoded", lambda *args: calls.append(1) or plain(*args))
    images.survey(CANVAS)
    for rows in (np.arange(3), np.arange(12)):
        np.testing.assert_array_equal(images.take(rows).pixels(CANVAS), pixels[rows])
    assert len(calls) == 12
    monkeypatch.setattr(files, "most_kept", lambda: 100)
    fresh = FileImages([images.name(row) for row in range(12)])
    fresh.survey(CANVAS)
    np.testing.assert_array_equal(fresh.pixels(CANVAS), pixels)
    assert len(calls) == 12 + 24


def test_threads_may_ask_for_different_sizes(photos):
    images, _ = photos
    sizes = [Canvas(6, 5, 3), Canvas(9, 8, 3)]
    expected = [images.pixels(size) for size in sizes]
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:

        def ask(number: int) -> None:
            which, row = number % 2, number % 12
            found = images.take(np.array([row])).pixels(sizes[which])
            np.testing.assert_array_equal(found[0], expected[which][row])

        in_threads(ask, 4_000, threads=8)
    finally:
        sys.setswitchinterval(switching)


def test_unreadable_files_are_counted_and_the_first_are_named(photos, tmp_path):
    images, _ = photos
    paths = [images.name(row) for row in range(12)]
    for name in "abcdef":
        (tmp_path / f"{name}.png").write_bytes(b"no")
    bad = FileImages([*paths, *(str(tmp_path / f"{name}.png") for name in "abcdef"), ""])
    with pytest.raises(DataError) as caught:
        bad.pixels(CANVAS)
    named = ", ".join(f"{tmp_path}/{name}.png (this is no image)" for name in "abcde")
    assert str(caught.value) == (
        f"7 of 19 images cannot be read: {named} and 2 more\n"
        "  fix: replace these files by whole images, or remove them"
    )
    assert bad.survey(CANVAS).faults[18] == "no file is named"
    assert bad.take(np.arange(12)).pixels(CANVAS).shape == (12, 6, 5, 3)
    assert bad.sizes()[12:].sum() == 0


def test_a_file_that_goes_while_it_is_needed(photos, tmp_path):
    images, _ = photos
    images.sizes()
    (tmp_path / "3.png").unlink()
    with pytest.raises(DataError, match=r"1 of 12 images .*3\.png \(cannot be read: No such"):
        images.pixels(CANVAS)


def test_threads_do_all_the_work_and_hand_faults_on():
    seen: list[int] = []
    in_threads(seen.append, 1000, threads=3)
    assert sorted(seen) == list(range(1000))
    workers = set()
    in_threads(lambda number: workers.add(threading.current_thread().name), 5, threads=1)
    assert workers == {threading.current_thread().name}

    def fail(number: int) -> None:
        if number == 17:
            raise DataError("seventeen")

    with pytest.raises(DataError, match="seventeen"):
        in_threads(fail, 1000, threads=3)


def test_animations_are_counted(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    images = FileImages([str(tmp_path / "a.gif")])
    assert images.frames == 1
    assert images.pixels(Canvas(8, 8, 3))[0, 0, 0].tolist() == [255, 0, 0]
