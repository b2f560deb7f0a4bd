"""Rows of unequal length, and the order in which their classes are visited."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ConfigError
from lamina.data.order import epoch_order, groups_of, order_in_classes
from lamina.data.ragged import Ragged, length_classes

LENGTHS = np.array([3, 0, 16, 17, 40, 64, 5, 30] * 10)
ENDS = np.cumsum(LENGTHS)
ROWS = Ragged(np.arange(ENDS[-1], dtype=np.int32), ENDS, length=64, fill=-1)
CLASSES = ROWS.classes


def test_it_stands_for_the_array_that_is_filled_up():
    whole = np.full((80, 64), -1, np.int32)
    for row, (start, end) in enumerate(zip(ENDS - LENGTHS, ENDS, strict=True)):
        whole[row, : end - start] = np.arange(start, end)
    assert ROWS.shape == whole.shape and ROWS.nbytes == whole.nbytes and len(ROWS) == 80
    np.testing.assert_array_equal(ROWS.take(np.arange(80)), whole)
    rows = np.array([7, 3, 3])
    np.testing.assert_array_equal(ROWS.take(rows), whole[rows, :32])
    assert ROWS.take(np.array([0, 1])).shape == (2, 16)
    assert ROWS.take(np.arange(0)).shape == (0, 64)


def test_classes_are_powers_of_two_and_the_longest():
    assert CLASSES[:8].tolist() == [16, 16, 16, 32, 64, 64, 16, 32]
    assert (LENGTHS <= CLASSES).all()
    assert length_classes(np.array([5] * 99 + [20]), 100).tolist() == [16] * 99 + [100]  # few: joined
    assert length_classes(np.array([90] * 5), 100).tolist() == [100] * 5


@pytest.mark.parametrize("size", [1, 7, 16])
def test_no_batch_mixes_two_classes_and_no_row_is_left_out(size: int):
    order = order_in_classes(3, 1, CLASSES, size, together=3)
    groups = groups_of(1, CLASSES, size, together=3)
    per_class = np.unique(CLASSES, return_counts=True)[1]
    assert order.shape == (sum(-(-count // size) for count in per_class), size) and order.dtype == np.int32
    assert set(order.ravel().tolist()) == set(range(80))
    assert all(len(set(CLASSES[batch])) == 1 for batch in order)
    assert sum(group.steps for group in groups) == len(order)
    start = 0
    for group in groups:
        steps = order[start : start + group.steps]
        assert 0 < len(steps) <= 3 and set(CLASSES[steps.ravel()]) == {group.length}
        start += group.steps


def test_the_order_is_a_function_of_seed_and_epoch_and_the_turns_of_the_epoch():
    def visited(seed: int, epoch: int) -> np.ndarray:
        return order_in_classes(seed, epoch, CLASSES, 8, together=2)

    np.testing.assert_array_equal(visited(0, 0), visited(0, 0))
    assert not np.array_equal(visited(0, 0), visited(1, 0))
    assert not np.array_equal(visited(0, 0), visited(0, 1))
    turns = [CLASSES[visited(seed, 0)[:, 0]].tolist() for seed in (0, 1, 2)]
    assert turns[0] == turns[1] == turns[2]
    assert CLASSES[visited(0, 1)[:, 0]].tolist() != turns[0]


def test_one_class_visits_as_without():
    order = order_in_classes(5, 2, np.full(20, 16), 8, together=99)
    np.testing.assert_array_equal(order, epoch_order(5, 2, 20, 8))


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="between 1 row and all"):
        order_in_classes(0, 0, CLASSES, 81, together=1)
