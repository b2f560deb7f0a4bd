"""The targets of tasks that learn samples: none, or the class that a sample is conditioned on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core import json_checks
from lamina.core.inputs import NO_LABEL
from lamina.core.json_checks import anything, optional, record
from lamina.tasks.base import AbstractTarget
from lamina.tasks.prediction.targets import ClassTarget
from lamina.tasks.samples.space import AbstractSpace
from lamina.tasks.samples.spaces import restore_space

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable

_FORM = record(
    method=json_checks.text, space=anything, classes=optional(anything), shares=json_checks.numbers
)


class SampleTarget(AbstractTarget):
    """Samples of a space, perhaps each with a class.

    Args:
        space: of the samples.
        method: how they are learned, in the words of the task.
        classes: the column of classes, fitted, or None.
        shares: how frequent each class is among the training rows.
    """

    def __init__(
        self,
        space: AbstractSpace,
        method: str,
        classes: ClassTarget | None = None,
        shares: tuple[float, ...] = (),
    ):
        self.space, self.method, self.classes, self.shares = space, method, classes, shares
        self.names = space.targets if classes is None else classes.names
        self.labels = () if classes is None else classes.labels

    @property
    def inputs(self) -> Any:
        """What a model is told of the samples."""
        return self.space.inputs(len(self.labels))

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the class of each row, int32; -1 where there are none.

        Raises:
            DataError: the column of classes is absent, or holds one that training never saw.
        """
        if self.classes is None:
            return np.full(table.height if rows is None else len(rows), NO_LABEL, np.int32)
        return self.classes.transform(table, rows)

    def known(self, table: AbstractTable) -> np.ndarray:
        """Return the class of each row, int32; -1 for all where the table has no such column."""
        if self.classes is None or self.names[0] not in table.names:
            return np.full(table.height, NO_LABEL, np.int32)
        return self.classes.transform(table)

    def measured(self, table: AbstractTable) -> np.ndarray:
        """Return nothing for each row: there is no target to measure by."""
        return np.zeros(table.height, np.float32)

    def predictions(self, decoded: np.ndarray) -> np.ndarray:
        """Return what the objective answered."""
        return decoded

    def caption(self, value: Any) -> str:
        """Return an empty text."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""
        classes = None if self.classes is None else self.classes.to_json()
        own = {"method": self.method, "space": self.space.to_json(), "classes": classes}
        return {**own, "shares": list(self.shares)}

    @staticmethod
    def restore(stored: Mapping[str, Any], place: str) -> SampleTarget:
        """Return the target in an artifact's JSON, each field checked.

        Raises:
            ArtifactError: a field has the wrong form.
        """
        _FORM(stored, place)
        space = restore_space(stored["space"], f"{place}.space")
        own = stored["classes"]
        classes = None if own is None else ClassTarget.restore(own, f"{place}.classes")
        return SampleTarget(space, stored["method"], classes, tuple(stored["shares"]))
