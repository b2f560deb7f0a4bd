"""How rows reach the device: resident when they fit, streamed when they don't."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from lamina.core.shared_arrays import MOST_TOGETHER, has_common, map_examples
from lamina.data.order import epoch_order, groups_of, order_in_classes
from lamina.data.ragged import Ragged
from lamina.data.stream import AbstractStream
from lamina.train.loop.ahead import Ahead

Rows = Mapping[str, Any]


def row_count(data: Rows) -> int:
    """Return how many rows ``{"x", "y", "weight"}`` hold."""
    return int(data["weight"].shape[0])


def size_in_mib(data: Rows) -> float:
    """Return the memory that the arrays take."""
    return sum(array.nbytes for array in jax.tree.leaves(data)) / 2**20


TOGETHER = 16  # batches of one length class that stand together: each such group is a chunk
MOST_PADDED = 100_000  # rows; beyond it a compilation costs less than the copy


def round_up(count: int) -> int:
    """Return a number a little larger, one of few: runs on about as many rows share compiled programs.

    At most a quarter more, or what is missing to a multiple of 32.

    Example:
        >>> [round_up(count) for count in (5, 119, 121, 300, 5000)]
        [32, 128, 128, 320, 5120]
    """
    step = max(32, 1 << max(0, (count - 1).bit_length() - 3))
    return -(-count // step) * step if count <= MOST_PADDED else count


def _padded(data: Any, rows: int, size: int) -> Any:
    """Return the arrays with zero rows behind them, ``size`` in all."""
    if size == rows:
        return data
    return map_examples(lambda a: np.concatenate([a, np.zeros((size - rows, *a.shape[1:]), a.dtype)]), data)


def taken(array: Any, rows: np.ndarray) -> np.ndarray:
    """Return some rows of an array, or of a stream that stands for one."""
    return np.take(array, rows, axis=0) if isinstance(array, np.ndarray) else np.asarray(array.take(rows))


def is_stream(array: Any) -> bool:
    """Return whether rows are made when they are asked for."""
    return not isinstance(array, np.ndarray | jax.Array)


def classes_of(data: Rows) -> np.ndarray | None:
    """Return the length class of each row, or None where all are alike.

    Of several arrays with rows of unequal length the one with the longest rows decides.

    Args:
        data: ``{"x", "y", "weight"}``.
    """
    ragged = [leaf for leaf in jax.tree.leaves(dict(data)) if isinstance(leaf, Ragged)]
    longest = max(ragged, key=lambda leaf: leaf.nbytes, default=None)
    if longest is None or (longest.classes == longest.classes[:1]).all():
        return None
    return longest.classes


@dataclass(frozen=True)
class Visits:
    """In which order the examples are visited.

    Args:
        rows: how many there are.
        batch_size: of them in a batch.
        classes: the length class of each, which no batch mixes; None where all are alike.
        per_epoch: steps of an epoch, which then is a part of a pass over all examples, or several passes;
            None: an epoch is one pass.
    """

    rows: int
    batch_size: int
    classes: np.ndarray | None = None
    per_epoch: int | None = None

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return self.per_epoch or len(self._stops_of_pass(0))

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """Return the examples of every batch, (steps, batch)."""
        parts = [self._order_of_pass(seed, number)[own] for number, own in self._passes(epoch)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def stops(self, epoch: int) -> np.ndarray:
        """Return for each step where its chunk has to end: at the next group, or at the end."""
        found, taken = [], 0
        for number, own in self._passes(epoch):
            stops = np.minimum(self._stops_of_pass(number)[own], own.stop)
            found.append(stops - own.start + taken)
            taken += own.stop - own.start
        return np.concatenate(found)

    def _passes(self, epoch: int) -> list[tuple[int, slice]]:
        """Return the passes over all examples that an epoch is made of, and which of their steps."""
        length = len(self._stops_of_pass(0))
        if self.per_epoch is None:
            return [(epoch, slice(0, length))]
        first, last = epoch * self.per_epoch, (epoch + 1) * self.per_epoch
        numbers = range(first // length, (last - 1) // length + 1)
        return [(n, slice(max(0, first - n * length), min(length, last - n * length))) for n in numbers]

    def _order_of_pass(self, seed: int, number: int) -> np.ndarray:
        if self.classes is None:
            return epoch_order(seed, number, self.rows, self.batch_size)
        return order_in_classes(seed, number, self.classes, self.batch_size, together=TOGETHER)

    def _stops_of_pass(self, number: int) -> np.ndarray:
        if self.classes is None:
            steps = -(-self.rows // self.batch_size)
            return np.full(steps, steps)
        sizes = [g.steps for g in groups_of(number, self.classes, self.batch_size, together=TOGETHER)]
        return np.repeat(np.cumsum(sizes), sizes)


class AbstractFeed(abc.ABC):
    """Gives the compiled chunk its data, and the places of the examples in them."""

    @abc.abstractmethod
    def chunk(self, order: np.ndarray) -> tuple[Any, Any]:
        """Return (data, places): what is on the device, and where the examples of each batch lie in it.

        Args:
            order: numbers of the examples, (…, steps, batch).
        """

    @abc.abstractmethod
    def ahead(self, order: np.ndarray) -> None:
        """Begin to gather what the next chunk will probably ask for, while the device computes.

        Args:
            order: numbers of the examples, (…, steps, batch).
        """

    @abc.abstractmethod
    def width(self, steps: int) -> int:
        """Return for how many steps a chunk is made that has to hold ``steps``."""


class ResidentFeed(AbstractFeed):
    """All examples lie on the device, each at the place of its number; the compiled program picks them."""

    def __init__(self, data: Rows):
        rows = row_count(data)
        self.data = jax.device_put(_padded(dict(data), rows, round_up(rows)))

    def chunk(self, order: np.ndarray) -> tuple[Any, Any]:
        """Return the resident data and the order as given."""
        return self.data, order

    def ahead(self, order: np.ndarray) -> None:
        """Do nothing: everything is there."""

    def width(self, steps: int) -> int:
        """Return one of few widths: steps that are not taken cost nothing."""
        return round_up(steps)


class StreamedFeed(AbstractFeed):
    """Rows stay on the host; each chunk carries its own, already in order.

    Arrays may be streams: whatever has ``take(rows)``. An `AbstractStream` is asked once for each row of a
    chunk, and for those of the next chunk by a thread while the device computes.
    """

    def __init__(self, data: Rows):
        self.data = dict(data)
        leaves, self._form = jax.tree.flatten(self.data)
        is_own = jax.tree.leaves(map_examples(lambda _: True, self.data, common=lambda _: False))
        self._leaves = [
            leaf if own else _Common(jax.device_put(leaf)) for leaf, own in zip(leaves, is_own, strict=True)
        ]
        self._ahead = Ahead([leaf for leaf in leaves if isinstance(leaf, AbstractStream)])

    def chunk(self, order: np.ndarray) -> tuple[Any, Any]:
        """Gather the chunk's examples; their places count from zero."""
        rows = order.reshape(-1)
        _, firsts, places = np.unique(rows, return_index=True, return_inverse=True)
        turn = np.argsort(firsts)  # in the order in which they are asked for
        streamed = iter(self._ahead.take(rows[firsts[turn]]))
        place = np.argsort(turn)[places]
        gathered = [
            np.take(next(streamed), place, axis=0) if isinstance(leaf, AbstractStream) else taken(leaf, rows)
            for leaf in self._leaves
        ]
        return jax.device_put(jax.tree.unflatten(self._form, gathered)), np.arange(
            rows.size, dtype=np.int32
        ).reshape(order.shape)

    def ahead(self, order: np.ndarray) -> None:
        """Begin to take the examples' rows of streams."""
        self._ahead.begin(order.reshape(-1))

    def width(self, steps: int) -> int:
        """Return ``steps``: each carries its rows."""
        return steps


