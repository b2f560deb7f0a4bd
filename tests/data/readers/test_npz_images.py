"""Images in NumPy archives, by the names of Keras, MedMNIST and others."""

from __future__ import annotations

import numpy as np
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import CellTable, read, split_rows

X = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3), dtype=np.uint8)
Y = np.arange(20) % 4


def saved(folder, **arrays) -> str:
    path = folder / "t.npz"
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("x", "labels"), ("data", "target")])
@pytest.mark.parametrize("gray", [False, True])
def test_one_part(tmp_path, names, gray):
    images = X[..., 0] if gray else X
    table = read(saved(tmp_path, **dict(zip(names, (images, Y.reshape(-1, 1)), strict=True))))
    assert isinstance(table, CellTable)
    assert table.names == ("image", "label")
    assert schema_of(table, "label").inputs[0].detail == ("6x5x1" if gray else "6x5x3")
    np.testing.assert_array_equal(table.column("image").images.array[..., 0], X[..., 0])
    assert table.remarks == ()


PARTS = [
    {"x_train": 12, "y_train": 12, "x_test": 8, "y_test": 8},
    {"train_images": 10, "train_labels": 10, "val_images": 4, "val_labels": 4, "test_images": 6,
     "test_labels": 6},
]  # fmt: skip


@pytest.mark.parametrize("sizes", PARTS)
def test_parts(tmp_path, sizes):
    arrays = {name: (X if "x" in name or "images" in name else Y)[:size] for name, size in sizes.items()}
    table = read(saved(tmp_path, **arrays, train_index=np.arange(5), classes=np.array(["a", "b"])))
    assert table.names == ("image", "label", "split")
    assert table.remarks == ("passed over, as neither images nor labels: 'train_index', 'classes'",)
    parts = split_rows(table, schema_of(table, "label"), seed=0, valid=0.25)
    held = [size for name, size in sizes.items() if name in ("x_test", "test_images")]
    assert len(parts.test) == held[0] and len(parts.valid)


def test_weights_and_no_labels(tmp_path):
    assert read(saved(tmp_path, X=X, y=Y, weight=np.ones(20))).names == ("image", "label", "weight")
    assert read(saved(tmp_path, X=X)).names == ("image",)


FAULTS = {
    "sizes": (
        {"x_train": X, "y_train": Y, "x_test": X[:, :4], "y_test": Y},
        ": the parts have different shapes; got train: (6, 5, 3), test: (4, 5, 3)",
    ),
    "channels first": (
        {"X": X.transpose(0, 3, 1, 2), "y": Y},
        ", array 'X': channels stand before the pixels; expected shape (n, y, x), (n, y, x, 1) or "
        "(n, y, x, 3), got shape (20, 3, 6, 5)\n  fix: X.transpose(0, 2, 3, 1)",
    ),
    "several labels": (
        {"X": X, "y": np.zeros((20, 3))},
        ": X and y do not fit; expected y of shape (20,), got (20, 3)",
    ),
    "NaN": (
        {"X": np.full((9, 4, 4), np.nan), "y": Y[:9]},
        ", array 'X', row 0: NaN or infinity in 9 images\n  fix: remove these images, or fix their values",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_fix(tmp_path, fault):
    arrays, message = FAULTS[fault]
    path = saved(tmp_path, **arrays)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == path + message
