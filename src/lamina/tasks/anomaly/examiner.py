"""What a network for anomalies is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.tasks.anomaly.cells import CellSpace
from lamina.tasks.examiner import AbstractExaminer, Asked
from lamina.tasks.samples.task import SAMPLE

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays

RARITY = "rarity"


class OddExaminer(AbstractExaminer):
    """Each row is a sample; labels of anomalies, where the data have them, are what it is measured by."""

    def inputs(self, encoded: Arrays, table: AbstractTable, target: Any) -> Arrays:
        """Return rows with the rarity of their cells, or images."""
        x = {SAMPLE: target.space.sampled(encoded, table)}
        if isinstance(target.space, CellSpace):
            x[RARITY] = target.space.rarity(encoded)
        return x

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: Any) -> Asked:
        """Return samples, and which of them are anomalies."""
        x = self.inputs(encoder.transform(table), table, target)
        name = schema.weight
        weights = table.scalar(name).numbers() if name is not None and name in table.names else None
        return Asked(x, target.measured(table), weights, is_by_row=False)
