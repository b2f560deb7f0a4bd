"""Labels of masks in files and arrays, and masks as files again."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.errors import DataError
from lamina.data.images.column import ImageColumn
from lamina.data.images.decode import UnreadableError
from lamina.data.images.files import FileImages
from lamina.data.images.labels import (
    COLORED,
    codes_of,
    fitted,
    image_of,
    label_arrays,
    labels_of,
    unfitted,
    whole_labels,
)
from lamina.data.images.store import ArrayImages

RED, BLUE = COLORED | 255 << 16, COLORED | 255


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png(array: np.ndarray) -> bytes:
    return encoded(Image.fromarray(array))


def column(*paths: Path | str) -> ImageColumn:
    return ImageColumn("mask", FileImages([str(path) for path in paths]))


def written(folder: Path, *masks: np.ndarray) -> ImageColumn:
    paths = [folder / f"{number}.png" for number in range(len(masks))]
    for path, mask in zip(paths, masks, strict=True):
        path.write_bytes(png(mask))
    return column(*paths)


# --- what a file holds ---------------------------------------------------------------------------


def test_black_and_white_of_one_bit_are_zero_and_one():
    bits = np.array([[True, False], [False, True]])
    assert labels_of(png(bits)).tolist() == [[1, 0], [0, 1]]


def test_gray_levels_are_labels_as_they_are():
    gray = np.array([[0, 1, 7], [128, 254, 255]], np.uint8)
    found = labels_of(png(gray))
    assert found.dtype == np.int32 and found.tolist() == gray.tolist()


def test_gray_of_sixteen_bits_is_not_scaled():
    gray = np.array([[0, 1, 300], [1000, 65534, 65535]], np.uint16)
    assert labels_of(png(gray)).tolist() == gray.tolist()
    assert labels_of(encoded(Image.fromarray(gray), "TIFF")).tolist() == gray.tolist()


def test_palette_entries_are_labels_whatever_their_colors():
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
    assert image.mode == "P" and labels_of(encoded(image)).tolist() == [[0, 1], [2, 1]]
    assert labels_of(encoded(image, transparency=0)).tolist() == [[0, 1], [2, 1]]


def test_gray_pixels_of_color_files_have_their_gray_level():
    rgb = np.array([[[0, 0, 0], [255, 255, 255], [7, 7, 7], [255, 0, 0], [0, 0, 255]]], np.uint8)
    assert labels_of(png(rgb)).tolist() == [[0, 255, 7, RED, BLUE]]


def test_transparency_is_no_part_of_a_label():
    rgb = np.array([[[0, 0, 0], [255, 0, 0], [7, 7, 7]]], np.uint8)
    rgba = np.concatenate([rgb, np.array([[[0], [128], [255]]], np.uint8)], axis=-1)
    assert labels_of(png(rgba)).tolist() == labels_of(png(rgb)).tolist()
    gray = Image.fromarray(np.array([[[5, 0], [6, 255]]], np.uint8), "LA")
    assert labels_of(encoded(gray)).tolist() == [[5, 6]]


def test_a_label_is_the_same_in_gray_and_color_files():
    """So that a folder may mix both: black, white and each color are one label everywhere."""
    gray = np.array([[0, 255, 128]], np.uint8)
    assert labels_of(png(gray)).tolist() == labels_of(png(np.repeat(gray[..., None], 3, -1))).tolist()
    one = labels_of(png(np.array([[[1, 2, 3]]], np.uint8)))
    other = labels_of(png(np.array([[[0, 0, 0], [1, 2, 3], [3, 2, 1]]], np.uint8)))
    assert one[0, 0] == other[0, 1] != other[0, 2] and other[0, 0] == 0


def test_no_color_is_taken_for_a_gray():
    colors = np.array([[[0, 0, 1], [0, 1, 0], [0, 1, 44]]], np.uint8)  # 1, 256 and 300 without the mark
    assert (codes_of(colors) >= COLORED).all() and len(np.unique(codes_of(colors))) == 3


def test_a_mask_is_turned_as_its_image_is():
    exif = Image.Exif()
    exif[0x0112] = 6
    mask = Image.fromarray(np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    assert labels_of(encoded(mask, exif=exif)).tolist() == [[4, 1], [5, 2], [6, 3]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no image", "this is no image"),
        (b"", "the file is empty"),
        (png(np.zeros((9, 9), np.uint8))[:40], "damaged, or of a kind that is not read"),
        (png(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8))[:200], "it is cut short"),
        (encoded(Image.fromarray(np.full((2, 2), 0.5, np.float32)), "TIFF"), "its values are fractions"),
        (encoded(Image.fromarray(np.full((2, 2), 70_000, np.int32)), "TIFF"), "more than 16 bits"),
        (encoded(Image.fromarray(np.full((2, 2), -1, np.int32)), "TIFF"), "more than 16 bits"),
    ],
    ids=["text", "empty", "head", "half", "fractions", "large", "negative"],
)
def test_what_holds_no_labels(content: bytes, said: str, tmp_path: Path):
    (tmp_path / "mask.png").write_bytes(content)
    with pytest.raises(UnreadableError, match=said):
        labels_of(content, str(tmp_path / "mask.png"))


# --- labels as files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        [[0, 1], [2, 255]],
        [[0, 256], [1, 65535]],
        [[0, RED], [7, BLUE]],
        [[255, COLORED | 1], [0, COLORED | 0xFFFFFE]],
        [[0, 0], [0, 0]],
    ],
    ids=["8 bits", "16 bits", "colors", "near gray", "nothing"],
)
def test_what_is_written_is_read_as_the_same(labels: list[list[int]]):
    array = np.array(labels, np.int32)
    assert labels_of(encoded(image_of(array))).tolist() == labels


# --- sizes ---------------------------------------------------------------------------------------


def test_a_mask_of_the_right_size_is_left_alone():
    labels = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert fitted(labels, 3, 4) is labels and unfitted(labels, 3, 4) is labels


def test_labels_are_never_averaged():
    labels = np.where(np.arange(100).reshape(10, 10) % 3 == 0, RED, 9).astype(np.int32)
    for size in ((4, 4), (7, 13), (23, 23)):
        assert fitted(labels, *size).shape == size and set(np.unique(fitted(labels, *size))) == {9, RED}


def test_the_middle_is_kept_and_what_was_cut_off_is_zero():
    labels = np.tile(np.arange(1, 9, dtype=np.int32), (4, 1))  # 4 x 8: columns 1 to 8
    square = fitted(labels, 4, 4)
    assert square.tolist() == [[3, 4, 5, 6]] * 4
    assert unfitted(square, 4, 8).tolist() == [[0, 0, 3, 4, 5, 6, 0, 0]] * 4
    assert (
        unfitted(fitted(labels.T, 4, 4), 8, 4).tolist() == np.array([[0, 0, 3, 4, 5, 6, 0, 0]] * 4).T.tolist()
    )


@pytest.mark.parametrize("factor", [2, 3])
def test_enlarged_and_back_is_the_same(factor: int):
    labels = np.random.default_rng(0).integers(0, 5, (6, 8)).astype(np.int32)
    large = fitted(labels, 6 * factor, 8 * factor)
    assert large.tolist() == labels.repeat(factor, 0).repeat(factor, 1).tolist()
    assert unfitted(large, 6, 8).tolist() == labels.tolist()


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (5, 7), (33, 31)])
def test_a_mask_of_any_size_comes_back_as_large_as_it_was(size: tuple[int, int]):
    labels = np.ones(size, np.int32)
    assert unfitted(fitted(labels, 16, 16), *size).shape == size
    assert unfitted(fitted(labels, 16, 16), *size).max() == 1


# --- columns -------------------------------------------------------------------------------------


def test_a_column_is_read_at_one_size_or_each_mask_at_its_own(tmp_path: Path):
    masks = [np.full((4, 4), 3, np.uint8), np.full((8, 6), 500, np.uint16)]
    masks_of = written(tmp_path, *masks)
    assert label_arrays(masks_of, 4, 4).tolist() == [[[3] * 4] * 4, [[500] * 4] * 4]
    assert [labels.tolist() for labels in whole_labels(masks_of)] == [mask.tolist() for mask in masks]


def test_masks_in_memory():
    array = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2, 1)
    masks = ImageColumn("mask", ArrayImages(array))
    assert label_arrays(masks, 2, 2).tolist() == array[..., 0].tolist()
    assert label_arrays(masks.take(np.array([2, 0])), 2, 2).tolist() == array[[2, 0], ..., 0].tolist()


def test_unreadable_masks_are_named_in_their_order(tmp_path: Path):
    masks = written(tmp_path, *[np.zeros((2, 2), np.uint8)] * 2)
    (tmp_path / "1.png").write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        label_arrays(column(*masks.files(), "", tmp_path / "gone.png"), 2, 2)
    assert caught.value.message == "3 of 4 masks cannot be read"
    said = str(caught.value.received)
    parts = [f"{tmp_path}/1.png", "row 2 (no file is named)", f"{tmp_path}/gone.png (no such file)"]
    assert [said.index(part) for part in parts] == sorted(said.index(part) for part in parts)
    assert caught.value.fix == "replace these files, or remove their rows"
