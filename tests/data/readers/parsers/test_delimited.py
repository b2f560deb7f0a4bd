"""CSV in all its dialects, and the exact words for what is wrong with one."""

from __future__ import annotations

import gzip
import io
import sys

import numpy as np
import pytest
from tests.casting import schema_of

from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.readers.parsers import records

ROWS = "".join(f"{i * 7 % 13}.5,{'abc'[i % 3]},{i % 2}\n" for i in range(30))


def written(folder, name: str, content: bytes | str):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


DIALECTS = {
    "plain": "a,b,y\n" + ROWS,
    "no last line end": ("a,b,y\n" + ROWS).rstrip(),
    "carriage returns": ("a,b,y\n" + ROWS).replace("\n", "\r\n"),
    "old Mac": ("a,b,y\n" + ROWS).replace("\n", "\r"),
    "semicolons": ("a,b,y\n" + ROWS).replace(",", ";"),
    "decimal commas": ("a,b,y\n" + ROWS).replace(",", ";").replace(".", ","),
    "tabs": ("a,b,y\n" + ROWS).replace(",", "\t"),
    "bars": ("a,b,y\n" + ROWS).replace(",", "|"),
    "blanks": "a, b ,y\n" + ROWS.replace(",", " , "),
    "byte-order mark": "\ufeffa,b,y\n" + ROWS,
    "quoted": '"a","b","y"\n'
    + "".join(f'"{line.replace(",", chr(34) + "," + chr(34))}"\n' for line in ROWS.split()),
    "last separator": "".join(line + ",\n" for line in ("a,b,y\n" + ROWS).split()),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_table(tmp_path, dialect):
    expected = read(written(tmp_path, "plain.csv", DIALECTS["plain"]))
    table = read(written(tmp_path, "other.csv", DIALECTS[dialect]))
    assert table.names == ("a", "b", "y")
    for name in table.names:
        assert table.column(name).distinct().values == expected.column(name).distinct().values or name == "a"
        np.testing.assert_array_equal(table.column("a").numbers(), expected.column("a").numbers())
    assert [table.line(row) for row in (0, 29)] == [2, 31]


@pytest.mark.parametrize("name", ["t[1].csv", "t?.csv", "t*.csv"])
def test_a_name_is_no_pattern(tmp_path, name):
    written(tmp_path, "t1.csv", "a,y\n5,6\n7,8\n")
    assert read(written(tmp_path, name, "a,y\n1,2\n3,4\n")).column("a").numbers().tolist() == [1, 3]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.tsv.gz"])
def test_packed_files(tmp_path, name):
    text = DIALECTS["tabs"] if "tsv" in name else DIALECTS["plain"]
    assert read(written(tmp_path, name, gzip.compress(text.encode()))).height == 30


def test_utf16_gives_itself_away(tmp_path):
    table = read(written(tmp_path, "t.csv", "näme,y\nü,1\nö,2\n".encode("utf-16")))
    assert table.names == ("näme", "y")
    assert table.labels("näme").value(0) == "ü"


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DIALECTS["plain"].encode())))
    table = read("-")
    assert table.source == "<stdin>"
    assert table.where(0, "a") == "<stdin>, line 2, column 'a'"


