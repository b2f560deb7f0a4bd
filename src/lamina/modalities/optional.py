"""What a modality may be besides: keep rows together, read columns on request or as numbers, give context."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.data.table import AbstractColumn, AbstractTable
    from lamina.modalities.base import Block, Unreadable


@dataclass(frozen=True)
class Groups:
    """Rows that belong together in a split.

    Args:
        codes: int64, the group of each row; a negative one is a group of its own.
        rule: how they are split, for a person to read.
    """

    codes: np.ndarray
    rule: str


class AbstractGrouper(abc.ABC):
    """Keeps rows together in a split by what a block of columns holds.

    Groups of many rows then train, rare ones validate and test (`lamina.data.split_by_size`).
    """

    @abc.abstractmethod
    def groups(self, table: AbstractTable, block: Block, keys: Any) -> Groups | None:
        """Return the groups of all rows; None: the keys do not ask for any.

        Args:
            table: the data, claimed.
            block: of the inputs.
            keys: of the modality.

        Raises:
            ConfigError: the block has no such groups.
        """


class AbstractAskedReader(abc.ABC):
    """What a modality is besides, that makes cells of columns where somebody says that it is to read them."""

    @abc.abstractmethod
    def asked(self, column: AbstractColumn, table: AbstractTable) -> AbstractColumn | Unreadable | None:
        """Return the column as it is read then; None: it cannot be read so."""


class AbstractFormReader(abc.ABC):
    """What a modality is besides, that reads columns of texts as numbers or dates."""

    @abc.abstractmethod
    def forms(self, table: AbstractTable, names: Sequence[str], keys: Any) -> Mapping[str, str]:
        """Return how its columns of texts are read, by name (see `lamina.data.forms`).

        It is asked once, of the training data, and its answer kept for new data.
        """


class AbstractContextReader(abc.ABC):
    """What a modality is besides, whose examples are seen by one another with their columns, as nodes are."""

    @abc.abstractmethod
    def around(self, table: AbstractTable, block: Block) -> AbstractTable:
        """Return the columns of all that the examples of a table see, a row each.

        Args:
            table: the data, claimed.
            block: of the inputs.

        Raises:
            DataError: they have none.
        """
