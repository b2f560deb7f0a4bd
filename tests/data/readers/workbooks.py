"""Small workbooks written part by part, so that tests need no library that writes them."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_EPOCH = datetime.datetime(1899, 12, 30)  # day 0 of Excel
_STYLES = (
    f"<styleSheet {_SPACE}><cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='22'/></cellXfs>"
    "</styleSheet>"
)


class Fault(str):
    """A cell that holds an error, such as ``#N/A``."""


def xlsx(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], *, hidden: Sequence[str] = ()) -> None:
    """Write rows of cells; None is an empty cell."""
    numbered = [*enumerate(sheets.items(), 1)]
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"'
        f"{' state=' + chr(34) + 'hidden' + chr(34) if name in hidden else ''}/>"
        for i, (name, _) in numbered
    )
    targets = "".join(
        f'<Relationship Id="r{i}" Type="{_REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in numbered
    )
    targets += f'<Relationship Id="s" Type="{_REL}/styles" Target="styles.xml"/>'
    space = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        write = archive.writestr
        root = f'<Relationship Id="b" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/>'
        write("_rels/.rels", f"{_HEAD}<Relationships {space}>{root}</Relationships>")
        book = f'<workbook {_SPACE} xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>'
        write("xl/workbook.xml", _HEAD + book)
        write("xl/_rels/workbook.xml.rels", f"{_HEAD}<Relationships {space}>{targets}</Relationships>")
        write("xl/styles.xml", _HEAD + _STYLES)
        for i, (_, rows) in numbered:
            body = "".join(_row(number, row) for number, row in enumerate(rows, 1))
            write(
                f"xl/worksheets/sheet{i}.xml",
                f"{_HEAD}<worksheet {_SPACE}><sheetData>{body}</sheetData></worksheet>",
            )


def _row(number: int, cells: Sequence[Any]) -> str:
    written = "".join(
        _cell(f"{_letters(i)}{number}", cell) for i, cell in enumerate(cells) if cell is not None
    )
    return f'<row r="{number}">{written}</row>'


def _letters(position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(place: str, value: Any) -> str:
    if isinstance(value, Fault):
        return f'<c r="{place}" t="e"><v>{value}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.datetime):
        return f'<c r="{place}" s="2"><v>{(value - _EPOCH) / datetime.timedelta(days=1)}</v></c>'
    if isinstance(value, datetime.date):
        return f'<c r="{place}" s="1"><v>{(value - _EPOCH.date()).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def ods(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Write rows of numbers and texts as an OpenDocument spreadsheet."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{name}="{names}:{name}:1.0"' for name in ("office", "table", "text"))
    tables = "".join(
        f'<table:table table:name="{name}">' + "".join(map(_ods_row, rows)) + "</table:table>"
        for name, rows in sheets.items()
    )
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'{_HEAD}<m:manifest xmlns:m="{names}:manifest:1.0"/>')
        archive.writestr(
            "content.xml", f"{_HEAD}<office:document-content {spaces}>{body}</office:document-content>"
        )


def _ods_row(cells: Sequence[Any]) -> str:
    written = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        if isinstance(cell, str)
        else f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
        for cell in cells
    )
    return f"<table:table-row>{written}</table:table-row>"
