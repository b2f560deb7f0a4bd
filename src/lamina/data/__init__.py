"""From a file, a frame or arrays to encoded arrays: read, audit, schema, encoders, splits, order."""

from __future__ import annotations

from typing import TYPE_CHECKING

_PUBLIC = {
    "AbstractColumn": "table",
    "AbstractImages": "images.store",
    "AbstractTable": "table",
    "ArrayTable": "table",
    "Audit": "audit",
    "ColumnSchema": "schema",
    "Finding": "audit",
    "FrameTable": "frame",
    "ImageColumn": "images.column",
    "ImageEncoder": "encoders",
    "ImageStream": "encoders",
    "ImageTable": "images.table",
    "Schema": "schema",
    "Split": "split",
    "TableEncoder": "encoders",
    "TableInputs": "encoders",
    "TargetEncoder": "encoders",
    "check": "audit",
    "epoch_order": "order",
    "infer_schema": "schema",
    "read": "source",
    "split_rows": "split",
}
__all__ = [
    "AbstractColumn",
    "AbstractImages",
    "AbstractTable",
    "ArrayTable",
    "Audit",
    "ColumnSchema",
    "Finding",
    "FrameTable",
    "ImageColumn",
    "ImageEncoder",
    "ImageStream",
    "ImageTable",
    "Schema",
    "Split",
    "TableEncoder",
    "TableInputs",
    "TargetEncoder",
    "check",
    "epoch_order",
    "infer_schema",
    "read",
    "split_rows",
]

if TYPE_CHECKING:
    from lamina.data.audit import Audit, Finding, check
    from lamina.data.encoders import ImageEncoder, ImageStream, TableEncoder, TableInputs, TargetEncoder
    from lamina.data.frame import FrameTable
    from lamina.data.images.column import ImageColumn
    from lamina.data.images.store import AbstractImages
    from lamina.data.images.table import ImageTable
    from lamina.data.order import epoch_order
    from lamina.data.schema import ColumnSchema, Schema, infer_schema
    from lamina.data.source import read
    from lamina.data.split import Split, split_rows
    from lamina.data.table import AbstractColumn, AbstractTable, ArrayTable


def __getattr__(name: str) -> object:
    """Import a public name at its first use: nothing heavy is loaded before."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
