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
    if min(seed, epoch) < 0:
        raise ConfigError("seed and epoch count from 0", received=f"seed {seed}, epoch {epoch}")
    if not 1 <= batch_size <= rows or rows >= 2**31:
        raise ConfigError("a batch holds between 1 row and all of them", received=f"{batch_size} of {rows}")
    key = np.array([seed % 2**64, epoch], np.uint64)
    order = np.random.Generator(np.random.Philox(key=key)).permutation(rows).astype(np.int32)
    steps = -(-rows // batch_size)
    return np.concatenate([order, order[: steps * batch_size - rows]]).reshape(steps, batch_size)
