"""Packed files: each kind is read, and what is damaged or too large is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile

import pytest

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.readers import Source
from lamina.data.readers.parsers import unpacking, zstandard

ROWS = "name,v\n" + "".join(f"n{i % 7},{i}\n" for i in range(100))
# `printf 'name,v\nx,1\ny,2\n' | zstd` and the same with --no-check, of libzstd 1.5
ZSTD = bytes.fromhex("28b52ffd04007900006e616d652c760a782c310a792c320a")


def zipped(members: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


PACKERS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zip": lambda content: zipped({"t.csv": content}),
}


def raw_block(content: bytes, last: bool = True) -> bytes:
    return (len(content) << 3 | last).to_bytes(3, "little") + content


def stored(content: bytes) -> bytes:
    """A frame of Zstandard whose one block is not packed (RFC 8878)."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + raw_block(content)


def written(folder, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_each_packing_is_read(tmp_path, packing, ending):
    content = ROWS.encode() if ending == ".csv" else b'{"name": "x", "v": 0}\n' * 100
    path = written(tmp_path, f"t{ending}{packing}", PACKERS[packing](content))
    table = read(path)
    assert table.names == ("name", "v") and table.height == 100
    assert Source(path).head == content[:4096]


def test_another_encoding_in_a_packed_file(tmp_path):
    table = read(written(tmp_path, "t.csv.bz2", bz2.compress("é,v\nx,1\n".encode("latin-1"))))
    assert table.names == ("é", "v")


def test_zstandard(tmp_path):
    path = written(tmp_path, "t.csv.zst", stored(ROWS.encode()))
    assert read(path).height == 100 and Source(path).head == ROWS.encode()[:4096]
    skipped = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
    assert read(written(tmp_path, "s.csv.zst", skipped + stored(ROWS.encode()))).height == 100
    twice = stored(ROWS.encode()) + skipped + stored(b"x,1\n")
    assert read(written(tmp_path, "t.csv.zst", twice)).height == 101
    pyarrow = pytest.importorskip("pyarrow")
    packed = pyarrow.compress(ROWS.encode(), codec="zstd", asbytes=True)
    assert read(written(tmp_path, "p.csv.zst", packed)).height == 100


@pytest.mark.parametrize(
    "text", [b'a;b\r\n1;"x\ny"\r\n\r\n2;z', b"one line", b"  \n\n x", "é\u2028ü".encode(), b"a\n" * 100_000]
)
def test_polars_unpacks_every_byte(text):
    blocks = [text[i : i + 100_000] for i in range(0, len(text), 100_000)]
    packed = b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(raw_block(b, b is blocks[-1]) for b in blocks)
    assert zstandard.by_polars(packed) == text
    assert zstandard.most_unpacked(packed) == len(text)


def test_zstandard_of_what_is_not_utf8(tmp_path, monkeypatch):
    monkeypatch.setattr(zstandard, "_of_library", lambda: None)
    path = written(tmp_path, "t.csv.zst", stored("é,v\nx,1\n".encode("latin-1")))
    with pytest.raises(
        DataError, match=r"holds what is not UTF-8 text \(.*\)\n  fix: unpack it first \(unzstd\)"
    ):
        read(path)


DAMAGED = {
    "never packed": (".zst", b"a,b\n1,2\n", "Zstandard"),
    "cut off": (".zst", stored(ROWS.encode())[:50], "Zstandard"),
    "cut off in the head": (".zst", b"\x28\xb5\x2f\xfd", "Zstandard"),
    "a block of no kind": (".zst", b"\x28\xb5\x2f\xfd\x00\x58\x0f\x00\x00x", "Zstandard"),
    "no bzip2": (".bz2", b"a,b\n1,2\n", "bzip2"),
    "bzip2 cut off": (".bz2", bz2.compress(ROWS.encode())[:40], "bzip2"),
    "no xz": (".xz", b"a,b\n1,2\n", "xz"),
    "xz cut off": (".xz", lzma.compress(ROWS.encode())[:40], "xz"),
    "no zip": (".zip", b"a,b\n1,2\n", "zip"),
    "zip cut off": (".zip", zipped({"t.csv": ROWS})[:40], "zip"),
    "zip altered": (".zip", zipped({"t.csv": ROWS})[:50] + b"\0\0" + zipped({"t.csv": ROWS})[52:], "zip"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_files(tmp_path, case):
    ending, content, kind = DAMAGED[case]
    path = written(tmp_path, f"t.csv{ending}", content)
    with pytest.raises(
        DataError, match=rf"not a whole {kind} file \(.+\)\n  fix: compress it anew, or rename"
    ):
        read(path)


def test_an_archive_holds_one_table(tmp_path):
    one = {"a/t.csv": ROWS, "__MACOSX/a/._t.csv": "x", "a/.DS_Store": "x"}
    assert read(written(tmp_path, "one.zip", zipped(one))).height == 100
    several = zipped({f"t{i}.csv": ROWS for i in range(7)})
    message = "holds 7 files; expected one table, got t0.csv, t1.csv, t2.csv, t3.csv, t4.csv …"
    for name in ("several.zip", "several.csv.zip"):
        with pytest.raises(DataError, match=f"{message}\n  fix: unpack it and name one of them"):
            read(written(tmp_path, name, several))
    with pytest.raises(DataError, match="the archive holds no file\n  fix: put the table into it"):
        read(written(tmp_path, "none.zip", zipped({})))
    with pytest.raises(
        DataError, match=r"a '\.parquet\.zip' file is not read\n  fix: unpack it first: unzip"
    ):
        read(written(tmp_path, "other.zip", zipped({"t.parquet": b"PAR1"})))


def test_a_protected_archive(tmp_path):
    content = bytearray(zipped({"t.csv": ROWS}))
    content[content.index(b"PK\x01\x02") + 8] |= 1  # "encrypted" in the directory (PKWARE, APPNOTE 4.4.4)
    with pytest.raises(DataError, match="the archive is protected by a password\n  fix: unpack it first"):
        read(written(tmp_path, "t.csv.zip", bytes(content)))


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zip", ".zst"])
def test_what_unpacks_to_far_more_than_a_table_is_refused(tmp_path, packing, monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_UNPACKED", 1 << 16)
    monkeypatch.setattr(unpacking, "MOST_PACKED", 50)
    repeated = b"\x28\xb5\x2f\xfd\x00\x58" + (100_000 << 3 | 3).to_bytes(3, "little") + b"a"
    content = repeated if packing == ".zst" else PACKERS[packing](b"a" * 100_000)
    with pytest.raises(DataError, match="unpacks to more than 50 times its size, which no table does"):
        read(written(tmp_path, f"t.csv{packing}", content))


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = written(tmp_path, "t.csv.bz2", bz2.compress(ROWS.encode()))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bz2, "open", refuse)
    with pytest.raises(DataError, match=r"t\.csv\.bz2: cannot be read \(Permission denied\)"):
        read(path)
    assert Source(path).head == b""