class _Common:
    """An array that all examples share, which stands for its rows whichever are asked for."""

    def __init__(self, array: Any):
        self._array = array

    def take(self, rows: np.ndarray) -> Any:
        """Return the array, on the device already."""
        return self._array


def fits(data: Rows, *, device_memory: float) -> bool:
    """Return whether the rows fit in ``device_memory`` MiB; what is a stream never does."""
    if any(map(is_stream, jax.tree.leaves(dict(data)))):
        return False
    return size_in_mib(data) <= device_memory


def make_feed(data: Rows, *, device_memory: float) -> AbstractFeed:
    """Return a resident feed if the rows fit in ``device_memory`` MiB, else a streamed one."""
    return ResidentFeed(data) if fits(data, device_memory=device_memory) else StreamedFeed(data)


MOST_VALUES = 1 << 20  # of a batch that is evaluated: its activations are many times as much


def evaluation_size(data: Rows, *, batch_size: int) -> int:
    """Return how many examples are evaluated at once: fewer where each has many values.

    Where they share arrays, such as a graph, many are: it may be the same work for one and for all.

    Args:
        data: validation examples.
        batch_size: examples of a training step.

    Example:
        >>> import numpy as np
        >>> [evaluation_size({"x": np.zeros((9, width))}, batch_size=256) for width in (8, 3072)]
        [1024, 341]
    """
    if has_common(data):
        return max(MOST_TOGETHER, batch_size)
    values = max(math.prod(array.shape[1:]) for array in jax.tree.leaves(data["x"]))
    most = max(64, min(4096, MOST_VALUES // max(1, values)))
    return min(most, max(1024, batch_size))


def evaluation_batches(data: Rows, *, batch_size: int) -> Any:
    """Return the rows cut into equal batches, filled with rows of weight zero.

    Args:
        data: ``{"x", "y", "weight"}``.
        batch_size: rows in a batch, at most.

    Returns:
        The same tree with arrays (batches, batch, ...), and those that all share as they are.
    """
    rows = row_count(data)
    data = jax.tree.map(lambda a: taken(a, np.arange(rows)) if is_stream(a) else a, dict(data))
    batches = max(1, -(-rows // batch_size))
    size = round_up(-(-rows // batches))
    filled = _padded(data, rows, batches * size)
    return jax.device_put(map_examples(lambda a: a.reshape(batches, size, *a.shape[1:]), filled))
