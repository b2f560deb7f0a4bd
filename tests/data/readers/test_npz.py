"""NumPy archives: the usual names, and files that are not to be trusted."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import ArrayTable, read

X, Y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2


def saved(folder, **arrays) -> str:
    path = folder / "t.npz"
    np.savez(path, **arrays)
    return str(path)


@pytest.mark.parametrize(
    "names", [("X", "y"), ("x", "Y"), ("data", "target"), ("features", "labels"), ("arr_0", "arr_1")]
)
def test_usual_names(tmp_path, names):
    table = read(saved(tmp_path, **dict(zip(names, (X, Y), strict=True))))
    assert isinstance(table, ArrayTable)
    assert table.names == ("x0", "x1", "target")
    np.testing.assert_array_equal(table.matrix, X)
    assert table.where(1, "x0").endswith("t.npz, row 1, column 'x0'")


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "y_train", "X_test", "y_test"),
        ("train_x", "train_y", "test_x", "test_y"),
        ("x", "y", "x_test", "y_test"),
    ],
)
def test_parts_become_a_split(tmp_path, names):
    table = read(saved(tmp_path, **dict(zip(names, (X, Y, X[:2], Y[:2]), strict=True))))
    assert table.height == 8
    assert table.labels("split").distinct().values == ("test", "train")
    assert table.labels("split").value(6) == "test"
    assert schema_of(table, "target").split == "split"


def test_weights_and_names(tmp_path):
    table = read(
        saved(tmp_path, X=X, y=Y.reshape(-1, 1), sample_weight=np.ones(6), feature_names=np.array(["a", "b"]))
    )
    assert table.names == ("a", "b", "target", "weight")


def test_only_training_rows_make_no_split(tmp_path):
    assert read(saved(tmp_path, x_train=X, y_train=Y)).names == ("x0", "x1", "target")


FAULTS = {
    "no inputs": (
        {"a": X, "b": Y},
        ": there is no array of inputs; expected X and y, or x_train, y_train, x_test, y_test, "
        "got a (6, 2), b (6,)\n  fix: numpy.savez(path, X=inputs, y=targets)",
    ),
    "five axes": (
        {"X": np.zeros((6, 4, 4, 4, 4)), "y": Y},
        ", array 'X': not a table of numbers; expected numbers of shape (rows, columns), "
        "got float64 of shape (6, 4, 4, 4, 4)\n  fix: flatten all axes but the first",
    ),
    "lengths": ({"X": X, "y": Y[:3]}, ": X and y do not fit; expected y of shape (6,), got (3,)"),
    "widths": (
        {"x_train": X, "y_train": Y, "x_test": X[:, :1], "y_test": Y},
        ": the parts have different numbers of columns; got train: 2, test: 1",
    ),
    "types of targets": (
        {"x_train": X, "y_train": Y, "x_test": X, "y_test": np.zeros(6, "V8")},
        f": the parts have targets of different types; got train: {Y.dtype}, test: |V8\n"
        "  fix: save the targets of all parts with one type",
    ),
    "no targets": (
        {"x_train": X, "y_train": Y, "x_test": X},
        ", array 'x_test': inputs for test have no targets beside them\n  fix: add y_test",
    ),
    "no rows": ({"X": X[:0], "y": Y[:0]}, ": the table has no row\n  fix: add rows"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_fix(tmp_path, fault):
    arrays, message = FAULTS[fault]
    path = saved(tmp_path, **arrays)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == path + message


def test_python_objects_are_never_loaded(tmp_path):
    path = saved(tmp_path, X=np.array([[1, "a"], [2, None]], object), y=np.array([0, 1]))
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: holds arrays of Python objects\n  fix: save numbers and fixed-width texts only"
    )


def test_a_header_that_promises_more_than_the_file_holds(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2)}
    )
    path = tmp_path / "t.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", header.getvalue() + b"\0" * 64)
    with pytest.raises(DataError) as caught:
        read(str(path))
    assert str(caught.value) == (
        f"{path}: member 'X.npy' is shorter than its header says\n  fix: write it anew"
    )


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"PK\x03\x04" + b"\0" * 100])
def test_files_that_are_no_archive(tmp_path, content):
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=r"not a whole \.npz file \(.+\)\n  fix: write it anew with numpy\.savez"
    ):
        read(str(path))


def test_a_member_that_is_no_array(tmp_path):
    path = tmp_path / "t.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", b"hello world")
    with pytest.raises(DataError, match=r"member 'X\.npy' is no array\n  fix: write it with numpy\.savez"):
        read(str(path))