def test_words_for_missing(tmp_path):
    words = ["?", "", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", " ? "]
    table = read(written(tmp_path, "t.csv", "a,b\n" + "".join(f"{w},1\n" for w in words) + "3,1\n"))
    assert table.column("a").missing().tolist() == [True] * len(words) + [False]
    assert table.column("a").numbers()[-1] == 3.0


def test_lines_are_those_of_the_file(tmp_path):
    text = 'a,b\n\n"one\ntwo, ""three""",1\n\n\nx,2\n"y\n\n",3\nz,4\n\n'
    table = read(written(tmp_path, "t.csv", text))
    assert [table.line(row) for row in range(4)] == [3, 7, 8, 11]
    assert [table.column("b").value(row) for row in range(4)] == [1, 2, 3, 4]
    assert table.labels("a").value(0) == 'one\ntwo, "three"'
    assert table.where(1, "b").endswith("t.csv, line 7, column 'b'")
    assert table.take(np.array([3])).line(0) == 11


def test_lines_are_right_across_blocks(tmp_path, monkeypatch):
    rows = [(f'"{"x" * (i % 7)}\n{i}"' if i % 3 == 0 else f"w{i}", i) for i in range(200)]
    text = "a,b\n" + "".join(f"{a},{b}\n" for a, b in rows)
    monkeypatch.setattr(records, "_BLOCK", 17)
    table = read(written(tmp_path, "t.csv", text))
    lines = text.split("\n")
    for row in range(200):
        first = rows[row][0].split("\n")[0]
        assert lines[table.line(row) - 1].startswith(first)
        assert table.column("b").value(row) == row


def test_quotes_in_the_wrong_place_are_kept(tmp_path):
    table = read(written(tmp_path, "t.csv", 'a,b\n5" pipe,1\n6 pipe,2\n"say ""so""",3\n'))
    assert [table.labels("a").value(i) for i in range(3)] == ['5" pipe', "6 pipe", 'say "so"']
    assert [table.line(i) for i in range(3)] == [2, 3, 4]


def test_types_are_found_however_late_they_show(tmp_path):
    text = "a,b\n" + "1,2\n" * 20_000 + "1.5,x\n"
    table = read(written(tmp_path, "t.csv", text))
    assert table.column("a").numbers()[-1] == 1.5
    assert table.column("b").value(20_000) == "x"


def test_integers_beyond_64_bits_are_not_cut(tmp_path):
    table = read(written(tmp_path, "t.csv", f"a,b\n1,2\n{2**70},3\n"))
    assert int(table.column("a").value(1)) == 2**70  # a text, where Polars knows no such integers


def test_floats_are_read_exactly(tmp_path):
    numbers = np.random.default_rng(0).normal(size=200) * 10.0 ** np.arange(-100, 100)
    table = read(written(tmp_path, "t.csv", "a\n" + "".join(f"{x!r}\n" for x in numbers.tolist())))
    np.testing.assert_array_equal(table.column("a").numbers(), numbers)


def test_a_column_without_a_name_gets_one(tmp_path):
    assert read(written(tmp_path, "t.csv", ",a\n0,5\n1,6\n")).names == ("column_1", "a")


def test_what_was_text_in_training_is_read_as_text(tmp_path):
    codes = "code,x,y\n" + "".join(
        f"{'A' if i % 9 == 0 else '0'}{i % 5}1,{i * 7 % 11},{i % 2}\n" for i in range(60)
    )
    schema = schema_of(read(written(tmp_path, "train.csv", codes)), "y")
    assert schema.inputs[0].kind == "category"
    path = written(tmp_path, "test.csv", "code,x\n011,5\n021,6\n")
    assert read(path, schema=schema).column("code").distinct().values == ("011", "021")
    assert read(path).column("code").distinct().values == (11, 21)


LONG = "x" * 10_000_000
FAULTS = {
    "empty file": ("", "the file is empty\n  fix: check that it was written to the end"),
    "blank file": (" \n\n", "the file is empty\n  fix: check that it was written to the end"),
    "header only": ("a,b\n", "there is a header, but no row below it\n  fix: add rows below the header"),
    "header and blank lines": (
        "a,b\n\n\n",
        "there is a header, but no row below it\n  fix: add rows below the header",
    ),
    "blank header": (",\n1,2\n", ", line 1: the header is blank\n  fix: begin with the column names"),
    "too many fields": (
        "a,b\n1,2\n3,4,5\n6,7\n",
        ", line 3: ragged row: 3 fields where the header has 2\n"
        "  fix: put quotes around a value that contains the separator, or remove the surplus",
    ),
    "too few fields": (
        "a,b,c\n1,2,3\n4,5\n",
        ", line 3: ragged row: 2 fields where the header has 3\n"
        "  fix: fill the missing fields (an empty field is allowed), or remove the line",
    ),
    "too few fields, late": (
        "a,b\n" + "1,2\n" * 50_000 + "1\n1,2\n",
        ", line 50002: ragged row: 1 fields where the header has 2\n"
        "  fix: fill the missing fields (an empty field is allowed), or remove the line",
    ),
    "ragged after a line break in quotes": (
        'a,b\n"x\ny",2\n3\n4,5\n',
        ", line 4: ragged row: 1 fields where the header has 2\n"
        "  fix: fill the missing fields (an empty field is allowed), or remove the line",
    ),
    "row names": (
        "a,b\nr1,1,2\nr2,3,4\n",
        ", line 2: ragged row: 3 fields where the header has 2\n"
        "  fix: name the first column in the header too, or remove the separator at the end of each row",
    ),
    "open quote": (
        'a,b\n1,2\n"x,1\ny,2\n',
        ", line 3: a quote is opened here and never closed\n"
        '  fix: close it, or write "" for a quote that belongs to'
        " the value",
    ),
    "twin columns": (
        "a,b,a\n1,2,3\n",
        ", line 1: column name 'a' stands 2 times (columns 1, 3)\n  fix: give every column a name of its own",
    ),
    "twin columns without a header": (
        "1,0,1\n1,2,3\n",
        ", line 1: column name '1' stands 2 times (columns 1, 3)\n"
        "  fix: add a header line with the names: the first line looks like data",
    ),
    "broken UTF-16": (
        b"\xff\xfea\x00,",
        ", line 1: byte 0x2c is not utf-16 text\n"
        "  fix: correct the line, or name another encoding: encoding=…",
    ),
    "binary": (
        bytes(range(256)) * 20,
        "this is a binary file, not text\n  fix: export the table as CSV (UTF-8) and read that",
    ),
    "NUL further on": (
        "a,b\n" + "1,2\n" * 2000 + "\0,3\n",
        ", line 2002: there is a NUL byte\n  fix: write the file anew: it is damaged, or not text",
    ),
    "Parquet": (b"PAR1....PAR1", "this is a Parquet file, not text\n  fix: give it the ending of its type"),
    "Excel": (
        b"PK\x03\x04....",
        "this is a ZIP archive (an .xlsx or .npz file is one), not text\n"
        "  fix: give it the ending of its type",
    ),
    "gzip": (
        gzip.compress(b"a,b\n1,2\n"),
        "this is a gzip file, not text\n  fix: give it the ending of its type",
    ),
    "one long line": (
        LONG,
        ", line 1: the first line is no header: a name of 10,000,000 characters\n"
        "  fix: begin with a line of column names; is this a table at all?",
    ),
    "one long line of separators": (
        "x," * 1_000_000,
        ", line 1: column name 'x' stands 1,000,000 times (columns 1, 2, 3, 4, 5 …)\n"
        "  fix: give every column a name of its own",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_line_and_fix(tmp_path, fault):
    content, message = FAULTS[fault]
    path = written(tmp_path, "t.csv", content)
    with pytest.raises(DataError) as caught:
        read(path)
    separator = "" if message.startswith(",") else ": "
    assert str(caught.value) == f"{path}{separator}{message}"


PACKED = {
    "never packed": b"a,b\n1,2\n",
    "cut off": gzip.compress(np.random.default_rng(0).bytes(10_000))[:5000],
    "altered": gzip.compress(b"a,b\n1,2\n")[:-8] + b"\0" * 8,
}


@pytest.mark.parametrize("fault", PACKED)
def test_damaged_packed_files(tmp_path, fault):
    path = written(tmp_path, "t.csv.gz", PACKED[fault])
    with pytest.raises(
        DataError, match=r"t\.csv\.gz: not a whole gzip file \(.+\)\n  fix: compress it anew, or rename"
    ):
        read(path)


def test_a_value_of_ten_megabytes_is_read(tmp_path):
    table = read(written(tmp_path, "t.csv", f"a,b\n{LONG},1\nz,2\n"))
    assert len(table.labels("a").value(0)) == len(LONG)


def test_missing_files_and_folders(tmp_path):
    written(tmp_path, "houses.csv", "a\n1\n")
    with pytest.raises(DataError) as caught:
        read(str(tmp_path / "house.csv"))
    assert str(caught.value) == (
        f"{tmp_path}/house.csv: no such file\n  fix: did you mean '{tmp_path}/houses.csv'?"
    )
    with pytest.raises(
        DataError, match=r"no such file\n  fix: there is no folder '.*gone' either: check the path"
    ):
        read(str(tmp_path / "gone" / "x.csv"))
    with pytest.raises(
        DataError, match=r"no image in the folder; .*\n  fix: name a file in it: .*houses\.csv"
    ):
        read(str(tmp_path))
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(DataError, match=r"t\.csv: the folder is empty"):
        read(str(tmp_path / "t.csv"))


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = written(tmp_path, "t.csv", "a\n1\n")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(DataError, match=r"t\.csv: cannot be read \(Permission denied\)"):
        read(path)


ENDINGS = (
    ".csv .tsv .parquet .feather .arrow .jsonl .ndjson .json .conll .bio .iob "
    ".xlsx .xlsm .xlsb .xls .ods .npy .npz (.csv .tsv .jsonl .ndjson .json also .gz .bz2 .xz .zst .zip)"
)


def test_unknown_endings(tmp_path):
    path = written(tmp_path, "t.sav", "x")
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: no table is read from a '.sav' file; expected one of {ENDINGS}\n"
        "  fix: rename the file after its type, or convert it"
    )
    with pytest.raises(DataError, match="the file name has no ending"):
        read(written(tmp_path, "table", "a\n1\n"))
