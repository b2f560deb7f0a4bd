"""One hash over all files that a table was read from."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
from PIL import Image

from lamina.data import read
from lamina.data.fingerprint import fingerprint, source_files
from lamina.modalities.blocks import claimed


def test_a_file_has_its_own_hash(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n1,2\n3,4\n")
    content = (tmp_path / "t.csv").read_bytes()
    assert fingerprint(read(tmp_path / "t.csv")) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_folder_may_move_but_not_change(tmp_path):
    for i in range(6):
        path = tmp_path / "a" / "xy"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(path)
    found = fingerprint(read(tmp_path / "a"))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert fingerprint(read(tmp_path / "b")) == found
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(tmp_path / "b" / "x" / "0.png")
    assert fingerprint(read(tmp_path / "b")) != found
    shutil.move(tmp_path / "a" / "x" / "0.png", tmp_path / "a" / "y" / "0.png")
    assert fingerprint(read(tmp_path / "a")) != found


def test_a_table_of_paths_counts_too(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "0.png")
    (tmp_path / "t.csv").write_text("file,y\n0.png,1\ngone.png,2\n")
    table = claimed(read(tmp_path / "t.csv")).table
    assert source_files(table) == [f"{tmp_path}/0.png", f"{tmp_path}/gone.png", f"{tmp_path}/t.csv"]
    first = fingerprint(table)
    (tmp_path / "t.csv").write_text("file,y\n0.png,2\ngone.png,1\n")
    assert fingerprint(read(tmp_path / "t.csv")) != first


def test_memory_has_none():
    assert fingerprint(read(np.zeros((3, 4, 4)), y=[0, 1, 0])) is None


def test_a_folder_of_idx_files_counts_all_of_them(tmp_path):
    for axes, kind in ((3, "images"), (1, "labels")):
        sizes = (2, 3, 3)[:axes]
        head = bytes([0, 0, 8, axes]) + b"".join(size.to_bytes(4, "big") for size in sizes)
        (tmp_path / f"train-{kind}-idx{axes}-ubyte").write_bytes(head + bytes(int(np.prod(sizes))))
    (tmp_path / "README").write_text("x")
    table = read(tmp_path)
    assert source_files(table) == [
        f"{tmp_path}/train-images-idx3-ubyte",
        f"{tmp_path}/train-labels-idx1-ubyte",
    ]
    assert source_files(table.take(np.array([0]))) == source_files(table)
