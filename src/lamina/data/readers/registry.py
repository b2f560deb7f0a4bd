"""All readers, and which of them reads a source."""

from __future__ import annotations

from lamina.core.errors import DataError
from lamina.core.registry import Registry
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

READERS: Registry[AbstractReader] = Registry(
    "reader",
    places={
        "delimited": "lamina.data.readers.delimited",
        "columnar": "lamina.data.readers.columnar",
        "jsonl": "lamina.data.readers.jsonl",
        "npz": "lamina.data.readers.npz",
        "idx": "lamina.data.readers.idx",
        "mask_folder": "lamina.data.readers.mask_folder",
        "text_folder": "lamina.data.readers.text_folder",
        "image_folder": "lamina.data.readers.image_folder",
        "image_file": "lamina.data.readers.image_file",
    },
)
UNCLAIMED_FOLDERS = "image_folder"  # this reader says what a folder lacks that nobody claims


def read_source(source: Source) -> AbstractTable:
    """Return the table that the one reader of a source makes of it.

    Raises:
        DataError: nobody reads it, or it cannot be read.
    """
    return reader_of(source).read(source)


def reader_of(source: Source) -> AbstractReader:
    """Return the one reader that claims a source.

    Raises:
        DataError: nobody claims it, or several do.

    Example:
        >>> reader_of(Source("table.csv.gz")).name, reader_of(Source("x.npz")).name
        ('delimited', 'npz')
    """
    claiming = [reader for reader in READERS.values() if reader.claims(source)]
    special = [reader for reader in claiming if not reader.is_general]
    claiming = special or claiming
    if len(claiming) > 1:
        names = " and ".join(f"'{reader.name}'" for reader in claiming)
        raise DataError(f"readers {names} both claim it", where=source.path, fix="remove one of the readers")
    if claiming:
        return claiming[0]
    if source.is_folder:
        return READERS[UNCLAIMED_FOLDERS]
    raise _unclaimed(source)


def table_endings() -> tuple[str, ...]:
    """Return the endings of all tables that are read.

    Example:
        >>> " ".join(table_endings())
        '.csv .tsv .parquet .feather .arrow .jsonl .ndjson .npz'
    """
    return tuple(ending for reader in READERS.values() for ending in reader.endings)


def _unclaimed(source: Source) -> DataError:
    """Return the error for a file that nobody claims; one that is not there is an error of its own."""
    from lamina.data.readers.parsers.text import check_file

    path, ending, endings = source.path, source.ending, table_endings()
    if source.is_packed and ending in endings:
        return DataError(
            f"a '{ending}.gz' file is not read", where=path, fix=f"unpack it first: gunzip {path}"
        )
    check_file(path)
    return DataError(
        f"no table is read from a '{ending}' file" if ending else "the file name has no ending",
        where=path,
        expected=f"one of {' '.join(endings)} (.csv .tsv .jsonl also .gz)",
        fix="rename the file after its type, or convert it",
    )
