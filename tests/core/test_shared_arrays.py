"""Arrays that all examples share are neither gathered, nor padded, nor cut."""

from __future__ import annotations

import numpy as np

from lamina.core.shared_arrays import COMMON, has_common, map_examples, of_examples

TREE = {
    "x": {"at": np.arange(4), COMMON: {"edges": np.zeros((1, 3, 2)), "deep": {"er": np.ones(2)}}},
    "y": None,
}


def test_examples_change_and_shared_arrays_stay():
    found = map_examples(lambda array: array[1:], TREE)
    assert found["x"]["at"].tolist() == [1, 2, 3] and found["y"] is None
    assert found["x"][COMMON]["edges"] is TREE["x"][COMMON]["edges"]


def test_shared_arrays_may_change_too():
    found = map_examples(lambda array: array, TREE, common=lambda array: array.shape)
    assert found["x"][COMMON] == {"edges": (1, 3, 2), "deep": {"er": (2,)}}


def test_what_is_shared_is_told_apart():
    assert has_common(TREE) and not has_common({"x": np.zeros(3), "y": {"z": 1}})
    assert [leaf.tolist() for leaf in of_examples(TREE)] == [[0, 1, 2, 3]]
    assert of_examples(np.float32(3)) == [np.float32(3)]
