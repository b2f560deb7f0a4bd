"""All readers, and which of them reads a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from lamina.core.errors import DataError
from lamina.core.keys import NoKeys, Owner, claim
from lamina.core.registry import Registry
from lamina.data.readers.base import AbstractReader
from lamina.data.readers.packing import PACKINGS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

READERS: Registry[AbstractReader] = Registry(
    "reader",
    places={
        "delimited": "lamina.data.readers.delimited",
        "columnar": "lamina.data.readers.columnar",
        "jsonl": "lamina.data.readers.jsonl",
        "json": "lamina.data.readers.json",
        "conll": "lamina.data.readers.conll",
        "triples": "lamina.data.readers.triples",
        "spreadsheet": "lamina.data.readers.spreadsheet",
        "npy": "lamina.data.readers.npy",
        "npz": "lamina.data.readers.npz",
        "node_arrays": "lamina.data.readers.node_arrays",
        "node_folder": "lamina.data.readers.node_folder",
        "node_link": "lamina.data.readers.node_link",
        "idx": "lamina.data.readers.idx",
        "graphs": "lamina.data.readers.graphs",
        "mask_folder": "lamina.data.readers.mask_folder",
        "clean_folder": "lamina.data.readers.clean_folder",
        "text_file": "lamina.data.readers.text_file",
        "text_folder": "lamina.data.readers.text_folder",
        "image_folder": "lamina.data.readers.image_folder",
        "image_file": "lamina.data.readers.image_file",
    },
)
UNCLAIMED_FOLDERS = "image_folder"  # this reader says what a folder lacks that nobody claims


def read_source(source: Source, given: Mapping[str, Any] = MappingProxyType({})) -> AbstractTable:
    """Return the table that the one reader of a source makes of it.

    Args:
        source: the path.
        given: flat keys of readers, values or texts.

    Raises:
        DataError: nobody reads it, or it cannot be read.
        ConfigError: a key belongs to another reader, or its value is out of range.
    """
    reader = reader_of(source)
    run = f"this run reads {words_of(reader)}"
    (keys,) = claim([Owner(words_of(reader), reader.keys)], given, absent=reader_owners(), run=run)
    return reader.read(replace(source, keys=keys))


def words_of(reader: AbstractReader) -> str:
    """Return what a reader reads, in words."""
    return reader.files or f"files of the reader '{reader.name}'"


def reader_owners() -> list[Owner]:
    """Return the readers that own keys, those of the same keys as one owner."""
    names: dict[type, list[str]] = {}
    for reader in READERS.values():
        if reader.keys is not NoKeys:
            names.setdefault(reader.keys, []).append(words_of(reader))
    return [Owner(", ".join(files), keys) for keys, files in names.items()]


def reading_keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some flat keys that readers own.

    Args:
        given: flat keys, values or texts.

    Example:
        >>> reading_keys({"sheet": 2, "epochs": 3})
        {'sheet': 2}
    """
    if not given:
        return {}
    names = {name for owner in reader_owners() for name in owner.names}
    return {name: value for name, value in given.items() if name in names}


def check_unread(given: Mapping[str, Any]) -> None:
    """Refuse keys of readers for data that are in memory already.

    Raises:
        ConfigError: naming the key.
    """
    claim([], given, absent=reader_owners(), run="these data are in memory already")


def reader_of(source: Source) -> AbstractReader:
    """Return the one reader that claims a source.

    Raises:
        DataError: nobody claims it, or several do.

    Example:
        >>> reader_of(Source("table.csv.gz")).name, reader_of(Source("x.npz")).name
        ('delimited', 'npz')
    """
    claiming = [reader for reader in READERS.values() if reader.claims(source)]
    special = [reader for reader in claiming if reader.is_special]
    claiming = special or [reader for reader in claiming if not reader.is_general] or claiming
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
        >>> " ".join(table_endings()[:8])
        '.csv .tsv .parquet .feather .arrow .jsonl .ndjson .json'
    """
    return tuple(ending for reader in READERS.values() for ending in reader.endings)


def _unclaimed(source: Source) -> DataError:
    """Return the error for a file that nobody claims; one that is not there is an error of its own."""
    from lamina.data.readers.parsers.text import check_file

    path, ending, endings = source.path, source.ending, table_endings()
    if source.is_packed and ending in endings:
        return DataError(
            f"a '{ending}{source.packing}' file is not read",
            where=path,
            fix=f"unpack it first: {_UNPACKERS[source.packing]} {path}",
        )
    check_file(path)
    if source.packing == ".zip" and not ending:
        from lamina.data.readers.parsers.unpacking import members_of, several_members

        members = members_of(path)
        if len(members) != 1:
            return several_members(path, members)
    return DataError(
        f"no table is read from a '{ending}' file" if ending else "the file name has no ending",
        where=path,
        expected=f"one of {' '.join(endings)} (.csv .tsv .jsonl .ndjson .json also {' '.join(PACKINGS)})",
        fix="rename the file after its type, or convert it",
    )


_UNPACKERS = {".gz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz", ".zst": "unzstd", ".zip": "unzip"}
