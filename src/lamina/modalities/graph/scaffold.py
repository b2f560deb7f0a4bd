"""Molecules of one scaffold as a group of a split."""

from __future__ import annotations

from typing import Any

from lamina.core.errors import ConfigError
from lamina.data.graphs.molecules import MoleculeColumn
from lamina.data.table import AbstractTable
from lamina.modalities.base import Block
from lamina.modalities.graph.encoder import column_of
from lamina.modalities.optional import AbstractGrouper, Groups


class ByScaffold(AbstractGrouper):
    """Keeps molecules with the same rings and links between them together, where ``scaffold`` asks for it."""

    def groups(self, table: AbstractTable, block: Block, keys: Any) -> Groups | None:
        """Return the molecules of equal scaffold, or None where the split does not go by it.

        Raises:
            ConfigError: the graphs are no molecules.
        """
        if not keys.scaffold:
            return None
        column = column_of(table, block.columns[0].name)
        if not isinstance(column, MoleculeColumn):
            raise ConfigError(
                "only molecules have a scaffold",
                where=table.where(name=column.name),
                expected="a column of SMILES",
                received="scaffold=true",
                fix="leave scaffold out; group= names a column to split by",
            )
        return Groups(column.scaffolds(), f"by scaffold of {column.name}, rare ones held out")
