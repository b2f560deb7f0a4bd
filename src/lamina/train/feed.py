"""How rows reach the device: resident when they fit, streamed when they don't."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

Rows = Mapping[str, Any]


def row_count(data: Rows) -> int:
    """Return how many rows ``{"x", "y", "weight"}`` hold."""
    return int(data["weight"].shape[0])


def size_in_mib(data: Rows) -> float:
    """Return the memory that the arrays take."""
    return sum(array.nbytes for array in jax.tree.leaves(data)) / 2**20


class AbstractFeed(abc.ABC):
    """Gives the compiled chunk its data and the row numbers that belong to them."""

    @abc.abstractmethod
    def chunk(self, order: np.ndarray) -> tuple[Any, Any]:
        """Return (data, order) on the device for steps × batch row numbers."""


class ResidentFeed(AbstractFeed):
    """All rows lie on the device; the compiled program picks them."""

    def __init__(self, data: Rows):
        self.data = jax.device_put(dict(data))

    def chunk(self, order: np.ndarray) -> tuple[Any, Any]:
        """Return the resident rows and the order as given."""
        return self.data, order


class StreamedFeed(AbstractFeed):
    """Rows stay on the host; each chunk carries its own, already in order.

    JAX computes while Python goes on, so the next chunk is gathered during the last one.
    """

    def __init__(self, data: Rows):
        self.data = dict(data)

    def chunk(self, order: np.ndarray) -> tuple[Any, Any]:
        """Gather the chunk's rows; the order on the device counts from zero."""
        rows = order.reshape(-1)
        gathered = jax.tree.map(lambda array: np.take(array, rows, axis=0), self.data)
        return jax.device_put(gathered), np.arange(rows.size, dtype=np.int32).reshape(order.shape)


def make_feed(data: Rows, *, device_memory: float) -> AbstractFeed:
    """Return a resident feed if the rows fit in ``device_memory`` MiB, else a streamed one."""
    return ResidentFeed(data) if size_in_mib(data) <= device_memory else StreamedFeed(data)


def evaluation_batches(data: Rows, *, batch_size: int) -> Any:
    """Return the rows cut into equal batches, the last one filled with rows of weight zero.

    Args:
        data: ``{"x", "y", "weight"}``.
        batch_size: rows in a batch, at most.

    Returns:
        The same tree with arrays (batches, batch, ...).
    """
    rows = row_count(data)
    batches = max(1, -(-rows // batch_size))
    size = -(-rows // batches)
    fill = batches * size - rows

    def cut(array: np.ndarray) -> Any:
        padded = np.concatenate([array, np.zeros((fill, *array.shape[1:]), array.dtype)]) if fill else array
        return padded.reshape(batches, size, *array.shape[1:])

    return jax.device_put(jax.tree.map(cut, dict(data)))
