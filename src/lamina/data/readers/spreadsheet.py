"""Workbooks of Excel and LibreOffice."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.core.keys import key
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable


def is_sheet(value: str | int) -> bool:
    """Return whether a value may be the name of a sheet, or its number from 1."""
    return bool(value) and not (isinstance(value, int) and value < 1)


@dataclass(frozen=True)
class SpreadsheetKeys:
    """The keys of workbooks."""

    sheet: str | None = key(
        None,
        "sheet of a workbook by name or number; auto is the first one that holds anything",
        check=is_sheet,
        expected="the name of a sheet, or its number from 1",
    )


class SpreadsheetReader(AbstractReader):
    """Read one sheet of a workbook."""

    name = "spreadsheet"
    files = "spreadsheet files"
    keys = SpreadsheetKeys
    endings = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

    def claims(self, source: Source) -> bool:
        """Return whether a file is named as workbooks are."""
        return not source.is_folder and not source.is_packed and source.ending in self.endings

    def read(self, source: Source) -> AbstractTable:
        """Return the table."""
        from lamina.data.readers.parsers.spreadsheet import read_spreadsheet

        return read_spreadsheet(source.path, sheet=source.keys.sheet, keep_text=source.texts)


READERS.add(SpreadsheetReader.name, SpreadsheetReader())
