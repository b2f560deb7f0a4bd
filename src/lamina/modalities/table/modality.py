"""The table as a modality: all its columns of numbers, categories, booleans and dates make one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.core.keys import key, one_of
from lamina.data.table import AbstractColumn, AbstractTable, ScalarColumn
from lamina.modalities.base import (
    AbstractModality,
    Block,
    Choice,
    Description,
    Outcome,
    Situation,
    Subject,
)
from lamina.modalities.optional import AbstractFormReader
from lamina.modalities.registry import MODALITIES
from lamina.modalities.table import claim
from lamina.modalities.table.check import TableCheck
from lamina.modalities.table.choose import MANY_EXAMPLES, choose
from lamina.modalities.table.encoder import TableEncoder
from lamina.modalities.table.stored import check_encoder

if TYPE_CHECKING:
    from lamina.core.page import Section


@dataclass(frozen=True)
class TableKeys:
    """The keys of tables."""

    numeric: str = key("quantile", "how numbers are scaled", **one_of("quantile", "standard"))
    dayfirst: bool | None = key(
        None, "whether the day comes first in dates such as 03/04/2021; decided from all dates of the column"
    )


class TableModality(AbstractModality, AbstractFormReader):
    """Numbers, categories, booleans and dates."""

    name, noun = "table", "column"
    kinds = claim.KINDS
    shares_block = takes_the_rest = True
    keys = TableKeys
    folds = {"best": 5}  # noqa: RUF012
    most_for_folds = MANY_EXAMPLES

    def claim(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | None:
        """Return the column if its values are numbers, texts, booleans or dates."""
        return column if isinstance(column, ScalarColumn) else None

    def forms(self, table: AbstractTable, names: Sequence[str], keys: TableKeys) -> dict[str, str]:
        """Return how columns of texts are read as numbers or dates."""
        return claim.forms(table, names, day_first=keys.dayfirst)

    def describe(
        self, table: AbstractTable, names: Sequence[str], *, keep: Sequence[str]
    ) -> list[Description]:
        """Return what each column holds; identifiers, constants and free texts are left out."""
        return [claim.describe(table, name, kept=name in keep) for name in names]

    def check(self, subject: Subject, block: Block, keys: TableKeys) -> TableCheck:
        """Return the checks of the columns."""
        return TableCheck(subject, block, day_first=keys.dayfirst)

    def fit(self, table: AbstractTable, block: Block, rows: np.ndarray, keys: TableKeys) -> TableEncoder:
        """Learn scales, bins and categories from training rows."""
        return TableEncoder.fit(table, block.columns, rows=rows, numeric=keys.numeric)

    def restore(self, stored: dict[str, Any], place: str) -> TableEncoder:
        """Return the encoder in an artifact's JSON."""
        check_encoder(stored, place)
        return TableEncoder.from_json(stored)

    def choose(self, situation: Situation) -> Choice:
        """Return a small network, or an ensemble with shared weights, by rows and columns."""
        return choose(situation)

    def sections(self, outcome: Outcome, block: Block, encoder: TableEncoder) -> list[Section]:
        """Return the importance of the columns."""
        from lamina.modalities.table.sections import column_sections

        names = [column.name for column in block.columns]
        return column_sections(outcome, names, encoder, outcome.part)


MODALITIES.add("table", TableModality())
