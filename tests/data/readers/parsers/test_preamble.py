"""Lines above the header are skipped where they are evident, and a header never is."""

from __future__ import annotations

import pytest

import lamina
from lamina.core.errors import DataError
from lamina.data import read
from lamina.data.readers.parsers.preamble import rows_above

TABLE = "region,sold,price\nNorth,3,1.5\nSouth,5,2.5\nEast,1,4.0\n"
TEXTS = "name,town\nanna,rome\nbert,oslo\n"


def written(folder, content: str) -> str:
    (folder / "t.csv").write_text(content)
    return str(folder / "t.csv")


ABOVE = {
    "a title": "Sales report 2024\n",
    "a title and a blank line": "Sales report 2024\n\n",
    "a title with a comma": "Sales report, 2024\n",
    "a title of a spreadsheet": "Sales report 2024,,\n,,\n",
    "two titles": "Sales report\nAll regions\n\n",
    "comments": "# made by hand\n# do, not, change, this\n",
    "a comment as wide as the table": "# one, two, three\n",
    "a quoted title over two lines": '"Sales\nreport"\n',
    "a key and a value": "exported,2024-05-01\n\n",
    "windows line ends": "Sales report 2024\r\n\r\n",
    "a byte-order mark": "\ufeffSales report 2024\n\n",
}


@pytest.mark.parametrize("case", ABOVE)
def test_lines_above_the_header_are_skipped_and_said(tmp_path, case):
    table = read(written(tmp_path, ABOVE[case] + TABLE))
    lines = ABOVE[case].count("\n")
    assert table.names == ("region", "sold", "price") and table.height == 3
    assert [table.line(row) for row in range(3)] == [lines + 2, lines + 3, lines + 4]
    first = ABOVE[case].lstrip("\ufeff").splitlines()[0]
    words = "line" if lines == 1 else "lines"
    assert table.remarks == (f"{lines} {words} above the header skipped, the first one {first!r}",)


def test_a_long_title_is_cut_in_the_remark(tmp_path):
    (remark,) = read(written(tmp_path, "x" * 500 + "\n\n" + TABLE)).remarks
    assert remark.endswith("xxx…'") and len(remark) < 130


def test_the_audit_says_it(tmp_path):
    notes = lamina.check(written(tmp_path, "Sales\n\n" + TABLE), "price").notes
    assert any("2 lines above the header skipped, the first one 'Sales'" in str(note) for note in notes)


def test_blank_lines_are_skipped_without_a_word(tmp_path):
    table = read(written(tmp_path, "\n\n" + TABLE))
    assert table.names[0] == "region" and table.remarks == () and table.line(0) == 4


def test_a_line_that_tells_the_separator(tmp_path):
    table = read(written(tmp_path, "sep=;\n" + TABLE.replace(",", ";")))
    assert table.names == ("region", "sold", "price") and table.line(0) == 3


def test_texts_alone_need_a_blank_line(tmp_path):
    assert read(written(tmp_path, "People\n\n" + TEXTS)).names == ("name", "town")
    with pytest.raises(DataError, match="line 2: ragged row"):
        read(written(tmp_path, "People\n" + TEXTS))


KEPT = {
    "plain": TABLE,
    "texts": TEXTS,
    "one column": "value\n1\n2\n3\n",
    "one column of texts": "# tags\n# one\n# two\nthree\n",
    "a comment and one column": "# note\nvalue\n1\n2\n",
    "a header that begins with a hash": "#id,name,v\n1,a,2\n2,b,3\n",
    "a header that begins with a hash, of texts": "#name,town\nanna,rome\nbert,oslo\n",
    "a name that is missing": "name,,v\na,b,1\nc,d,2\n",
    "one name of two": "name,\na,1\nb,2\n",
    "no header": "1,2\n3,4\n5,6\n",
    "units below the names": "time,temp\ns,degC\n1,2\n3,4\n",
    "a first row of gaps": "a,b,c\n,,1\nx,y,2\nz,w,3\n",
}


@pytest.mark.parametrize("case", KEPT)
def test_a_header_is_never_eaten(tmp_path, case):
    table = read(written(tmp_path, KEPT[case]))
    first = KEPT[case].splitlines()[0]
    assert table.names[0] == first.split(",")[0]
    assert table.remarks == () and table.line(0) == 2
    assert table.height == len(KEPT[case].splitlines()) - 1


@pytest.mark.parametrize(
    "content",
    ["a,b\nr1,1,2\nr2,3,4\n", "v\nr1,1\nr2,3\n", "a,b\nr1,x,y\nr2,z,w\n", "# c\n1,2\n3,4\n", "a\nx,y\nz,w\n"],
)
def test_what_may_be_a_header_too_short_is_refused_as_before(tmp_path, content):
    with pytest.raises(DataError, match="ragged row"):
        read(written(tmp_path, content))


def test_faults_below_have_the_lines_of_the_file(tmp_path):
    rows = "North,3,1.5\n" * 2000
    for fault, message in (
        ("x,1\n", "line 2004: ragged row: 2 fields where the header has 3"),
        ("a\0b,1,2\n", "line 2004: there is a NUL byte"),
    ):
        with pytest.raises(DataError, match=message):
            read(written(tmp_path, "Sales\n\n" + TABLE.splitlines()[0] + "\n" + rows + fault + rows))


def test_new_data_are_read_as_those_of_training(tmp_path):
    rows = "".join(f"{i * 7 % 11}.5,{'ab'[i * 5 % 3 > 0]}\n" for i in range(60))
    net = lamina.fit(written(tmp_path, f"Sales\n\nv,y\n{rows}"), target="y", model="mlp", epochs=1)
    assert len(net.predict(written(tmp_path, "More sales\n\nv,w\n1,2\n3,4\n"))) == 2


def test_rows_of_nothing():
    assert rows_above([]) == rows_above([[], []]) == rows_above([["a"]]) == 0
