"""The order in which rows are visited: a pure function of the seed and the epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.core.errors import ConfigError


def epoch_order(seed: int, epoch: int, rows: int, batch_size: int) -> np.ndarray:
    """Return the row indices of every batch of one epoch.

    Each epoch is a permutation of all rows. Every batch has the same shape: the last one is filled up from
    the start of the same permutation, so that no row is left out. Cost O(rows).

    Args:
        seed: seed of the run, 0 or more; the same seed and epoch give the same order for ever.
        epoch: number of the epoch, 0 or more.
        rows: how many rows there are, at least ``batch_size``.
        batch_size: rows in a batch, 1 or more.

    Returns:
        int32 array (steps, batch_size) with ``steps = ceil(rows / batch_size)``.

    Raises:
        ConfigError: a number is out of range.

    Example:
        >>> order = epoch_order(0, 0, rows=5, batch_size=2)
        >>> order.shape, sorted(set(order.ravel().tolist()))
        ((3, 2), [0, 1, 2, 3, 4])
    """
    _check(seed, epoch, rows, batch_size)
    return _in_batches(_permutation(seed, epoch, rows), batch_size)


@dataclass(frozen=True)
class Group:
    """Batches of one length class that stand together in an epoch.

    Args:
        length: the length class.
        first: its first batch among those of the class.
        last: the one behind its last batch.
    """

    length: int
    first: int
    last: int

    @property
    def steps(self) -> int:
        """How many batches it has."""
        return self.last - self.first


def groups_of(epoch: int, classes: np.ndarray, batch_size: int, *, together: int) -> list[Group]:
    """Return the groups of an epoch in their order: a function of the epoch and of how many rows a class has.

    No seed takes part, so that members of a population with other seeds go through the classes together.

    Args:
        epoch: number of the epoch, 0 or more.
        classes: the length class of each row.
        batch_size: rows in a batch, 1 or more.
        together: batches of a group, at most.

    Example:
        >>> [group.steps for group in groups_of(0, np.array([16] * 9), 2, together=3)]
        [3, 2]
    """
    found = []
    for length, count in zip(*np.unique(classes, return_counts=True), strict=True):
        batches = -(-int(count) // batch_size)
        firsts = range(0, batches, together)
        found += [Group(int(length), at, min(at + together, batches)) for at in firsts]
    turns = np.random.Generator(np.random.Philox(key=np.array([epoch, 0], np.uint64))).permutation(len(found))
    return [found[turn] for turn in turns.tolist()]


def order_in_classes(
    seed: int, epoch: int, classes: np.ndarray, batch_size: int, *, together: int
) -> np.ndarray:
    """Return the row indices of every batch of one epoch, no batch with rows of two length classes.

    The rows of each class are shuffled and cut into batches as `epoch_order` does with all rows, and the
    batches are visited by the groups of `groups_of`.

    Args:
        seed: as for `epoch_order`.
        epoch: number of the epoch, 0 or more.
        classes: the length class of each row.
        batch_size: rows in a batch, 1 or more.
        together: batches of a group, at most.

    Returns:
        int32 array (steps, batch_size).

    Raises:
        ConfigError: a number is out of range.

    Example:
        >>> order_in_classes(0, 0, np.array([16, 32, 16, 16]), 2, together=8).shape
        (3, 2)
    """
    _check(seed, epoch, len(classes), batch_size)
    order = _permutation(seed, epoch, len(classes))
    batches = {int(one): _in_batches(order[classes[order] == one], batch_size) for one in np.unique(classes)}
    groups = groups_of(epoch, classes, batch_size, together=together)
    return np.concatenate([batches[group.length][group.first : group.last] for group in groups])


def _permutation(seed: int, epoch: int, rows: int) -> np.ndarray:
    """Return the numbers of all rows, shuffled by seed and epoch."""
    key = np.array([seed % 2**64, epoch], np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(rows).astype(np.int32)


def _in_batches(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Return an order cut into batches, the last one filled up from the start, again and again if need be."""
    steps = -(-len(order) // batch_size)
    return np.resize(order, steps * batch_size).reshape(steps, batch_size)


def _check(seed: int, epoch: int, rows: int, batch_size: int) -> None:
    if min(seed, epoch) < 0:
        raise ConfigError("seed and epoch count from 0", received=f"seed {seed}, epoch {epoch}")
    if not 1 <= batch_size <= rows or rows >= 2**31:
        raise ConfigError("a batch holds between 1 row and all of them", received=f"{batch_size} of {rows}")
