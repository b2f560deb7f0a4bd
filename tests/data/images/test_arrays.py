"""Arrays as images: shapes, values, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import CellTable, read
from lamina.data.images.arrays import as_images
from lamina.tasks.audit import check

RAMP = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


@pytest.mark.parametrize("shape", [(9, 28, 28), (9, 28, 28, 1), (9, 28, 28, 3), (9, 3, 3, 3), (9, 2, 7, 3)])
def test_shapes_that_are_images(shape):
    table = read(np.zeros(shape, np.uint8), y=np.arange(9))
    assert isinstance(table, CellTable)
    assert table.names == ("image", "target")
    assert table.column("image").images.array.shape == (*shape[:3], shape[3] if len(shape) == 4 else 1)


VALUES = {
    "bytes": (RAMP, RAMP),
    "integers": (RAMP.astype(np.int64), RAMP),
    "fractions to 1": (RAMP / 255, RAMP),
    "fractions to 1, single": ((RAMP / 255).astype(np.float32), RAMP),
    "fractions to 255": (RAMP + 0.25, RAMP),
    "sixteen bits": (RAMP.astype(np.uint16) * 257, RAMP),
    "truth": (RAMP > 9, (RAMP > 9) * 255),
}
VALUES["fractions to 255"] = (np.minimum(RAMP + 0.25, 255.0), RAMP)


@pytest.mark.parametrize("name", VALUES)
def test_values_become_bytes(name):
    given, expected = VALUES[name]
    found = as_images(given, "X")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found[..., 0], expected)


def test_transparent_parts_become_white():
    clear = np.zeros((2, 8, 8, 4), np.uint8)
    clear[1, ..., 3] = 255
    found = as_images(clear, "X")
    assert found.shape == (2, 8, 8, 3) and (found[0] == 255).all() and (found[1] == 0).all()
    assert as_images(clear[..., 2:], "X").shape == (2, 8, 8, 1)


def test_weights_and_several_targets():
    table = read(np.zeros((4, 8, 8)), y=np.eye(4, 2), sample_weight=np.ones(4))
    assert table.names == ("image", "target_0", "target_1", "weight")
    assert schema_of(table, ("target_0", "target_1"), weight="weight").task == "multilabel"


def with_nan() -> np.ndarray:
    images = np.zeros((5, 8, 8))
    images[3, 1, 1], images[4, 0, 0] = np.nan, np.inf
    return images


SHAPES = "expected shape (n, y, x), (n, y, x, 1) or (n, y, x, 3)"
FLAT = "for a table, flatten them: X.reshape(len(X), -1)"
FAULTS = {
    "channels first": (
        lambda: np.zeros((9, 3, 32, 32)),
        f"X: channels stand before the pixels; {SHAPES}, got shape (9, 3, 32, 32)\n"
        "  fix: X.transpose(0, 2, 3, 1)",
    ),
    "gray, channels first": (
        lambda: np.zeros((9, 1, 28, 28)),
        f"X: channels stand before the pixels; {SHAPES}, got shape (9, 1, 28, 28)\n"
        "  fix: X.transpose(0, 2, 3, 1)",
    ),
    "either": (
        lambda: np.zeros((9, 3, 32, 3)),
        f"X: it is not clear which axis holds the channels; {SHAPES}, got shape (9, 3, 32, 3)\n"
        "  fix: give a square image, or (n, y, x) for gray",
    ),
    "neither": (
        lambda: np.zeros((9, 8, 8, 8)),
        f"X: these are no images; {SHAPES}, got shape (9, 8, 8, 8)\n  fix: {FLAT}",
    ),
    "one image": (
        lambda: np.zeros((32, 32, 3)),
        f"X: this looks like one image; {SHAPES}, got shape (32, 32, 3)\n"
        "  fix: for one image, give it an axis of its own: X[None]",
    ),
    "no image": (
        lambda: np.zeros((0, 8, 8)), f"X: there is no image; {SHAPES}, got shape (0, 8, 8)",
    ),
    "NaN": (
        with_nan,
        "X, row 3: NaN or infinity in 2 images\n  fix: remove these images, or fix their values",
    ),
    "below zero": (
        lambda: np.full((9, 8, 8), -0.5),
        "X: these are no levels of brightness; expected 0 to 255, or 0 to 1, got -0.5 to -0.5\n"
        f"  fix: scale them to 0 to 255; {FLAT}",
    ),
    "too large": (
        lambda: np.full((9, 8, 8), 4096),
        "X: these are no levels of brightness; expected 0 to 255, got 4096 to 4096\n"
        f"  fix: scale them to 0 to 255; {FLAT}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_fix(fault):
    make, message = FAULTS[fault]
    with pytest.raises(DataError) as caught:
        read(make())
    assert str(caught.value) == message


def test_lengths_that_do_not_fit():
    with pytest.raises(DataError, match="X and y are of unequal length; expected 9 rows, got 8 in y"):
        read(np.zeros((9, 8, 8)), y=np.zeros(8))


def test_images_without_labels_are_nothing_to_learn_from():
    for target in (None, "target"):
        with pytest.raises(DataError) as caught:
            check(np.zeros((9, 8, 8)), target).raise_errors()
        assert str(caught.value) == ("<arrays>: the images have no labels\n  fix: give one for each: y=...")
    with pytest.raises(DataError, match="column 'image': a column of images is no target"):
        schema_of(read(np.zeros((9, 8, 8)), y=np.zeros(9)), "image")
