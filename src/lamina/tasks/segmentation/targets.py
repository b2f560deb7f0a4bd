"""Masks as targets: a class for every pixel, or instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.core import json_checks
from lamina.core.errors import DataError
from lamina.core.json_checks import items, one_of, record, wrong
from lamina.data.images.column import ImageColumn
from lamina.data.images.labels import label_arrays
from lamina.data.table import AbstractTable
from lamina.tasks.base import AbstractTarget

INSTANCES, CLASSES = "instances", "classes"
MOST_CLASSES = 256
_SIDES = {"height": json_checks.size, "width": json_checks.size}
_FORM = record(
    kind=one_of(INSTANCES, CLASSES),
    names=json_checks.texts,
    values=items(json_checks.number),
    **_SIDES,
)


class AbstractMaskTarget(AbstractTarget):
    """Masks of one size.

    Args:
        name: the column.
        height: pixels of the network's images.
        width: pixels of the network's images.
    """

    kind: str

    def __init__(self, name: str, height: int, width: int):
        self.names, self.height, self.width = (name,), height, width

    def read(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the labels as they stand in the masks, int32 (n, y, x).

        Raises:
            DataError: the column is absent, holds no masks, or some cannot be read.
        """
        return label_arrays(mask_column(table, self.names[0], rows), self.height, self.width)

    def caption(self, value: Any) -> str:
        """Return nothing: a mask is shown, not told."""
        return ""


def mask_column(table: AbstractTable, name: str, rows: np.ndarray | None = None) -> ImageColumn:
    """Return a column of masks, all of it or some rows.

    Args:
        table: the data, claimed.
        name: the column.
        rows: indices; all without.

    Raises:
        DataError: there is no such column, or it holds no masks.
    """
    table.require(name, "target column", fix="add the column; predict works without it")
    column = table.column(name)
    if not isinstance(column, ImageColumn):
        fix = "name a column of paths to masks, or give a folder with images/ and masks/"
        raise DataError("these are no masks", where=table.where(name=name), fix=fix)
    return column if rows is None else column.take(np.asarray(rows))


class ClassMaskTarget(AbstractMaskTarget):
    """A class for every pixel.

    Args:
        name: the column.
        height: pixels of the network's images.
        width: pixels of the network's images.
        values: the label in the masks of each class, increasing.
    """

    kind = CLASSES

    def __init__(self, name: str, height: int, width: int, values: tuple[int, ...]):
        super().__init__(name, height, width)
        self.values = values
        self.labels = values

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return class codes, uint8 (n, y, x).

        Raises:
            DataError: a mask holds a label that no training mask had.
        """
        labels = self.read(table, rows)
        codes = np.searchsorted(self.values, labels).clip(max=len(self.values) - 1)
        wrong_ones = np.flatnonzero((np.array(self.values)[codes] != labels).any(axis=(1, 2)))
        if wrong_ones.size:
            row = int(wrong_ones[0])
            foreign = np.setdiff1d(labels[row], self.values)
            raise DataError(
                "label that training never saw in a mask",
                where=table.place(row if rows is None else int(rows[row])),
                expected=f"some of {', '.join(map(str, self.values[:12]))}",
                received=int(foreign[0]),
                fix="correct the mask, or train with masks of this label",
            )
        return codes.astype(np.uint8)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the label of each pixel, as masks have it: int32 (n, y, x)."""
        return np.array(self.values, np.int32)[decoded]

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return _to_json(self, self.values)


class InstanceTarget(AbstractMaskTarget):
    """Instances: 0 is background, each other label of a mask an instance."""

    kind = INSTANCES

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return foreground and distance maps, uint8 (n, y, x, 2)."""
        from lamina.objectives.instances import distance_maps

        return np.stack([distance_maps(labels) for labels in self.read(table, rows)])

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return the instances, int32 (n, y, x)."""
        return self.read(table)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return the instances, int32 (n, y, x)."""
        return decoded

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold."""
        return _to_json(self, ())


def _to_json(target: AbstractMaskTarget, values: tuple[int, ...]) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "names": list(target.names),
        "height": target.height,
        "width": target.width,
        "values": list(values),
    }


def restore_target(stored: Mapping[str, Any], place: str) -> AbstractMaskTarget:
    """Return the target in an artifact's JSON, each field checked.

    Args:
        stored: parsed JSON.
        place: of it in its document, for errors.
    """
    _FORM(stored, place)
    values = tuple(stored["values"])
    if len(stored["names"]) != 1:
        raise wrong(f"{place}.names", "1 for this task", stored["names"])
    name, height, width = stored["names"][0], stored["height"], stored["width"]
    if stored["kind"] == INSTANCES:
        return InstanceTarget(name, height, width)
    whole = all(type(value) is int and abs(value) < 1 << 31 for value in values)
    if not 2 <= len(values) <= MOST_CLASSES or not whole or list(values) != sorted(set(values)):
        raise wrong(f"{place}.values", "2 to 256 increasing whole numbers", stored["values"])
    return ClassMaskTarget(name, height, width, values)
