"""Which modality reads which column, and the encoders of all blocks as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.errors import ConfigError, DataError, suggest
from lamina.core.inputs import PRESENT, Inputs, MixedInputs
from lamina.data.audit.roles import BESIDE_CELLS
from lamina.data.cells import CellColumn, with_cells
from lamina.data.table import free_name
from lamina.modalities.base import (
    AbstractContextEncoder,
    AbstractEncoder,
    AbstractModality,
    Arrays,
    Block,
    Description,
    Strange,
    Unreadable,
)
from lamina.modalities.gaps import presence, with_gaps
from lamina.modalities.optional import AbstractAskedReader, AbstractContextReader, AbstractFormReader
from lamina.modalities.registry import MODALITIES

if TYPE_CHECKING:
    from lamina.data.schema import ColumnSchema, Schema
    from lamina.data.table import AbstractColumn, AbstractTable


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


def claimed(table: AbstractTable, read_as: Sequence[str] = ()) -> Claims:
    """Return the table with each column as the first modality that claims it reads it.

    Args:
        table: as it was read.
        read_as: columns with the modality that is to read them, as ``review:text``.

    Raises:
        DataError: nobody reads a column.
        ConfigError: a column or modality is unknown, or the one cannot be read as the other.
    """
    asked = _asked(table, read_as)
    found: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    changed: dict[str, CellColumn] = {}
    for name in table.names:
        column = table.column(name)
        own, modality, reason = _claim(column, table, asked.get(name))
        found[name] = modality
        if reason:
            unreadable[name] = reason
        if own is not column and isinstance(own, CellColumn):
            changed[name] = own
    return Claims(with_cells(table, changed) if changed else table, found, unreadable)


def as_written(claims: Claims, keys: Mapping[str, Any]) -> Claims:
    """Return the claims with columns of texts read as numbers or dates, as their modalities decide.

    Args:
        claims: the table and who reads what.
        keys: name of a modality → its keys; those of others are the usual ones.
    """
    found: dict[str, str] = {}
    for modality in _modalities():
        own = [name for name in claims.table.text_names if claims.modalities[name] == modality.name]
        if own and isinstance(modality, AbstractFormReader):
            found |= modality.forms(claims.table, own, keys.get(modality.name) or modality.keys())
    return replace(claims, table=claims.table.changed(forms=found))


def _claim(column: AbstractColumn, table: AbstractTable, asked: str | None) -> tuple[Any, str, str]:
    """Return a column as it is read, the name of the modality that reads it, and why another could not."""
    if asked is not None:
        reader = MODALITIES[asked]
        is_asked = isinstance(reader, AbstractAskedReader)
        own = reader.asked(column, table) if is_asked else reader.claim(column, table)
        if own is None and column.storage in reader.reads:
            own = column
        if isinstance(own, Unreadable) or own is None:
            reason = f": {own.reason}" if own is not None else ""
            raise ConfigError(
                f"read_as: column '{column.name}' cannot be read as {asked}{reason}",
                where=table.where(name=column.name),
                received=f"a column of type {column.storage}",
                fix="leave it out of read_as=, or name another modality",
            )
        return own, asked, ""
    reason = ""
    for modality in _modalities():
        own = modality.claim(column, table)
        if isinstance(own, Unreadable):
            reason = own.reason
        elif own is not None:
            return own, modality.name, reason
    raise DataError("values that nothing can be learned from", where=table.where(name=column.name))


def _asked(table: AbstractTable, read_as: Sequence[str]) -> dict[str, str]:
    """Return column → name of its modality, as ``read_as`` says."""
    found = {}
    for word in read_as:
        name, colon, modality = word.rpartition(":")
        known = ", ".join(MODALITIES)
        if not colon:
            raise ConfigError("read_as cannot be read", expected="column:modality", received=repr(word))
        table.require(name, "read_as: column")
        if modality not in MODALITIES:
            message = f"read_as: no modality is called '{modality}'{suggest(modality, MODALITIES)}"
            raise ConfigError(message, expected=f"one of {known}")
        found[name] = modality
    return found


def _modalities() -> list[AbstractModality]:
    """Return the modalities in the order in which they may claim."""
    return sorted((MODALITIES[name] for name in MODALITIES), key=lambda modality: modality.takes_the_rest)


def as_learned(table: AbstractTable, schema: Schema) -> AbstractTable:
    """Return new data as the training data were read: cells under their names, texts in their forms.

    A column of another name is known again where it is the only one of its sort.

    Args:
        table: as it was read.
        schema: of the training data.

    Raises:
        DataError: the cells that the network learned from are not there.
    """
    wanted = [column for column in schema.inputs if not MODALITIES[column.modality].shares_block]
    for column in wanted:
        if [other.modality for other in wanted].count(column.modality) > 1:
            table.require(column.name)
        table = MODALITIES[column.modality].rejoin(table, column.name)
    return table.changed(forms=dict(schema.forms)) if schema.forms else table


def described(claims: Claims, names: Sequence[str], *, keep: Sequence[str]) -> list[Description]:
    """Return what each column holds, and why one is left out.

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
    return [found[name] for name in names]


