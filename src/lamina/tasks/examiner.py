"""What a network is asked, to measure it: each row, or what the task makes of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.data.schema import Schema
    from lamina.data.table import AbstractTable
    from lamina.modalities.base import Arrays
    from lamina.tasks.base import AbstractTarget, Examples


@dataclass(frozen=True)
class Asked:
    """What a network is asked, to measure it.

    Args:
        x: encoded inputs.
        targets: in the form of the metrics.
        weights: one weight an example, or None.
        is_by_row: whether there is one example for each row of the table.
    """

    x: Arrays
    targets: np.ndarray
    weights: np.ndarray | None = None
    is_by_row: bool = True


def weights_of(table: AbstractTable, schema: Schema) -> np.ndarray | None:
    """Return the weight of each row, or None where the table has none.

    Args:
        table: the data.
        schema: of the training data.
    """
    name = schema.weight
    return table.scalar(name).numbers() if name is not None and name in table.names else None


class AbstractExaminer:
    """Makes questions of data with targets: each row is one, as a rule. NumPy only.

    Attributes:
        is_by_row: whether outputs and targets are those of the rows, one each.
    """

    is_by_row: bool = True

    def asked(self, table: AbstractTable, schema: Schema, encoder: Any, target: AbstractTarget) -> Asked:
        """Return what a network is asked about data, by default about each row.

        Args:
            table: as it was learned from, or from `lamina.network.network.Network.read`.
            schema: of the training data.
            encoder: fitted.
            target: fitted.

        Raises:
            DataError: the target is absent, or holds what training never saw.
        """
        x = self.inputs(encoder.transform(table), table, target)
        return Asked(x, target.measured(table), weights_of(table, schema), is_by_row=self.is_by_row)

    def inputs(self, encoded: Arrays, table: AbstractTable, target: AbstractTarget) -> Arrays:
        """Return what a network is asked about rows whose targets nobody knows: by default their inputs.

        Args:
            encoded: inputs of the rows, from the encoder.
            table: the rows.
            target: fitted.
        """
        return encoded

    def watched(self, examples: Examples) -> Examples:
        """Return those of the validation examples that are evaluated after each epoch: all by default.

        Args:
            examples: of all validation rows.
        """
        return examples


class ByRow(AbstractExaminer):
    """Each row is a question."""
