"""Workbooks: which sheet, which rows, which types, and the words for what is wrong."""

from __future__ import annotations

import datetime
import sys
import zipfile

import numpy as np
import pytest
from tests.data.readers.workbooks import Fault, ods, xlsx

import lamina
from lamina.core.errors import ConfigError, DataError, MissingExtraError
from lamina.data import read

pytest.importorskip("python_calamine")
TABLE = [["a", "b"], [1, "x"], [2.5, "y"], [3, "x"]]


@pytest.fixture
def book(tmp_path):
    """Return the path of a workbook with given sheets."""

    def write(sheets, **options):
        xlsx(tmp_path / "book.xlsx", sheets, **options)
        return str(tmp_path / "book.xlsx")

    return write


def test_each_column_has_the_type_of_its_cells(book):
    day, noon = datetime.date(2024, 3, 1), datetime.datetime(2024, 3, 1, 12)
    rows = [
        ["whole", "real", "flag", "day", "moment", "text", "mixed", "gaps", "fault", 2024],
        [1, 0.5, True, day, noon, "x", 7, 1, 3.5, 1],
        [2, 1, False, day, day, "y", "seven", None, Fault("#N/A"), 2],
        [3, 2.5, True, day, noon, "z", True, "NA", Fault("#DIV/0!"), 3],
    ]
    table = read(book({"S": rows}))
    assert table.names == (*rows[0][:-1], "2024")
    stored = {name: table.column(name).storage for name in table.names}
    assert stored == {
        "whole": "integer", "real": "float", "flag": "boolean", "day": "datetime", "moment": "datetime",
        "text": "string", "mixed": "string", "gaps": "integer", "fault": "float", "2024": "integer",
    }  # fmt: skip
    assert table.labels("mixed").distinct().values == ("7", "seven", "true")
    seconds = table.scalar("moment").seconds() - table.scalar("day").seconds()
    assert seconds.tolist() == [43200, 0, 43200]
    assert table.column("gaps").missing().tolist() == [False, True, True]
    assert table.column("fault").missing().tolist() == [False, True, True]


def test_edges_are_cut_off_and_rows_are_those_of_the_sheet(book):
    empty = [None] * 4
    rows = [empty, [None, None, "Sales 2024"], empty, [None, *TABLE[0]], [None, *TABLE[1]], empty]
    rows += [[None, *row] for row in TABLE[2:]]
    rows[1] = [None, "Sales 2024", None]
    table = read(book({"S": rows}))
    assert table.names == ("a", "b") and table.height == 3
    assert [table.line(row) for row in range(3)] == [5, 7, 8]
    assert table.where(1, "a").endswith("book.xlsx, row 7, column 'a'")
    assert table.remarks == ("2 rows above the header skipped, the first one 'Sales 2024'",)
    assert table.take(np.array([2])).line(0) == 8


def test_the_first_sheet_that_holds_anything_is_read_and_said(book):
    path = book({"Notes": [["see Data"], ["x"]], "Empty": [], "Data": TABLE, "More": TABLE}, hidden=["Notes"])
    table = read(path)
    assert table.names == ("a", "b")
    assert table.remarks == (
        "sheet 'Data' of 4 is read; others: 'Notes' (hidden), 'Empty', 'More' (sheet= chooses)",
    )
    notes = [str(note) for note in lamina.check(path).notes]
    assert any("sheet 'Data' of 4 is read" in note for note in notes)


@pytest.mark.parametrize("sheet", ["Two", 2, "2"])
def test_a_sheet_is_chosen_by_name_or_number(book, sheet):
    table = read(book({"One": TABLE, "Two": [["c", "d"], [5, 6]]}), sheet=sheet)
    assert table.names == ("c", "d") and table.remarks == ()


def test_a_name_goes_before_a_number(book):
    assert read(book({"2": TABLE, "b": [["c", "d"], [5, 6]]}), sheet=2).names == ("a", "b")


def test_columns_without_a_name(book):
    rows = [["", "a", "", ""], [1, 2, 3, ""], [4, 5, 6, ""]]
    assert read(book({"S": rows})).names == ("column_1", "a", "column_3")


def test_what_was_learned_as_text_is_read_as_text(book):
    from lamina.data.readers import Source, read_source

    path = book({"S": [["zip", "v"], [1234, 1], [99, 2]]})
    assert read_source(Source(path, frozenset({"zip"}))).labels("zip").distinct().values == ("1234", "99")


