"""The order of rows depends on the seed and the epoch, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.errors import ConfigError
from lamina.data import epoch_order


@given(st.integers(0, 2**40), st.integers(0, 1000), st.integers(1, 200), st.data())
def test_every_row_stands_in_every_epoch_and_shapes_are_fixed(seed, epoch, rows, data):
    size = data.draw(st.integers(1, rows))
    order = epoch_order(seed, epoch, rows, size)
    assert order.dtype == np.int32
    assert order.shape == (-(-rows // size), size)
    flat = order.ravel()
    assert sorted(flat[:rows]) == list(range(rows))
    np.testing.assert_array_equal(flat[rows:], flat[: flat.size - rows])


def test_the_order_is_the_same_for_ever():
    assert epoch_order(0, 0, 8, 4).tolist() == [[5, 0, 6, 1], [7, 2, 4, 3]]


def test_seeds_and_epochs_differ():
    orders = {tuple(epoch_order(seed, epoch, 50, 50).ravel()) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


@pytest.mark.parametrize(
    ("seed", "epoch", "rows", "size"), [(-1, 0, 5, 2), (0, -1, 5, 2), (0, 0, 5, 6), (0, 0, 5, 0)]
)
def test_numbers_out_of_range(seed, epoch, rows, size):
    with pytest.raises(ConfigError, match=r"count from 0|a batch holds between 1 row and all of them"):
        epoch_order(seed, epoch, rows, size)
