"""Reading: a path, a frame, a dict of columns or plain arrays become one table."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.errors import DataError
from lamina.data.array_table import ArrayTable
from lamina.data.readers.registry import check_unread, read_source, reader_of
from lamina.data.readers.source import Source
from lamina.data.table import AbstractTable

if TYPE_CHECKING:
    from lamina.data.schema import Schema


def read(
    source: Any,
    *,
    y: Any = None,
    sample_weight: Any = None,
    names: Sequence[str] | None = None,
    schema: Schema | None = None,
    **keys: Any,
) -> AbstractTable:
    """Return the table in a file, a frame, a dict of columns or arrays.

    Args:
        source: a path (.csv .tsv .jsonl .ndjson .json, each also .gz .bz2 .xz .zst .zip; .parquet .feather
            .arrow .npz .npy; .xlsx .ods .xls; ``-`` is CSV on standard input), a Polars or pandas frame, a
            dict of columns, a matrix, or a pair ``(X, y)``.
            Images: a folder with a subfolder for each class, perhaps below train, valid and test; IDX
            files; a table with a column of paths; a list of paths; arrays (n, y, x) or (n, y, x, c); and
            one image, for predictions.
        y: targets, one row for each row of ``source``; they become the column ``target`` (``target_0``, …
            where there are several).
        sample_weight: weights, which become the column ``weight``.
        names: names for the columns of a matrix; ``x0``, ``x1``, … without.
        schema: the schema of the training data, so that what was text there is read as text here.
        **keys: of the reader of the file: ``encoding`` of texts, ``sheet`` of workbooks.

    Returns:
        A table, a :class:`~lamina.data.CellTable` where there are images; what is wrong with its contents
        is for the audit to say, and paths to images become images when a modality claims them.

    Raises:
        DataError: nothing can be read, with the place and the fix.
        ConfigError: a key belongs to another reader, or its value is out of range.

    Example:
        >>> read([[1, 2, 3], [4, 5, 6]], y=[0, 1]).names
        ('x0', 'x1', 'x2', 'target')
    """
    if not isinstance(source, str | bytes | os.PathLike):
        check_unread(keys)
    if isinstance(source, AbstractTable):
        return source
    if isinstance(source, tuple) and len(source) == 2 and not isinstance(source[0], str):
        if y is not None:
            raise DataError("y is given twice", fix="give (X, y), or X and y=, not both")
        source, y = source
    if isinstance(source, str | bytes | os.PathLike):
        path = os.fsdecode(source)
        return read_source(Source(path, _texts(schema), strict=schema is None), keys)
    from lamina.data.readers.memory import from_memory

    table = from_memory(source, y=y, weight=sample_weight, names=names)
    if schema is not None and isinstance(table, ArrayTable):
        _check_width(table, schema)
    return table


def read_beside(source: Any, given: Mapping[str, Any]) -> AbstractTable:
    """Return test data of their own, read with those keys of the training data that their reader owns.

    Args:
        source: whatever `read` reads.
        given: flat keys of readers.
    """
    return read(source, **owned_by_reader(source, given))


def owned_by_reader(source: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some flat keys that the reader of a source owns; none for data in memory.

    Args:
        source: whatever `read` reads.
        given: flat keys of readers.

    Example:
        >>> owned_by_reader("a.csv", {"encoding": "utf-16", "sheet": 2}), owned_by_reader([[1]], {"sheet": 2})
        ({'encoding': 'utf-16'}, {})
    """
    if not isinstance(source, str | bytes | os.PathLike) or not given:
        return {}
    keys = reader_of(Source(os.fsdecode(source))).keys
    names = {field.name for field in dataclasses.fields(keys)}
    return {name: value for name, value in given.items() if name in names}


def _texts(schema: Schema | None) -> frozenset[str]:
    """Return the columns that were learned from as texts, or as texts with numbers or dates in them."""
    read, forms = (schema.read, schema.forms) if schema else ((), ())
    texts = {column.name for column in read if column.kind in ("category", "text")}
    return frozenset({*texts, *(name for name, _ in forms)})


def _check_width(table: ArrayTable, schema: Schema) -> None:
    """Raise DataError where a matrix has the columns of the training data, and more behind them."""
    known = {*(column.name for column in schema.inputs), *(name for name, _ in schema.dropped)}
    known |= {*schema.targets, schema.weight, schema.group, schema.time, schema.split}
    given = table.names[: table.matrix.shape[1]]
    fitting = sum(name in known for name in given)
    if fitting < len(given) and all(column.name in given for column in schema.inputs):
        raise DataError(
            "X has more columns than the network learned from",
            where=table.source,
            expected=f"{fitting} columns",
            received=len(given),
            fix="give the columns of the training data, in the same order",
        )
