"""Files that cannot be read, each with the answer: cases of ``test_bad_input.py``, and their makers."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lamina.core.errors import ConfigError, DataError, LaminaError

ROWS = 60
RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=ROWS).round(3).tolist()
LABELS = [["no", "yes"][i] for i in RANDOM.integers(0, 2, ROWS)]
X = RANDOM.normal(size=(ROWS, 2))
Y = np.arange(ROWS) % 2


def frame(**columns: Any) -> pl.DataFrame:
    """A good table, with columns added or replaced."""
    return pl.DataFrame({"a": NOISE, "y": LABELS} | columns, strict=False)


def table(name: str = "t.csv", **columns: Any) -> Callable[[], None]:
    """A maker of such a table as a file."""
    return lambda: frame(**columns).write_csv(name)


def written(content: str | bytes, name: str = "t.csv") -> Callable[[], None]:
    """A maker of a file with the given content."""
    return lambda: Path(name).write_bytes(content.encode() if isinstance(content, str) else content) and None


def archive(name: str = "t.npz", **arrays: Any) -> Callable[[], None]:
    """A maker of a NumPy archive."""
    return lambda: np.savez(name, **arrays)


def with_cell(values: Any, row: int, cell: Any) -> list[Any]:
    return [cell if i == row else value for i, value in enumerate(values)]


def both(*makers: Callable[[], None]) -> Callable[[], None]:
    return lambda: [make() for make in makers] and None


def parquet() -> bytes:
    stream = io.BytesIO()
    frame().write_parquet(stream)
    return stream.getvalue()


def feather() -> bytes:
    stream = io.BytesIO()
    frame().write_ipc(stream)
    return stream.getvalue()


def zipped() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, X=X, y=Y)
    return stream.getvalue()


def archive_of(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "a,y\n1,2\n")
    return stream.getvalue()


ZIP = archive_of("a.csv", "b.csv")
CSV = frame().write_csv().encode()
PARQUET, FEATHER, NPZ, GZIP = parquet(), feather(), zipped(), gzip.compress(CSV, mtime=0)


@dataclass(frozen=True)
class Case:
    """A bad input: what makes it, what is asked of it, and the answer."""

    make: Callable[[], None]
    message: str
    data: str = "t.csv"
    target: str | None = "y"
    test: str | None = None
    keys: dict[str, Any] = field(default_factory=dict)
    kind: type[LaminaError] = DataError
    by_check: bool = True


def fault(make: Callable[[], None], message: str, **rest: Any) -> Case:
    return Case(make, message, **rest)


def file(name: str, content: str | bytes, message: str) -> Case:
    return Case(written(content, name), message, data=name)


DIFFERENT = "\n  fix: give it the ending of its type"
ANEW = "\n  fix: write the file anew"
WRITTEN = "\n  fix: check that it was written to the end"
FILES = {
    "missing": fault(
        written("", "tt.csv"), "t.csv: no such file\n  fix: did you mean 'tt.csv'?"
    ),
    "no path": fault(
        lambda: None, "the path is an empty text\n  fix: give the path of a file", data=""
    ),
    "a folder": fault(
        lambda: Path("t.csv").mkdir(),
        "t.csv: the folder is empty; expected files ending in "
        ".png .jpg .jpeg .jfif .webp .tif .tiff .bmp .gif\n"
        "  fix: put the images of each class into a folder of its own, such as t.csv/cat/1.jpg",
    ),
    "a link to nothing": fault(
        lambda: os.symlink("gone.csv", "t.csv"),
        "t.csv: a link that leads nowhere\n  fix: it points to gone.csv",
    ),
    "a pipe": fault(
        lambda: os.mkfifo("t.csv"),
        "t.csv: is a pipe or device, not a table\n"
        "  fix: save it as a file, or give - for CSV on standard input",
    ),
    "a name too long": fault(
        lambda: None,
        f"{'a' * 200}: cannot be read (File name too long)\n  fix: check the path",
        data="a" * 300 + ".csv",
    ),
    "a name that is no UTF-8": fault(
        lambda: Path(os.fsdecode(b"caf\xe9.csv")).write_bytes(CSV) and None,
        "caf\\xe9.csv: the name of the file is not UTF-8 text\n"
        "  fix: rename the file with letters of UTF-8",
        data=os.fsdecode(b"caf\xe9.csv"),
    ),
    "empty": file("t.csv", "", f"t.csv: the file is empty{WRITTEN}"),
    "empty Parquet": file("t.parquet", "", f"t.parquet: the file is empty{WRITTEN}"),
    "empty archive": file("t.npz", "", f"t.npz: the file is empty{WRITTEN}"),
    "only a header": file(
        "t.csv",
        "a,y\n",
        "t.csv: there is a header, but no row below it\n  fix: add rows below the header",
    ),
    "Parquet as CSV": file("t.csv", PARQUET, f"t.csv: this is a Parquet file, not text{DIFFERENT}"),
    "Arrow as JSON": file("t.jsonl", FEATHER, f"t.jsonl: this is an Arrow file, not text{DIFFERENT}"),
    "gzip as CSV": file("t.csv", GZIP, f"t.csv: this is a gzip file, not text{DIFFERENT}"),
    "Excel as CSV": file(
        "t.csv",
        b"PK\x03\x04....",
        f"t.csv: this is a ZIP archive (an .xlsx or .npz file is one), not text{DIFFERENT}",
    ),
    "an image as CSV": file(
        "t.csv", b"\x89PNG\r\n\x1a\n", f"t.csv: this is a PNG image, not text{DIFFERENT}"
    ),
    "anything as CSV": file(
        "t.csv",
        bytes(range(256)),
        "t.csv: this is a binary file, not text\n"
        "  fix: export the table as CSV (UTF-8) and read that",
    ),
    "CSV as Parquet": file(
        "t.parquet",
        CSV,
        "t.parquet: this is no Parquet file\n  fix: give the file the ending of its type",
    ),
    "CSV as Arrow": file(
        "t.feather",
        CSV,
        "t.feather: this is no Arrow file\n"
        "  fix: give the file the ending of its type; Feather version 1 must be saved anew",
    ),
    "CSV as archive": file(
        "t.npz",
        CSV,
        "t.npz: not a whole .npz file (File is not a zip file)\n"
        "  fix: write it anew with numpy.savez",
    ),
    "CSV as JSON": file(
        "t.jsonl",
        CSV,
        "t.jsonl, line 1: not JSON (Expecting value: line 1 column 1 (char 0))\n"
        '  fix: write one object per line, such as {"age": 31, "price": 7.5}',
    ),
    "CSV as gzip": file(
        "t.csv.gz",
        CSV,
        "t.csv.gz: not a whole gzip file (Not a gzipped file (b'a,'))\n"
        "  fix: compress it anew, or rename it if it was never compressed",
    ),
    "an ending unknown": file(
        "t.sav",
        CSV,
        "t.sav: no table is read from a '.sav' file; expected one of .csv .tsv .parquet .feather "
        ".arrow .jsonl .ndjson .json .conll .bio .iob .xlsx .xlsm .xlsb .xls .ods .npy .npz "
        "(.csv .tsv .jsonl .ndjson .json also .gz .bz2 .xz .zst .zip)\n"
        "  fix: rename the file after its type, or convert it",
    ),
    "Parquet in gzip": file(
        "t.parquet.gz",
        gzip.compress(PARQUET),
        "t.parquet.gz: a '.parquet.gz' file is not read\n  fix: unpack it first: gunzip t.parquet.gz",
    ),
    "gzip cut short": file(
        "t.csv.gz",
        GZIP[: len(GZIP) // 2],
        "t.csv.gz: not a whole gzip file (Compressed file ended before the end-of-stream marker was "
        "reached)\n  fix: compress it anew, or rename it if it was never compressed",
    ),
    "Parquet cut short": file(
        "t.parquet",
        PARQUET[:-100],
        f"t.parquet: damaged Parquet file (it is cut short: its end is not there){ANEW}",
    ),
    "Parquet of four bytes": file(
        "t.parquet",
        b"PAR1",
        f"t.parquet: damaged Parquet file (it is cut short: its end is not there){ANEW}",
    ),
    "Parquet overwritten": file(
        "t.parquet",
        PARQUET[:-8] + b"\xff\xff\xff\x7fPAR1",
        "t.parquet: damaged Parquet file (its directory of 2,147,483,647 bytes does not fit into "
        f"{len(PARQUET):,}){ANEW}",
    ),
    "Arrow cut short": file(
        "t.feather",
        FEATHER[:-100],
        f"t.feather: damaged Arrow file (it is cut short: its end is not there){ANEW}",
    ),
    "Arrow overwritten": file(
        "t.feather",
        FEATHER[:-10] + bytes(4) + b"ARROW1",
        f"t.feather: damaged Arrow file (its directory of 0 bytes does not fit into {len(FEATHER):,}){ANEW}",
    ),
    "archive cut short": file(
        "t.npz",
        NPZ[:-100],
        "t.npz: not a whole .npz file (File is not a zip file)\n"
        "  fix: write it anew with numpy.savez",
    ),
    "JSON cut short": file(
        "t.jsonl",
        '{"a": 1, "y": 2}\n{"a":\n',
        "t.jsonl, line 2: not JSON (Expecting value: line 1 column 6 (char 5))\n"
        '  fix: write one object per line, such as {"age": 31, "price": 7.5}',
    ),
    "another encoding": file(
        "t.csv",
        CSV + "0.5,размер\n".encode("cp1251") * 60,
        "t.csv, line 62: byte 0xf0 is not UTF-8 text\n"
        "  fix: correct the line, or name the encoding of the file, as encoding=windows-1251 (Cyrillic) "
        "or encoding=shift_jis (Japanese)",
    ),
    "damaged UTF-8": file(
        "t.csv",
        CSV + "0.5,größe\n".encode() * 3 + b"0.5,gr\xf6\n",
        "t.csv, line 65: byte 0xf6 is not UTF-8 text\n"
        "  fix: correct the line, or name the encoding of the file, as encoding=windows-1251 (Cyrillic) "
        "or encoding=shift_jis (Japanese)",
    ),
    "not the encoding that was named": Case(
        written(CSV + "0.5,größe\n".encode("latin-1")),
        "t.csv, line 62: byte 0xf6 is not UTF-8 text\n"
        "  fix: correct the line, or name the encoding of the file: encoding=windows-1252",
        keys={"encoding": "utf-8"},
    ),
    "no encoding": Case(
        written(CSV),
        "encoding is out of range; expected a name that Python knows, such as utf-8, windows-1252, utf-16 "
        "or shift_jis, got 'utf-88'",
        keys={"encoding": "utf-88"},
        kind=ConfigError,
    ),
    "a key of another file": Case(
        written(CSV),
        "key 'sheet' belongs to spreadsheet files; this run reads CSV and TSV files\n  fix: leave it out",
        keys={"sheet": 2},
        kind=ConfigError,
    ),
    "several tables in an archive": file(
        "t.zip",
        ZIP,
        "t.zip: the archive holds 2 files; expected one table, got a.csv, b.csv\n"
        "  fix: unpack it and name one of them",
    ),
    "CSV as workbook": file(
        "t.xlsx",
        CSV,
        "t.xlsx: not a whole workbook (invalid Zip archive: Could not find EOCD)\n"
        "  fix: save it anew, or export the sheet as CSV",
    ),
    "CSV as an array": file(
        "t.npy",
        CSV,
        "t.npy: not a whole .npy file (the magic string is not correct; expected b'\\x93NUMPY', got "
        "b'a,y\\n0.')\n  fix: write it anew with numpy.save",
    ),
    "one object": file(
        "t.json",
        '{"a": 1}',
        "t.json: not an array of JSON objects; got one object\n"
        '  fix: write [{"age": 31, "price": 7.5}, …]; pandas does with to_json(path, orient="records")',
    ),
    "GraphML with a document type": file(
        "t.graphml",
        '<?xml version="1.0"?>\n<!DOCTYPE g [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<graphml>&e;</graphml>',
        "t.graphml, line 2: declares a document type, which may name other files and make entities\n"
        "  fix: remove <!DOCTYPE …>",
    ),
    "GraphML cut short": file(
        "t.graphml", "<graphml>\n<graph>", "t.graphml, line 2: not XML (no element found)" + ANEW
    ),
    "links without nodes": file(
        "t.json",
        '{"nodes": [{"id": 1, "y": 2}], "links": [{"source": 1, "target": 2}]}',
        "t.json, edge 0: 1 edge of nodes that are not there, such as '2'; expected a node of t.json\n"
        "  fix: add the nodes, or remove the edges",
    ),
    "a zero byte": file(
        "t.csv",
        CSV * 10 + b"\0,no\n",
        "t.csv, line 611: there is a NUL byte\n"
        "  fix: write the file anew: it is damaged, or not text",
    ),
    "a row too long": file(
        "t.csv",
        CSV + b"0.5,no,7\n0.5,no\n",
        "t.csv, line 62: ragged row: 3 fields where the header has 2\n"
        "  fix: put quotes around a value that contains the separator, or remove the surplus",
    ),
    "a row too short": file(
        "t.csv",
        CSV + b"0.5\n0.5,no\n",
        "t.csv, line 62: ragged row: 1 fields where the header has 2\n"
        "  fix: fill the missing fields (an empty field is allowed), or remove the line",
    ),
    "an open quote": file(
        "t.csv",
        CSV + b'"0.5,no\n0.5,no\n',
        "t.csv, line 62: a quote is opened here and never closed\n"
        '  fix: close it, or write "" for a quote that belongs to the value',
    ),
    "twin columns": file(
        "t.csv",
        "a,a,y\n1,2,no\n",
        "t.csv, line 1: column name 'a' stands 2 times (columns 1, 2)\n"
        "  fix: give every column a name of its own",
    ),
}  # fmt: skip