def described_alone(claims: Claims, names: Sequence[str], *, keep: Sequence[str]) -> list[Description]:
    """Return what each column holds where one column of cells is all that is learned from.

    So it is where every position of a cell has a target, as every pixel of an image: the columns beside it
    are left out, and the reason is said.

    Args:
        claims: the table and who reads what.
        names: the columns that may be inputs.
        keep: columns that are learned from although they look like identifiers.

    Raises:
        DataError: there are two columns of cells.
    """
    cells = [name for name in names if not MODALITIES[claims.modalities[name]].shares_block]
    if not cells:
        return described(claims, names, keep=keep)
    noun = MODALITIES[claims.modalities[cells[0]]].noun
    if len(cells) > 1:
        listed = " and ".join(f"'{name}'" for name in cells)
        raise DataError(
            f"columns {listed} both hold {noun}s",
            where=claims.table.source,
            expected=f"one column of {noun}s",
            fix="remove all but one from the table, or leave them out: drop=",
        )
    beside = BESIDE_CELLS.format(noun=noun)
    (found,) = described(claims, cells, keep=keep)
    return [found if name == found.name else Description(name, "", reason=beside) for name in names]


def blocks_of(schema: Schema) -> tuple[Block, ...]:
    """Return the blocks of a schema's inputs: one a modality that shares, else one a column.

    A block is called like its modality or its column, underscores for points; one more tells a column apart
    from another block.
    """
    return _blocks(schema.inputs)


def context_of(schema: Schema) -> tuple[Block, ...]:
    """Return the blocks of the columns that are seen of the examples around one."""
    return _blocks(schema.context)


def around(table: AbstractTable, blocks: Sequence[Block]) -> AbstractTable:
    """Return the columns of all that the examples of a table see, a row each.

    Args:
        table: the data, claimed.
        blocks: of the inputs, one of which is such that examples see one another.

    Raises:
        DataError: there are no such columns.
    """
    for block in blocks:
        if isinstance(block.modality, AbstractContextReader):
            return block.modality.around(table, block)
    raise TypeError("no block has a context")


def _blocks(given: Sequence[ColumnSchema]) -> tuple[Block, ...]:
    found: dict[str, list[ColumnSchema]] = {}
    taken = {PRESENT, *(c.modality for c in given if MODALITIES[c.modality].shares_block)}
    for column in given:
        shares = MODALITIES[column.modality].shares_block
        name = column.modality if shares else free_name(column.name.replace(".", "_"), taken)
        found.setdefault(name, []).append(column)
        taken.add(name)
    return tuple(
        Block(name, MODALITIES[columns[0].modality], tuple(columns)) for name, columns in found.items()
    )


class Encoders(AbstractEncoder):
    """The encoders of all blocks: ``x`` of one block is that block, of several a dict by their names.

    Of several, ``x["present"]`` says for each block that a row may lack which rows have it. Encoders whose
    examples see one another are given those of the columns beside them.

    Args:
        blocks: in the order of the schema.
        encoders: block name → its fitted encoder.
        context: blocks of columns that are seen of the examples around one alone; ``encoders`` has theirs.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        encoders: Mapping[str, AbstractEncoder],
        context: Sequence[Block] = (),
    ):
        every = (*blocks, *context)
        shared = {block.name: encoders[block.name] for block in every if block.modality.shares_block}
        self.blocks, self.context_blocks = tuple(blocks), tuple(context)
        self.context = {block.name: encoders[block.name] for block in context}
        self.encoders = {
            name: own.with_columns(shared) if isinstance(own, AbstractContextEncoder) else own
            for name, own in encoders.items()
            if name not in self.context
        }

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
    def is_mixed(self) -> bool:
        """Whether there are several blocks."""
        return len(self.encoders) > 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that they read."""
        return tuple(name for encoder in self.encoders.values() for name in encoder.columns)

    @property
    def inputs(self) -> Inputs:
        """What a model must know of the arrays."""
        if len(self.encoders) == 1:
            return self.only.inputs
        optional = tuple(block.name for block in self.blocks if not block.modality.shares_block)
        return MixedInputs({name: encoder.inputs for name, encoder in self.encoders.items()}, optional)

    def transform(self, table: AbstractTable, rows: np.ndarray | None = None) -> Arrays:
        """Return the arrays of all rows, or of the given ones.

        Args:
            table: the data, its cells under the names of training.
            rows: indices of rows; all without.
        """
        if len(self.encoders) == 1:
            return self.only.transform(table, rows)
        found, there = {}, {}
        for block in self.blocks:
            encoder, present = self.encoders[block.name], presence(block, table, rows)
            if present is None:
                found[block.name] = encoder.transform(table, rows)
            else:
                found[block.name] = with_gaps(encoder, table, rows, present)
                there[block.name] = present
        return {**found, PRESENT: there} if there else found

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
        known = {**self.encoders, **self.context}
        return {
            block.name: {"modality": block.modality.name, **known[block.name].to_json()}
            for block in (*self.blocks, *self.context_blocks)
        }
