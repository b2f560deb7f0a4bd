"""What a network for anomalies is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.tasks.anomaly.cells import CellSpace
from lamina.tasks.examiner import AbstractExaminer
from lamina.tasks.samples.task import SAMPLE

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays

RARITY = "rarity"


class OddExaminer(AbstractExaminer):
    """Each row is a sample; labels of anomalies, where the data have them, are what it is measured by."""

    is_by_row = False  # of a table there are scores of columns too

    def inputs(self, encoded: Arrays, table: AbstractTable, target: Any) -> Arrays:
        """Return rows with the rarity of their cells, or images."""
        x = {SAMPLE: target.space.sampled(encoded, table)}
        if isinstance(target.space, CellSpace):
            x[RARITY] = target.space.rarity(encoded)
        return x
