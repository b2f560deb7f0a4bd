"""From bytes to typed columns: readers, tables, splits, order, and what an audit says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.core.lazy import lazy

_PLACES = {
    "audit": "Audit Finding",
    "cells": "CellColumn CellTable",
    "forms": "reads_as_date reads_as_number",
    "frame": "FrameTable",
    "lamina.data.images.column": "ImageColumn",
    "lamina.data.images.store": "AbstractImages",
    "order": "epoch_order",
    "schema": "ColumnSchema Schema",
    "source": "read",
    "split": "Split split_rows",
    "array_table": "ArrayTable",
    "table": "AbstractColumn AbstractTable ScalarColumn",
}
__all__ = [
    "AbstractColumn",
    "AbstractImages",
    "AbstractTable",
    "ArrayTable",
    "Audit",
    "CellColumn",
    "CellTable",
    "ColumnSchema",
    "Finding",
    "FrameTable",
    "ImageColumn",
    "ScalarColumn",
    "Schema",
    "Split",
    "epoch_order",
    "read",
    "reads_as_date",
    "reads_as_number",
    "split_rows",
]

if TYPE_CHECKING:
    from lamina.data.array_table import ArrayTable
    from lamina.data.audit import Audit, Finding
    from lamina.data.cells import CellColumn, CellTable
    from lamina.data.forms import reads_as_date, reads_as_number
    from lamina.data.frame import FrameTable
    from lamina.data.images.column import ImageColumn
    from lamina.data.images.store import AbstractImages
    from lamina.data.order import epoch_order
    from lamina.data.schema import ColumnSchema, Schema
    from lamina.data.source import read
    from lamina.data.split import Split, split_rows
    from lamina.data.table import AbstractColumn, AbstractTable, ScalarColumn

__getattr__, __dir__ = lazy(__name__, _PLACES)
