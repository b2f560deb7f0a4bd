"""What stands for an array whose rows are made when they are asked for."""

from __future__ import annotations

import abc
import math

import numpy as np


class AbstractStream(abc.ABC):
    """Rows that take time to be made, all of one shape, such as images in files.

    Attributes:
        shape: of the array that it stands for, rows first.
        dtype: of its values.
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @abc.abstractmethod
    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return some rows, perhaps in another thread than the one that uses them.

        Args:
            rows: indices, in any order.
        """

    def __len__(self) -> int:
        return self.shape[0]
