"""Hashes of rows: one 64-bit state a row, into which column after column is mixed."""

from __future__ import annotations

import numpy as np

# Fibonacci hashing (Knuth, The Art of Computer Programming 6.4): multiplication by the odd number next to
# 2^64 / golden ratio carries low bits into high ones; the shift after it carries them back.
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def mixed(state: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return uint64 states that depend on the old ones and on the values, O(rows).

    Args:
        state: uint64 (rows,), zeros at first.
        values: uint64 (rows,), the values of one column.

    Example:
        >>> state = mixed(np.zeros(3, np.uint64), np.array([5, 7, 5], np.uint64))
        >>> bool(state[0] == state[2]), bool(state[0] == state[1])
        (True, False)
    """
    state = (state ^ values) * _ODD
    return state ^ (state >> _SHIFT)
