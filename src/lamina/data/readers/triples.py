"""Files of triples, and folders of such files for training, validation and test."""

from __future__ import annotations

import os

from lamina.data.readers.base import AbstractReader
from lamina.data.readers.keys import TextFileKeys
from lamina.data.readers.packing import packing_of
from lamina.data.readers.registry import READERS
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable
from lamina.data.words import SPLIT_WORDS

SEEN = 1 << 22  # bytes of a file that are searched for what its first line names
_IN_FOLDERS = (".tsv", ".txt")


class TripleReader(AbstractReader):
    """Read triples: a table of the columns ``head``, ``relation`` and ``tail``, in folders also ``split``."""

    name = "triples"
    files = "files of triples"
    keys = TextFileKeys

    def claims(self, source: Source) -> bool:
        """Return whether a file has three columns of words, and no header but one of triples.

        That a first line is none is known from what it names, which stands in other lines too. A folder is
        claimed where all of its files are of triples, named train, and valid or test.
        """
        if source.is_folder:
            return _is_folder_of_triples(source)
        return source.ending == ".tsv" and _holds_triples(source)

    def read(self, source: Source) -> AbstractTable:
        """Return the table, one row a triple."""
        from lamina.data.readers.parsers.triples import read_triples

        encoding = source.keys.encoding
        if not source.is_folder:
            return read_triples(source.path, encoding=encoding)
        return _read_folder(source, encoding)


def _holds_triples(source: Source) -> bool:
    """Return whether the first lines of a file are triples; a network of triples reads no other files."""
    from lamina.data.readers.parsers.triples import NAMES, is_header, looks_like_triples, repeats_its_first

    lines = _lines(source.head)
    if not looks_like_triples(lines):
        return False
    if set(NAMES) <= source.texts or is_header(lines[0].split("\t")):
        return True
    return repeats_its_first(lines) or repeats_its_first(_more(source))


def _lines(data: bytes, most: int = 4096) -> list[str]:
    """Return whole lines of the beginning of a file."""
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    return lines if len(data) < most else lines[:-1]


def _more(source: Source) -> list[str]:
    """Return the lines in the first 4 MiB."""
    if source.is_packed:
        from lamina.data.readers.parsers.unpacking import head_of

        return _lines(head_of(source.path, SEEN), SEEN)
    with open(source.path, "rb") as stream:
        return _lines(stream.read(SEEN), SEEN)


def _parts(source: Source) -> dict[str, str]:
    """Return the files of a folder by what they are for, in the order of use; empty if there are others."""
    found: dict[str, str] = {}
    for name in source.files:
        plain = name.removesuffix(packing_of(name)).lower()
        stem, ending = os.path.splitext(plain)
        if ending not in _IN_FOLDERS:
            continue
        part = SPLIT_WORDS.get(stem, "")
        if not part or part in found:
            return {}
        found[part] = name
    return {part: found[part] for part in ("train", "valid", "test") if part in found}


def _is_folder_of_triples(source: Source) -> bool:
    parts = _parts(source)
    if "train" not in parts or len(parts) < 2:
        return False
    from lamina.data.readers.parsers.triples import looks_like_triples

    return all(
        looks_like_triples(_lines(Source(os.path.join(source.path, name)).head)) for name in parts.values()
    )


def _read_folder(source: Source, encoding: str | None) -> AbstractTable:
    """Return the triples of all files with a column ``split`` that says which file each stands in."""
    import polars as pl

    from lamina.data.frame import FrameTable
    from lamina.data.readers.parsers.triples import read_triples

    tables = {
        part: read_triples(os.path.join(source.path, name), encoding=encoding)
        for part, name in _parts(source).items()
    }
    paths = tuple(os.path.join(source.path, name) for name in _parts(source).values())
    frames = [table.frame.with_columns(split=pl.lit(part)) for part, table in tables.items()]
    found = FrameTable(
        pl.concat(frames),
        source=source.path,
        remarks=[remark for table in tables.values() for remark in table.remarks],
        doubts=[doubt for table in tables.values() for doubt in table.doubts],
        clean=False,
    )
    found.files = paths
    return found


READERS.add(TripleReader.name, TripleReader())
