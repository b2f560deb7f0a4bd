"""The order in which rows are visited: a pure function of the seed and the epoch."""

from __future__ import annotations

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
    key = np.array([seed % 2**64, epoch], np.uint64)
    order = np.random.Generator(np.random.Philox(key=key)).permutation(rows).astype(np.int32)
    return _in_batches(order, batch_size)


def order_in_classes(
    seed: int, epoch: int, classes: np.ndarray, batch_size: int, *, together: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row indices of every batch of one epoch, no batch with rows of two length classes.

    The rows of each class are shuffled and cut into batches as `epoch_order` does with all rows. Batches of a
    class then stand together in groups, and the groups are shuffled: by the epoch alone, so that members of a
    population with other seeds go through the classes in the same order.

    Args:
        seed: as for `epoch_order`.
        epoch: number of the epoch, 0 or more.
        classes: the length class of each row.
        batch_size: rows in a batch, 1 or more.
        together: batches of a group, at most.

    Returns:
        int32 array (steps, batch_size), and the group of each step, rising.

    Raises:
        ConfigError: a number is out of range.

    Example:
        >>> order, groups = order_in_classes(0, 0, np.array([16, 32, 16, 16]), 2, together=8)
        >>> order.shape, groups.size, len(set(groups.tolist()))
        ((3, 2), 3, 2)
    """
    _check(seed, epoch, len(classes), batch_size)
    key = np.array([seed % 2**64, epoch], np.uint64)
    order = np.random.Generator(np.random.Philox(key=key)).permutation(len(classes)).astype(np.int32)
    found = []
    for one in np.unique(classes):
        batches = _in_batches(order[classes[order] == one], batch_size)
        found += [batches[at : at + together] for at in range(0, len(batches), together)]
    turns = np.random.Generator(np.random.Philox(key=np.array([epoch, 0], np.uint64))).permutation(len(found))
    chosen = [found[turn] for turn in turns.tolist()]
    return np.concatenate(chosen), np.repeat(np.arange(len(chosen)), [len(group) for group in chosen])


def steps_in_classes(classes: np.ndarray, batch_size: int) -> int:
    """Return how many batches `order_in_classes` makes.

    Args:
        classes: the length class of each row.
        batch_size: rows in a batch.
    """
    return int(sum(-(-count // batch_size) for count in np.unique(classes, return_counts=True)[1]))


def _in_batches(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Return an order cut into batches, the last one filled up from the start, again and again if need be."""
    steps = -(-len(order) // batch_size)
    return np.resize(order, steps * batch_size).reshape(steps, batch_size)


def _check(seed: int, epoch: int, rows: int, batch_size: int) -> None:
    if min(seed, epoch) < 0:
        raise ConfigError("seed and epoch count from 0", received=f"seed {seed}, epoch {epoch}")
    if not 1 <= batch_size <= rows or rows >= 2**31:
        raise ConfigError("a batch holds between 1 row and all of them", received=f"{batch_size} of {rows}")
