"""IDX files: MNIST's names, parts, packed or not, and files that are not to be trusted."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import read, split_rows

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 5, 4), dtype=np.uint8)
LABELS = (np.arange(40) % 4).astype(np.uint8)


def idx(array: np.ndarray, shape: tuple[int, ...] | None = None, kind: int = 8) -> bytes:
    shape = array.shape if shape is None else shape
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def put(folder, name: str, content: bytes) -> str:
    packed = gzip.compress(content, mtime=0) if name.endswith(".gz") else content
    (folder / name).write_bytes(packed)
    return str(folder / name)


@pytest.mark.parametrize("between", ["-", "."])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_folder_of_two_parts(tmp_path, between, ending):
    for part, rows in (("train", slice(0, 30)), ("t10k", slice(30, 40))):
        put(tmp_path, f"{part}-images{between}idx3-ubyte{ending}", idx(IMAGES[rows]))
        put(tmp_path, f"{part}-labels{between}idx1-ubyte{ending}", idx(LABELS[rows]))
    (tmp_path / "README.md").write_text("MNIST")
    table = read(tmp_path)
    assert table.names == ("image", "label", "split")
    np.testing.assert_array_equal(table.column("image").images.array[..., 0], IMAGES)
    np.testing.assert_array_equal(table.column("label").numbers(), LABELS)
    schema = schema_of(table, "label")
    assert schema.task == "multiclass" and schema.inputs[0].detail == "5x4x1"
    parts = split_rows(table, schema, seed=0)
    np.testing.assert_array_equal(parts.test, np.arange(30, 40))


def test_one_file_finds_its_labels(tmp_path):
    path = put(tmp_path, "emnist-letters-train-images-idx3-ubyte", idx(IMAGES))
    assert read(path).names == ("image",)
    put(tmp_path, "emnist-letters-train-labels-idx1-ubyte.gz", idx(LABELS))
    put(tmp_path, "emnist-digits-train-labels-idx1-ubyte.gz", idx(LABELS))
    assert read(path).names == ("image", "label")
    packed = put(tmp_path, "emnist-letters-train-images-idx3-ubyte.gz", idx(IMAGES[:3]))
    assert read(tmp_path).height == 40  # what is unpacked goes before
    with pytest.raises(DataError, match="expected 3 labels, got 40"):
        read(packed)


FILE, NAMES = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
ANEW = "\n  fix: fetch it anew"
LENGTH = ": the file is not as long as its head says; "
FAULTS = {
    "cut short": (idx(IMAGES)[:-1], f"{LENGTH}expected 800 values, got 799{ANEW}"),
    "too long": (idx(IMAGES) + b"\0", f"{LENGTH}expected 800 values, got more{ANEW}"),
    "a promise": (
        idx(IMAGES, (2**31, 2**15, 2**15)),
        f"{LENGTH}expected 2,305,843,009,213,693,952 values, got a file of 816 bytes{ANEW}",
    ),
    "another type": (
        idx(IMAGES, kind=0x0D),
        ": not the IDX file that its name says; expected unsigned bytes on 3 axes, got type 0x0d on 3\n"
        "  fix: images are unsigned bytes (n, y, x), labels unsigned bytes (n)",
    ),
    "labels": (
        idx(LABELS),
        ": not the IDX file that its name says; expected unsigned bytes on 3 axes, got type 0x08 on 1\n"
        "  fix: images are unsigned bytes (n, y, x), labels unsigned bytes (n)",
    ),
    "something else": (b"a,b\n1,2\n", f": this is no IDX file{ANEW}"),
    "a head only": (idx(IMAGES)[:8], f": the file ends within its head{ANEW}"),
    "no image": (idx(IMAGES, (0, 5, 4)), ": there is no image; got shape (0, 5, 4)"),
    "empty": (b"", ": the file is empty\n  fix: check that it was written to the end"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_fix(tmp_path, fault):
    content, message = FAULTS[fault]
    path = put(tmp_path, FILE, content)
    for source in (path, tmp_path):
        with pytest.raises(DataError) as caught:
            read(source)
        assert str(caught.value) == path + message


def test_packed_promises_are_bounded(tmp_path):
    path = put(tmp_path, f"{FILE}.gz", idx(IMAGES, (2**31, 2**15, 2**15)))
    with pytest.raises(DataError, match="not as long as its head says"):
        read(path)
    path = put(tmp_path, f"{FILE}.gz", idx(IMAGES, (41, 5, 4)))
    with pytest.raises(DataError, match="expected 820 values, got 800"):
        read(path)
    (tmp_path / f"{FILE}.gz").write_bytes(idx(IMAGES))
    with pytest.raises(DataError, match="not a whole gzip file"):
        read(path)


def test_labels_alone(tmp_path):
    path = put(tmp_path, NAMES, idx(LABELS))
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: these are labels without images\n"
        "  fix: give train-images-idx3-ubyte, which finds its labels"
    )


def test_several_sets_in_one_folder(tmp_path):
    for name in ("a-train", "b-train"):
        put(tmp_path, f"{name}-images-idx3-ubyte", idx(IMAGES))
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: several files hold the train images; got a-train-images-idx3-ubyte and "
        f"b-train-images-idx3-ubyte\n  fix: name one of them: {tmp_path}/b-train-images-idx3-ubyte"
    )


def test_parts_that_do_not_fit(tmp_path):
    put(tmp_path, FILE, idx(IMAGES))
    put(tmp_path, "t10k-images-idx3-ubyte", idx(IMAGES[:, :4]))
    with pytest.raises(DataError, match="images of different sizes; got train: 5x4, test: 4x4"):
        read(tmp_path)
    put(tmp_path, "t10k-images-idx3-ubyte", idx(IMAGES))
    put(tmp_path, NAMES, idx(LABELS))
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte: the labels of these images are missing"):
        read(tmp_path)


def test_altered_files_give_a_table_or_one_of_our_errors(tmp_path):
    random = np.random.default_rng(0)
    for content, name in ((idx(IMAGES), FILE), (gzip.compress(idx(IMAGES)), f"{FILE}.gz")):
        for _ in range(150):
            altered = bytearray(content)
            for place in random.integers(0, 24, 2):
                altered[place] = random.integers(256)
            (tmp_path / name).write_bytes(bytes(altered))
            try:
                assert read(tmp_path / name).height
            except DataError as error:
                assert name in str(error)


def test_real_sets(data_folder):
    for name in ("mnist", "fashion_mnist"):
        table = read(data_folder / name)
        assert table.height == 70_000 and table.column("image").images.array.shape[1:] == (28, 28, 1)
