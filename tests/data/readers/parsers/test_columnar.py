"""Parquet and Arrow files."""

from __future__ import annotations

import polars as pl
import pytest

from lamina.core.errors import DataError
from lamina.data import read

FRAME = pl.DataFrame({"a": [1.5, None], "b": ["x", "y"], "c": [True, False]})
WRITE = {
    ".parquet": pl.DataFrame.write_parquet,
    ".feather": pl.DataFrame.write_ipc,
    ".arrow": pl.DataFrame.write_ipc,
}


@pytest.mark.parametrize("ending", WRITE)
def test_tables_come_back(tmp_path, ending):
    path = str(tmp_path / f"t{ending}")
    WRITE[ending](FRAME, path)
    table = read(path)
    assert table.frame.equals(FRAME)
    assert table.where(1, "a") == f"{path}, row 1, column 'a'"


@pytest.mark.parametrize("ending", WRITE)
@pytest.mark.parametrize("name", ["t[1]", "t?", "t*"])
def test_a_name_is_no_pattern(tmp_path, ending, name):
    WRITE[ending](FRAME.reverse(), str(tmp_path / f"t1{ending}"))
    with (tmp_path / f"{name}{ending}").open("wb") as stream:
        WRITE[ending](FRAME, stream)
    assert read(tmp_path / f"{name}{ending}").frame.equals(FRAME)


@pytest.mark.parametrize("ending", WRITE)
def test_damaged_and_wrongly_named_files(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    kind = "Parquet" if ending == ".parquet" else "Arrow"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(
        DataError, match=rf"t{ending}: this is no {kind} file\n  fix: give the file the ending"
    ):
        read(str(path))
    WRITE[ending](FRAME, path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:20] + b"\xff" * 40 + whole[60:-4]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"damaged {kind} file \(.+\)\n  fix: write the file anew"):
            read(str(path))
    path.write_bytes(b"")
    with pytest.raises(DataError, match="the file is empty"):
        read(str(path))


@pytest.mark.parametrize("ending", WRITE)
def test_tables_without_rows(tmp_path, ending):
    WRITE[ending](FRAME.clear(), tmp_path / f"t{ending}")
    with pytest.raises(DataError, match=r"the table has no row\n  fix: add rows"):
        read(str(tmp_path / f"t{ending}"))


def test_a_packed_binary_file_is_refused_with_the_command_that_helps(tmp_path):
    with pytest.raises(
        DataError, match=r"a '\.parquet\.gz' file is not read\n  fix: unpack it first: gunzip"
    ):
        read(str(tmp_path / "t.parquet.gz"))
