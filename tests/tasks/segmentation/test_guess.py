"""Whether labels number instances or name classes."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.tasks.segmentation.guess import holds_instances


def spots(count: int, side: int = 24) -> np.ndarray:
    """A mask of some squares, numbered."""
    mask = np.zeros((side, side), np.uint8)
    for number in range(count):
        y, x = divmod(number, side // 4)
        mask[4 * y : 4 * y + 3, 4 * x : 4 * x + 3] = number + 1
    return mask


def test_numbered_pieces_are_instances():
    assert holds_instances([spots(3), spots(5), spots(1)])
    assert holds_instances([spots(2), np.zeros((4, 4), int), spots(9)]), "a mask may be empty"
    assert holds_instances([spots(3), spots(7, side=40)]), "masks need not be of one size"


@pytest.mark.parametrize(
    ("masks", "why"),
    [
        ([spots(4) > 0, spots(9) > 0], "one label in many pieces"),
        ([spots(4) % 3, spots(9) % 3], "two labels in many pieces"),
        ([spots(4), spots(4)], "the same labels in every mask"),
        ([spots(1), spots(2)], "too few of them to tell"),
        ([spots(4) * 50, spots(9) * 20], "labels with gaps name something"),
        ([np.zeros((4, 4), int)], "nothing"),
        ([], "no mask"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_others_are_classes(masks: list[np.ndarray], why: str):
    assert not holds_instances(masks), why


def test_an_instance_may_lie_in_two_pieces_now_and_then():
    broken = spots(9)
    broken[1, :3] = 0  # the first one is cut in two
    assert holds_instances([broken, spots(8)])