def test_other_kinds_of_workbooks(tmp_path):
    ods(tmp_path / "t.ods", {"Empty": [], "S": TABLE})
    table = read(tmp_path / "t.ods")
    assert table.column("a").numbers().tolist() == [1, 2.5, 3] and table.line(0) == 2
    xlwt = pytest.importorskip("xlwt")
    old = xlwt.Workbook()
    sheet = old.add_sheet("S")
    for i, row in enumerate(TABLE):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    old.save(str(tmp_path / "t.xls"))
    assert read(tmp_path / "t.xls").column("a").numbers().tolist() == [1, 2.5, 3]


FAULTS = {
    "no sheet of this name": (
        {"Data": TABLE}, {"sheet": "Date"},
        ": there is no sheet 'Date' (did you mean 'Data'?); expected one of Data, or a number from 1 to 1",
    ),
    "no sheet of this number": (
        {"Data": TABLE, "More": TABLE}, {"sheet": 3},
        ": there is no sheet 3; expected one of Data, More, or a number from 1 to 2",
    ),
    "the sheet is empty": (
        {"Data": TABLE, "E": []}, {"sheet": "E"},
        ", sheet 'E': the sheet is empty\n  fix: choose another one: 'Data'",
    ),
    "all are empty": (
        {"E": [], "F": []}, {},
        ": no sheet holds anything\n  fix: check that it was saved to the end",
    ),
    "only a header": (
        {"S": TABLE[:1]}, {},
        ", sheet 'S': there is a header, but no row below it\n  fix: add rows below the header",
    ),
    "twin columns": (
        {"S": [[], ["a", "b", "a"], [1, 2, 3]]}, {},
        ", sheet 'S', row 2: column name 'a' stands 2 times (columns 1, 3)\n"
        "  fix: give every column a name of its own",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_told_with_its_sheet_and_fix(book, fault):
    sheets, keys, message = FAULTS[fault]
    path = book(sheets)
    with pytest.raises(DataError) as caught:
        read(path, **keys)
    assert str(caught.value) == path + message


@pytest.mark.parametrize("sheet", [0, "", -1])
def test_what_is_no_sheet_is_refused(book, sheet):
    with pytest.raises(ConfigError, match="expected the name of a sheet, or its number from 1"):
        read(book({"S": TABLE}), sheet=sheet)


def test_damaged_and_protected_workbooks(tmp_path):
    path = tmp_path / "book.xlsx"
    xlsx(path, {"S": TABLE})
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole.replace(b"worksheets", b"workshops!")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"book\.xlsx.*: (not a whole workbook|the file is empty)"):
            read(path)


def test_a_protected_workbook(book, monkeypatch):
    import python_calamine

    class Locked:
        @staticmethod
        def from_path(path):
            raise python_calamine.PasswordError("Workbook is password protected")

    monkeypatch.setattr(python_calamine, "CalamineWorkbook", Locked)
    path = book({"S": TABLE})
    with pytest.raises(DataError) as caught:
        read(path)
    fix = "save a copy without the password"
    assert str(caught.value) == f"{path}: the workbook is protected by a password\n  fix: {fix}"


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/worksheets/other.xml"])
def test_a_stray_cell_does_not_take_all_memory(tmp_path, member):
    path = tmp_path / "book.xlsx"
    xlsx(path, {"S": TABLE})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts.pop("xl/worksheets/sheet1.xml")
    stray = b'<row r="9"><c s="0" r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts |= {member: sheet.replace(b"</sheetData>", stray)}
    relations = parts["xl/_rels/workbook.xml.rels"]
    parts["xl/_rels/workbook.xml.rels"] = relations.replace(b"worksheets/sheet1.xml", member[3:].encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: a sheet spans 1,048,576 rows and 16,384 columns, more than can be held\n"
        "  fix: delete stray cells far from the table, or export it as CSV"
    )


def test_a_long_sheet_is_no_stray_cell(book):
    rows = [*TABLE, *([None] * 2 for _ in range(100_000)), [4, "y"]]
    assert read(book({"S": rows})).line(3) == 100_005


def test_without_the_library_one_sentence(book, monkeypatch):
    path = book({"S": TABLE})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(MissingExtraError) as caught:
        read(path)
    assert "python_calamine is needed to read workbooks" in str(caught.value)
    assert "lamina[excel]" in str(caught.value)
