"""How one column of a table becomes features of samples, and back."""

from __future__ import annotations

import abc
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lamina.data.table import AbstractTable


class AbstractColumnCodec(abc.ABC):
    """Invertible translation of a column, fitted to training rows.

    Attributes:
        name: of the column.
        kind: what it holds, for the artifact.
        widths: of its groups of features, as in `lamina.core.inputs.RowSampleInputs`; empty where the column
            always holds the same.
    """

    name: str
    kind: str
    widths: tuple[int, ...]

    @property
    def features(self) -> int:
        """Features in all."""
        return sum(self.widths)

    @abc.abstractmethod
    def encode(self, table: AbstractTable, *, dither: bool) -> np.ndarray:
        """Return the features of all rows of a table, float32 (n, features).

        Args:
            table: the data.
            dither: spread equal numbers over the interval that is rounded to them, which gives a density.
        """

    @abc.abstractmethod
    def decode(self, features: np.ndarray) -> np.ndarray:
        """Return values as the column had them: NaN, or None among objects, where one is missing.

        Args:
            features: (n, features).
        """

    @abc.abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return a dict that JSON can hold, floats exact."""


def one_hot(codes: np.ndarray, width: int) -> np.ndarray:
    """Return float32 (n, width) with 1 at each code; a code below 0 gives zeros.

    Example:
        >>> one_hot(np.array([1, -1]), 2).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    return (codes[:, None] == np.arange(width)).astype(np.float32)


def generator(name: str, size: int) -> np.random.Generator:
    """Return random numbers for a column of some rows, the same ones every time."""
    return np.random.Generator(np.random.Philox(key=[zlib.crc32(name.encode()), size]))
