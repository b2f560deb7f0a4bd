"""Which modality reads which column, and the encoders of all blocks as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import DataError
from lamina.core.inputs import Inputs, MixedInputs
from lamina.data.audit.roles import BESIDE_CELLS
from lamina.data.cells import CellColumn, with_cells
from lamina.modalities.base import (
    AbstractEncoder,
    AbstractModality,
    Arrays,
    Block,
    Description,
    Strange,
    Unreadable,
)
from lamina.modalities.registry import MODALITIES

if TYPE_CHECKING:
    from lamina.data.schema import ColumnSchema, Schema
    from lamina.data.table import AbstractTable


@dataclass(frozen=True)
class Claims:
    """A table whose columns were claimed.

    Args:
        table: the data, each column as its modality reads it.
        modalities: column → name of its modality.
        unreadable: column → what keeps a modality from reading it.
    """

    table: AbstractTable
    modalities: Mapping[str, str]
    unreadable: Mapping[str, str]


def claimed(table: AbstractTable) -> Claims:
    """Return the table with each column as the first modality that claims it reads it.

    Args:
        table: as it was read.

    Raises:
        DataError: nobody reads a column.
    """
    found: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    changed: dict[str, CellColumn] = {}
    modalities = _modalities()
    for name in table.names:
        column = table.column(name)
        for modality in modalities:
            own = modality.claim(column, table)
            if isinstance(own, Unreadable):
                unreadable[name] = own.reason
            elif own is not None:
                found[name] = modality.name
                if own is not column and isinstance(own, CellColumn):
                    changed[name] = own
                break
        else:
            raise DataError("values that nothing can be learned from", where=table.where(name=name))
    return Claims(with_cells(table, changed) if changed else table, found, unreadable)


def _modalities() -> list[AbstractModality]:
    """Return the modalities in the order in which they may claim."""
    return sorted((MODALITIES[name] for name in MODALITIES), key=lambda modality: modality.takes_the_rest)


def as_learned(table: AbstractTable, schema: Schema) -> AbstractTable:
    """Return new data with their cells under the names that the training data gave them.

    Args:
        table: as it was read.
        schema: of the training data.

    Raises:
        DataError: the cells that the network learned from are not there.
    """
    wanted = [column for column in schema.inputs if not MODALITIES[column.modality].shares_block]
    for column in wanted:
        table = MODALITIES[column.modality].rejoin(table, column.name)
    return table


def described(claims: Claims, names: Sequence[str], *, keep: Sequence[str]) -> list[Description]:
    """Return what each column holds; where cells stand beside a table, the cells alone are learned from.

    Args:
        claims: the table and who reads what.
        names: the columns that may be inputs.
        keep: columns that are learned from although they look like identifiers.
    """
    found: dict[str, Description] = {}
    for modality in _modalities():
        own = [name for name in names if claims.modalities[name] == modality.name]
        for description in modality.describe(claims.table, own, keep=keep) if own else ():
            found[description.name] = description
    cells = [name for name in names if not MODALITIES[claims.modalities[name]].shares_block]
    if len(cells) > 1:
        listed = " and ".join(f"'{name}'" for name in cells)
        noun = MODALITIES[claims.modalities[cells[0]]].noun
        raise DataError(
            f"columns {listed} both hold {noun}s",
            where=claims.table.source,
            expected=f"one column of {noun}s",
            fix="remove all but one from the table, or leave them out: drop=",
        )
    if cells:
        reason = beside(MODALITIES[claims.modalities[cells[0]]])
        for name in names:
            if name not in cells:
                found[name] = Description(name, "", reason=reason)
    return [found[name] for name in names]


def beside(modality: AbstractModality) -> str:
    """Return why a column is left out that stands beside cells of a modality."""
    return BESIDE_CELLS.format(noun=modality.noun)


def blocks_of(schema: Schema) -> tuple[Block, ...]:
    """Return the blocks of a schema's inputs: one a modality that shares, else one a column."""
    found: dict[str, list[ColumnSchema]] = {}
    for column in schema.inputs:
        shares = MODALITIES[column.modality].shares_block
        found.setdefault(column.modality if shares else column.name, []).append(column)
    return tuple(
        Block(name, MODALITIES[columns[0].modality], tuple(columns)) for name, columns in found.items()
    )


class Encoders(AbstractEncoder):
    """The encoders of all blocks: ``x`` of one block is that block, of several a dict by their names.

    Args:
        blocks: in the order of the schema.
        encoders: block name → its fitted encoder.
    """

    def __init__(self, blocks: Sequence[Block], encoders: Mapping[str, AbstractEncoder]):
        self.blocks, self.encoders = tuple(blocks), dict(encoders)

    @property
    def only(self) -> AbstractEncoder:
        """The encoder of the only block.

        Raises:
            DataError: there are several.
        """
        if len(self.encoders) != 1:
            raise DataError("several blocks of inputs", received=", ".join(self.encoders))
        return next(iter(self.encoders.values()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that they read."""
        return tuple(name for encoder in self.encoders.values() for name in encoder.columns)

    @property
    def inputs(self) -> Inputs:
        """What a model must know of the arrays."""
        if len(self.encoders) == 1:
            return self.only.inputs
        return MixedInputs({name: encoder.inputs for name, encoder in self.encoders.items()})

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return the arrays of all rows, or of the given ones.

        Args:
            table: the data, its cells under the names of training.
            rows: indices of rows; all without.
        """
        found = {name: encoder.transform(table, rows) for name, encoder in self.encoders.items()}
        return next(iter(found.values())) if len(found) == 1 else found

    def strange(self, table: AbstractTable, arrays: Arrays) -> Iterator[Strange]:
        """Yield the rows that are unlike those of training, block by block.

        Args:
            table: new data, its cells under the names of training.
            arrays: of all its rows, from `transform`.
        """
        for name, encoder in self.encoders.items():
            yield from encoder.strange(table, arrays if len(self.encoders) == 1 else arrays[name])

    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact: block name → modality and encoder."""
        return {
            block.name: {"modality": block.modality.name, **self.encoders[block.name].to_json()}
            for block in self.blocks
        }
