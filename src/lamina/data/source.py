"""Reading: a path, a frame, a dict of columns or plain arrays become one table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.core.errors import DataError
from lamina.data.cells import CellTable
from lamina.data.images.column import IMAGE
from lamina.data.images.endings import is_idx, is_image
from lamina.data.table import AbstractTable, ArrayTable

if TYPE_CHECKING:
    from lamina.data.schema import Schema

ENDINGS = (".csv", ".tsv", ".parquet", ".feather", ".arrow", ".jsonl", ".ndjson", ".npz")


def read(
    source: Any,
    *,
    y: Any = None,
    sample_weight: Any = None,
    names: Sequence[str] | None = None,
    schema: Schema | None = None,
) -> AbstractTable:
    """Return the table in a file, a frame, a dict of columns or arrays.

    Args:
        source: a path (.csv .tsv .jsonl .ndjson, each also .gz; .parquet .feather .arrow .npz; ``-`` is CSV
            on standard input), a Polars or pandas frame, a dict of columns, a matrix, or a pair ``(X, y)``.
            Images: a folder with a subfolder for each class, perhaps below train, valid and test; IDX
            files; a table with a column of paths; a list of paths; arrays (n, y, x) or (n, y, x, c); and
            one image, for predictions.
        y: targets, one row for each row of ``source``; they become the column ``target`` (``target_0``, …
            where there are several).
        sample_weight: weights, which become the column ``weight``.
        names: names for the columns of a matrix; ``x0``, ``x1``, … without.
        schema: the schema of the training data, so that what was text there is read as text here.

    Returns:
        A table, an :class:`~lamina.data.CellTable` where there are images; what is wrong with its
        contents is for the audit to say.

    Raises:
        DataError: nothing can be read, with the place and the fix.

    Example:
        >>> read([[1, 2, 3], [4, 5, 6]], y=[0, 1]).names
        ('x0', 'x1', 'x2', 'target')
    """
    if isinstance(source, AbstractTable):
        return source
    if isinstance(source, tuple) and len(source) == 2 and not isinstance(source[0], str):
        if y is not None:
            raise DataError("y is given twice", fix="give (X, y), or X and y=, not both")
        source, y = source
    if isinstance(source, str | bytes | os.PathLike):
        path = os.fsdecode(source)
        return _as_learned(_read_path(path, schema), schema)
    from lamina.data import memory

    table = memory.from_memory(source, y=y, weight=sample_weight, names=names)
    if schema is not None and isinstance(table, ArrayTable):
        _check_width(table, schema)
    return _as_learned(table, schema)


def _as_learned(table: AbstractTable, schema: Schema | None) -> AbstractTable:
    """Return the table with its paths to images as images, named as the schema names them."""
    wanted = next((c.name for c in schema.inputs if c.kind == IMAGE), None) if schema else IMAGE
    if schema is not None and wanted is None:
        return table
    from lamina.data.images.paths import claim_images

    table = claim_images(table, table.folder, needed=schema is not None)
    return table.renamed({IMAGE: wanted}) if isinstance(table, CellTable) and wanted else table


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


def _read_path(path: str, schema: Schema | None) -> AbstractTable:
    """Return the table in a file, by the ending of its name."""
    found = _read_images(path, schema)
    if found is not None:
        return found
    stem = path[:-3] if path.endswith(".gz") else path
    ending = os.path.splitext(stem)[1].lower()
    keep = (
        frozenset(c.name for c in schema.inputs if c.kind in ("category", "text")) if schema else frozenset()
    )
    if path == "-" or ending in (".csv", ".tsv"):
        from lamina.data.formats.delimited import read_delimited

        return read_delimited(path, keep_text=keep)
    if ending not in ENDINGS:
        from lamina.data.formats.text import check_file

        check_file(path)
        raise DataError(
            f"no table is read from a '{ending}' file" if ending else "the file name has no ending",
            where=path,
            expected=f"one of {' '.join(ENDINGS)} (.csv .tsv .jsonl also .gz)",
            fix="rename the file after its type, or convert it",
        )
    return _read_typed(path, ending)


def _read_images(path: str, schema: Schema | None) -> AbstractTable | None:
    """Return the images of a folder, of IDX files or of one file; None where the path is none of these."""
    if os.path.isdir(path) or is_idx(path):
        from lamina.data.formats.idx import holds_idx, read_idx

        if os.path.isfile(path) or holds_idx(path):
            return read_idx(path)
    if os.path.isdir(path):
        from lamina.data.images.folder import read_folder

        return read_folder(path, strict=schema is None)
    if not is_image(path):
        return None
    from lamina.data.formats.text import check_file
    from lamina.data.images.files import FileImages
    from lamina.data.images.table import image_table

    check_file(path, what="image")
    return image_table(FileImages([path]), {}, path)


def _read_typed(path: str, ending: str) -> AbstractTable:
    """Return the table in a file whose format brings types along."""
    if ending in (".jsonl", ".ndjson"):
        from lamina.data.formats.jsonl import read_jsonl

        return read_jsonl(path)
    if path.endswith(".gz"):
        raise DataError(
            f"a '{ending}.gz' file is not read", where=path, fix=f"unpack it first: gunzip {path}"
        )
    if ending == ".npz":
        from lamina.data.formats.npz import read_npz

        return read_npz(path)
    from lamina.data.formats.binary import read_binary

    return read_binary(path, ending)
