"""The split by groups: frequent ones train, rare ones validate and test."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.core.errors import ConfigError, DataError
from lamina.data import Schema, Split, read
from lamina.data.split_by_size import split_by_size

NO_TARGET = Schema((), (), (), "none")


def split(sizes: list[int], *, valid: float = 0.2, test: float = 0.2) -> tuple[np.ndarray, Split]:
    """The groups of shuffled rows, and their split."""
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    table = read(np.random.default_rng(1).normal(size=(len(groups), 2)))
    return groups, split_by_size(table, NO_TARGET, groups, valid=valid, test=test)


def parts(sizes: list[int], **shares: float) -> tuple[set[int], ...]:
    """Which groups train, validate and test."""
    groups, found = split(sizes, **shares)
    return tuple(set(groups[rows].tolist()) for rows in (found.train, found.valid, found.test))


@pytest.mark.parametrize(
    ("sizes", "shares", "expected"),
    [
        ([5, 3, 1, 1], (0.2, 0.2), ([1, 5], [3], [1])),
        ([5, 2, 2, 1], (0.2, 0.2), ([1, 5], [2], [2])),
        ([9, 1], (0.2, 0.2), ([9], [], [1])),  # nothing is left to validate
        ([8, 1, 1], (0.1, 0.1), ([8], [1], [1])),
        ([8, 1, 1], (0.2, 0.0), ([8], [1, 1], [])),
        ([6, 4], (0.2, 0.0), ([6], [4], [])),  # however much that is
    ],
)
def test_which_sizes_train(sizes: list[int], shares: tuple[float, float], expected: tuple[list[int], ...]):
    found = parts(sizes, valid=shares[0], test=shares[1])
    assert tuple(sorted(sizes[group] for group in part) for part in found) == expected


def test_of_equal_groups_the_one_that_begins_later_comes_first():
    groups = np.array([0, 1, 0, 1, 2, 2])
    found = split_by_size(
        read(np.arange(12.0).reshape(6, 2) ** 1.5), NO_TARGET, groups, valid=1 / 3, test=1 / 3
    )
    assert [part.tolist() for part in (found.train, found.valid, found.test)] == [[4, 5], [1, 3], [0, 2]]


def test_every_row_stands_in_one_part_and_no_group_in_two():
    groups, found = split([*np.random.default_rng(2).integers(1, 9, 40).tolist(), 50, 30])
    rows = np.concatenate([found.train, found.valid, found.test])
    assert sorted(rows.tolist()) == list(range(len(groups)))
    assert all((np.diff(part) > 0).all() for part in (found.train, found.valid, found.test))
    assert len(found.train) <= 0.6 * len(groups) + 1 and len(found.train) > 0.5 * len(groups)
    assert groups[found.train].max() == 41, "the largest groups train"


def test_rows_without_a_group_are_alone_and_unlabeled_rows_in_no_part():
    groups = np.array([-1, 0, 0, 0, -1, 0, 0, -1, 0, 0])
    table = read({"a": np.arange(10.0), "y": ["u", "v", None, "v", "u", "u", "v", "v", "u", "v"]})
    found = split_by_size(table, Schema((), (), ("y",), "binary", "classes"), groups, valid=0.2)
    assert 2 not in np.concatenate([found.train, found.valid]) and {0, 4, 7} & set(found.valid.tolist())


def test_what_cannot_be_split_is_refused():
    table = read(np.arange(8.0).reshape(4, 2))
    with pytest.raises(DataError, match="all rows are of one group"):
        split_by_size(table, NO_TARGET, np.zeros(4, np.int64))
    with pytest.raises(ConfigError, match="the shares are out of range"):
        split_by_size(table, NO_TARGET, np.arange(4), valid=0.7, test=0.4)
    assert len(split_by_size(table, NO_TARGET, np.zeros(4, np.int64), valid=0.0).train) == 4
