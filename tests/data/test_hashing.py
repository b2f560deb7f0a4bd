"""Hashes of rows spread over all 64 bits and depend on the order of the columns."""

from __future__ import annotations

import numpy as np

from lamina.data.hashing import mixed


def test_equal_rows_have_equal_hashes_and_others_none():
    rows = np.random.default_rng(0).integers(0, 50, (20_000, 3)).astype(np.uint64)
    state = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        state = mixed(state, column)
    assert np.unique(state).size == np.unique(rows, axis=0).shape[0]


def test_a_single_bit_changes_bits_above_and_below_it():
    values, zeros = np.arange(1000, dtype=np.uint64), np.zeros(1000, np.uint64)
    changed = mixed(zeros, values) ^ mixed(zeros, values ^ np.uint64(1 << 40))
    assert (changed >> np.uint64(41) != 0).all() and (changed << np.uint64(24) != 0).all()


def test_the_order_of_columns_counts():
    a, b, zero = np.array([3], np.uint64), np.array([5], np.uint64), np.zeros(1, np.uint64)
    assert mixed(mixed(zero, a), b) != mixed(mixed(zero, b), a)
