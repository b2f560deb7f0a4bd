"""Arrays in files of their own, with what lies beside them."""

from __future__ import annotations

import numpy as np
import pytest

import lamina
from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.fingerprint import fingerprint

X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 0, 1, 0, 1])


def saved(folder, **arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


@pytest.mark.parametrize(("x", "y"), [("X", "y"), ("x", "Y"), ("data", "labels"), ("features", "target")])
def test_inputs_find_their_targets(tmp_path, x, y):
    saved(tmp_path, **{x: X, y: Y, "other": X})
    for path in (tmp_path, tmp_path / f"{x}.npy"):
        table = read(path)
        assert table.names == ("x0", "x1", "target")
        assert table.column("target").numbers().tolist() == Y.tolist()
    assert read(tmp_path / "other.npy").names == ("x0", "x1")


def test_parts_of_a_split(tmp_path):
    saved(tmp_path, X_train=X, y_train=Y, X_test=X[:2], y_test=Y[:2])
    table = read(tmp_path)
    assert table.names == ("x0", "x1", "target", "split") and table.height == 8
    assert table.labels("split").value(7) == "test"
    one = read(tmp_path / "X_test.npy")
    assert one.names == ("x0", "x1", "target") and one.height == 2


def test_names_and_weights_beside(tmp_path):
    saved(tmp_path, X=X, y=Y, sample_weight=np.ones(6), feature_names=np.array(["a", "b"]))
    assert read(tmp_path / "X.npy").names == read(tmp_path).names == ("a", "b", "target", "weight")


def test_images(tmp_path):
    table = read(saved(tmp_path, X=np.zeros((4, 8, 8), np.uint8), y=[0, 1, 0, 1]) / "X.npy")
    assert table.names == ("image", "label")
    assert fingerprint(table)[0] == sum(f.stat().st_size for f in tmp_path.iterdir())


def test_a_fingerprint_covers_both_files(tmp_path):
    before = fingerprint(read(saved(tmp_path, X=X, y=Y) / "X.npy"))
    assert before == fingerprint(read(tmp_path / "X.npy"))
    after = fingerprint(read(saved(tmp_path, y=1 - Y) / "X.npy"))
    assert before[0] == after[0] and before[1] != after[1]


def test_a_network_is_fitted_and_predicts(tmp_path):
    rows = np.random.default_rng(0).normal(size=(80, 2))
    saved(tmp_path, X=rows, y=(rows[:, 0] > 0).astype(int), new=rows[:5])
    net = lamina.fit(str(tmp_path), model="mlp", epochs=1)
    assert net.predict(tmp_path / "new.npy").shape == (5,)
    assert net.predict(tmp_path / "X.npy").shape == (80,)


def test_each_fault_is_told(tmp_path):
    saved(tmp_path, y=Y)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "y.npy")
    assert str(caught.value) == (
        f"{tmp_path}/y.npy: these are targets without inputs\n  fix: give the file of the inputs"
    )
    saved(tmp_path, X=X[:5])
    with pytest.raises(
        DataError, match=r"X\.npy: X and y do not fit; expected y of shape \(5,\), got \(6,\)"
    ):
        read(tmp_path / "X.npy")
    saved(tmp_path, X=np.zeros((2, 3, 4, 5, 6)))
    with pytest.raises(
        DataError, match=r"not a table of numbers; expected numbers of shape \(rows, columns\)"
    ):
        read(tmp_path / "X.npy")
    (tmp_path / "X.npy").unlink()
    saved(tmp_path, X_test=X, y_test=Y)
    with pytest.raises(DataError, match=r"no array of inputs.*\n  fix: numpy\.save\('X\.npy', inputs\)"):
        read(tmp_path)


def test_python_objects_are_refused(tmp_path):
    np.save(tmp_path / "X.npy", np.array([[1, "a"], [2, None]], object), allow_pickle=True)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "X.npy")
    assert str(caught.value) == (
        f"{tmp_path}/X.npy: holds arrays of Python objects\n  fix: save numbers and fixed-width texts only"
    )


def test_damaged_files(tmp_path):
    path = saved(tmp_path, X=X) / "X.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(
        DataError, match=r"X\.npy: the array is shorter than its header says\n  fix: write it anew"
    ):
        read(path)
    path.write_bytes(whole.replace(b"(6, 2)", b"(9999999999999, 2)"))
    with pytest.raises(DataError, match=r"X\.npy"):
        read(path)
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(
        DataError, match=r"not a whole \.npy file \(.*\)\n  fix: write it anew with numpy\.save"
    ):
        read(path)
