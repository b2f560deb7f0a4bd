"""Exactly one reader claims a source, and none is loaded before it is asked for."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.data.readers.workbooks import xlsx

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.array_table import ArrayTable
from lamina.data.readers import READERS, AbstractReader, Source, read_source, reader_of

HEAVY = ("jax", "jaxlib", "polars", "pandas", "PIL", "zipfile")
FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)


def idx(path: Path, axes: int, compress: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = (2, 3, 3)[:axes]
    content = bytes([0, 0, 8, axes]) + b"".join(n.to_bytes(4, "big") for n in sizes) + bytes(np.prod(sizes))
    path.write_bytes(gzip.compress(content) if compress else content)


def zipped(path: Path, member: str, content: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)


def idx_folder(path: Path) -> None:
    idx(path / "train-images-idx3-ubyte.gz", 3, compress=True)
    idx(path / "train-labels-idx1-ubyte.gz", 1, compress=True)


def idx_among_images(path: Path) -> None:
    idx_folder(path)
    image(path / "cat" / "1.png")


SAMPLES = {
    "t.csv": ("delimited", lambda path: FRAME.write_csv(path)),
    "T.CSV": ("delimited", lambda path: FRAME.write_csv(path)),
    "t.tsv": ("delimited", lambda path: FRAME.write_csv(path, separator="\t")),
    "t.csv.gz": ("delimited", lambda path: path.write_bytes(gzip.compress(FRAME.write_csv().encode()))),
    "t.jsonl": ("jsonl", lambda path: FRAME.write_ndjson(path)),
    "t.ndjson": ("jsonl", lambda path: FRAME.write_ndjson(path)),
    "t.jsonl.gz": ("jsonl", lambda path: path.write_bytes(gzip.compress(FRAME.write_ndjson().encode()))),
    "t.parquet": ("columnar", lambda path: FRAME.write_parquet(path)),
    "t.feather": ("columnar", lambda path: FRAME.write_ipc(path)),
    "t.arrow": ("columnar", lambda path: FRAME.write_ipc(path)),
    "t.npz": ("npz", lambda path: np.savez(path, X=np.eye(2), y=[0, 1])),
    "images.npz": ("npz", lambda path: np.savez(path, X=np.zeros((2, 4, 4), np.uint8), y=[0, 1])),
    "t.json": ("json", lambda path: FRAME.write_json(path)),
    "t.csv.zip": ("delimited", lambda path: zipped(path, "t.csv", FRAME.write_csv())),
    "t.conll": ("conll", lambda path: path.write_text("Bonn B-city\n")),
    "t.bio.gz": ("conll", lambda path: path.write_bytes(gzip.compress(b"Bonn B-city\n"))),
    "t.zip": ("jsonl", lambda path: zipped(path, "a/t.jsonl", FRAME.write_ndjson())),
    "t.tsv.bz2": ("delimited", lambda path: path.write_bytes(bz2.compress(FRAME.write_csv().encode()))),
    "t.csv.xz": ("delimited", lambda path: path.write_bytes(lzma.compress(FRAME.write_csv().encode()))),
    "t.xlsx": ("spreadsheet", lambda path: xlsx(path, {"S": [["a", "b"], [1, "x"], [2, "y"]]})),
    "X.npy": ("npy", lambda path: np.save(path, np.eye(2))),
    "arrays": ("npy", lambda path: (path.mkdir(), np.save(path / "X.npy", np.eye(2)))),
    "t10k-images-idx3-ubyte": ("idx", lambda path: idx(path, 3)),
    "train-images.idx3-ubyte.gz": ("idx", lambda path: idx(path, 3, compress=True)),
    "mnist": ("idx", idx_folder),
    "mnist.csv": ("idx", idx_folder),
    "both": ("idx", idx_among_images),
    "flat": ("image_folder", lambda path: image(path / "1.png")),
    "classes": ("image_folder", lambda path: (image(path / "cat" / "1.png"), image(path / "dog" / "1.JPG"))),
    "splits": ("image_folder", lambda path: image(path / "train" / "cat" / "1.png")),
    "folder.png": ("image_folder", lambda path: image(path / "1.png")),
    "one.png": ("image_file", image),
    "one.JPEG": ("image_file", image),
}


def claiming(source: Source) -> list[str]:
    return [name for name in READERS if READERS[name].claims(source)]


@pytest.mark.parametrize("name", SAMPLES)
def test_one_reader_claims_a_source_and_reads_it(tmp_path, name):
    reader, make = SAMPLES[name]
    make(tmp_path / name)
    source = Source(str(tmp_path / name))
    assert claiming(source) == [reader] == [reader_of(source).name]
    assert read_source(source).height >= 1


def test_standard_input_is_delimited():
    assert claiming(Source("-")) == ["delimited"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "t.sav",
        "noending",
        "t.parquet.gz",
        "t.npz.gz",
        "t.npy.gz",
        "t.xlsx.gz",
        "t.CSV.GZ",
        "t.zip",
        "empty",
    ],
)
def test_nobody_claims_what_nobody_reads(tmp_path, name):
    (tmp_path / "empty").mkdir()
    if name and name != "empty":
        (tmp_path / name).write_bytes(b"x")
    path = str(tmp_path / name) if name else ""
    assert claiming(Source(path)) == []
    with pytest.raises(DataError):
        read(path)


def test_a_file_that_is_absent_is_told_by_its_reader(tmp_path):
    for name in SAMPLES:
        with pytest.raises(DataError, match="no such file"):
            read(tmp_path / "gone" / name)


def test_every_reader_is_registered_under_its_name():
    for name, reader in READERS.items():
        assert isinstance(reader, AbstractReader) and reader.name == name
    with pytest.raises(Exception, match=r"unknown reader 'npyz' \(did you mean 'npz'\?\)"):
        READERS["npyz"]


class Lines(AbstractReader):
    """Read text as one column, told by its head."""

    name = "lines"

    def __init__(self, ending):
        self.ending = ending

    def claims(self, source):
        return source.ending == self.ending and source.head.startswith(b"#lines")

    def read(self, source):
        lines = source.head.decode().splitlines()[1:]
        return ArrayTable(np.empty((len(lines), 0)), [], {"line": np.array(lines)}, source=source.path)


def test_a_new_reader_needs_no_other_change(tmp_path, monkeypatch):
    monkeypatch.setitem(READERS._entries, "lines", Lines(".list"))
    (tmp_path / "a.list").write_text("#lines\none\ntwo\n")
    assert read(tmp_path / "a.list").column("line").value(1) == "two"
    (tmp_path / "b.list").write_text("one\ntwo\n")
    with pytest.raises(DataError, match=r"no table is read from a '\.list' file"):
        read(tmp_path / "b.list")


def test_two_readers_that_claim_one_source_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(READERS._entries, "lines", Lines(".jsonl"))
    (tmp_path / "a.jsonl").write_text("#lines\none\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.jsonl")
    assert str(caught.value) == (
        f"{tmp_path}/a.jsonl: readers 'jsonl' and 'lines' both claim it\n  fix: remove one of the readers"
    )


def loaded(script: str) -> str:
    """Heavy modules that a script has loaded in a fresh interpreter, numpy aside."""
    script += f"\nimport sys; print([m for m in {HEAVY} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_neither_the_room_nor_a_claim_loads_anything_heavy(tmp_path):
    assert loaded("import lamina.data.readers, lamina.data.source") == "[]"
    image(tmp_path / "cat" / "1.png")
    (tmp_path / "t.csv").write_text("a\n1\n")
    for path in (tmp_path, tmp_path / "t.csv"):
        assert loaded(f"from lamina.data.readers import *; reader_of(Source({str(path)!r}))") == "[]"
